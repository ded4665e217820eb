"""Bars with count, rate and time, that let lines be printed above them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
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

from tegaki.sources import SourceFile, is_expandable
from tegaki.utils.text import printable

_REDRAWN = 0.1  # seconds between two moves of a bar


class RateColumn(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f} pictures/s")


class StatusProgress(Progress):
    """A bar, and below it a line that says more; none while ``said`` is empty."""

    status = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.status:
            yield Text(self.status)


def make_progress(console: Console, shown: bool = True) -> StatusProgress:
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
    return StatusProgress(*columns, console=console, disable=not shown, transient=True)


class ScanProgress:
    """Shows how far a scan is, on a terminal only; counts the files meanwhile.

    The bar is drawn on standard output where rows go to the same terminal, so that the two do not
    run into each other, else on standard error.
    """

    def __init__(self, list_files: Callable[[], Iterator[SourceFile]], shown: bool) -> None:
        self._rows_on_terminal = sys.stdout.isatty()
        self._console = Console(stderr=not self._rows_on_terminal)
        self._progress = make_progress(self._console, shown)
        self._task = self._progress.add_task("scan", total=None)
        self._steps, self._next = 0, 0.0
        self._list_files = list_files
        self._left = threading.Event()
        self._counter = threading.Thread(target=self._count, daemon=True)

    def _count(self) -> None:
        total = 0
        for found in self._list_files():
            total += 1
            if self._left.is_set() or is_expandable(found):
                return  # how much an archive holds is known once it has been read
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
        """One file more. The bar is moved a few times a second: files may pass by thousands."""
        self._steps += 1
        now = time.monotonic()
        if now >= self._next:
            self._progress.update(self._task, completed=self._steps)
            self._next = now + _REDRAWN

    def print(self, line: str) -> None:
        """A line on standard output, above the bar where they share a terminal."""
        if self._progress.disable or not self._rows_on_terminal:
            click.echo(line)
        else:
            self._console.print(Text.from_ansi(line), soft_wrap=True)


class LoggedProgress:
    """How far a long task is, as lines of a log: one soon, then one a minute.

    Args:
        say: gets each line.
        clock: seconds, as :func:`time.monotonic` counts them.
    """

    FIRST, EVERY = 10.0, 60.0
    """Seconds until the first line of a task, and between two."""

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._task, self._total = "", -1
        self._from, self._started, self._next = 0, 0.0, 0.0

    def move(self, task: str, done: int, total: int, status: str = "") -> None:
        """So many are done; another ``task`` or ``total`` begins another count."""
        now = self._clock()
        if (task, total) != (self._task, self._total):
            self._task, self._total = task, total
            self._from, self._started, self._next = done, now, now + self.FIRST
        if now < self._next or done <= self._from:
            return
        self._next = now + self.EVERY
        rate = (done - self._from) / (now - self._started)
        line = f"{task}: {done:,} of {total:,}, {rate:.1f} a second, about "
        line += f"{_duration((total - done) / rate)} left"
        self._say(f"{line}; {status}" if status else line)


def _duration(seconds: float) -> str:
    minutes = round(max(seconds, 0.0) / 60)
    if minutes < 2:
        return f"{max(seconds, 0.0):.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


class CellProgress:
    """Shows how many long tasks are done and what each one at work said last.

    A bar and a line for each task on a terminal; elsewhere a line when a task begins.
    """

    def __init__(self, console: Console) -> None:
        self._bar = Progress(
            BarColumn(), MofNCompleteColumn(), TextColumn("cells,"), TimeElapsedColumn(),
            TextColumn("passed"), console=console,
        )  # fmt: skip
        self._task = self._bar.add_task("cells", total=None)
        self._running: tuple[tuple[str, str], ...] = ()
        self._shown = console.file.isatty()
        self._live = Live(
            console=console, transient=True, refresh_per_second=1, get_renderable=self._drawn
        )

    def __enter__(self) -> CellProgress:
        if self._shown:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, done: int, total: int, running: tuple[tuple[str, str], ...]) -> None:
        """Bring it up to date; ``running``: names, and what each said last."""
        begun = {name for name, _ in running} - {name for name, _ in self._running}
        self._bar.update(self._task, completed=done, total=total)
        self._running = running
        if self._shown:
            self._live.refresh()
        else:
            for name in sorted(begun):
                click.echo(f"{name} begins")

    def print(self, line: str) -> None:
        """A line on standard output, above the bar where they share a terminal."""
        if self._shown and sys.stdout.isatty():
            self._live.console.print(Text(printable(line)), soft_wrap=True)
        else:
            click.echo(line)

    def _drawn(self) -> Group:
        lines = (
            Text(printable(f"  {name}  {said}"), no_wrap=True, overflow="ellipsis")
            for name, said in self._running
        )
        return Group(self._bar.get_renderable(), *lines)
