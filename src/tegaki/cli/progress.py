"""A bar with count, rate and time left, that lets rows be printed above it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tegaki.scan import Found


class RateColumn(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f} pictures/s")


def make_progress(console: Console, shown: bool = True) -> Progress:
    """A bar for pictures: count, rate, time passed and left; on a terminal only."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TextColumn("passed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    # Not rich's word for what a terminal is: FORCE_COLOR would draw bars into files.
    shown = shown and console.file.isatty()
    return Progress(*columns, console=console, disable=not shown, transient=True)


class ScanProgress:
    """Shows how far a scan is, on a terminal only; counts the files meanwhile.

    The bar is drawn on standard output where rows go to the same terminal, so that the two do not
    run into each other, else on standard error.
    """

    def __init__(self, look: Callable[[], Iterator[Found]], shown: bool) -> None:
        self._rows_on_terminal = sys.stdout.isatty()
        self._console = Console(stderr=not self._rows_on_terminal)
        self._progress = make_progress(self._console, shown)
        self._task = self._progress.add_task("scan", total=None)
        self._look = look
        self._left = threading.Event()
        self._counter = threading.Thread(target=self._count, daemon=True)

    def _count(self) -> None:
        total = 0
        for _ in self._look():
            total += 1
            if self._left.is_set():
                return
        self._progress.update(self._task, total=total)

    def __enter__(self) -> ScanProgress:
        self._progress.start()
        if not self._progress.disable:
            self._counter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        self._progress.stop()

    def step(self) -> None:
        self._progress.advance(self._task)

    def print(self, line: str) -> None:
        """A line on standard output, above the bar where they share a terminal."""
        if self._progress.disable or not self._rows_on_terminal:
            click.echo(line)
        else:
            self._console.print(Text.from_ansi(line), soft_wrap=True)
