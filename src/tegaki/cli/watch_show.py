"""What ``tegaki watch`` prints: rows, sentences, and on a terminal a line on how it stands."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tegaki.cli.scan_summary import cost
from tegaki.cli.show import Table, print_error, terminal_width
from tegaki.errors import StoreError
from tegaki.results.result import Result
from tegaki.utils.text import printable, readable, safe_json

if TYPE_CHECKING:
    from tegaki.detector import Detector
    from tegaki.store import DeadLetter, Outbox
    from tegaki.watch import Watcher

_COUNTED = 2.0  # seconds between two looks at what is owed


class WatchOutput:
    """Rows on standard output, sentences on standard error; on a terminal the status below.

    Sentences may come from any thread.
    """

    def __init__(self, outbox: Outbox, *, as_json: bool, quiet: bool) -> None:
        self._outbox, self._as_json, self._quiet = outbox, as_json, quiet
        rows_on_terminal = sys.stdout.isatty()
        self._console = Console(stderr=not rows_on_terminal)
        self._shown = not quiet and self._console.file.isatty()
        self._table = Table(terminal_width())
        self._rows_on_terminal = rows_on_terminal
        self._watcher: Watcher | None = None
        self._counts, self._counted = {"owed": 0, "dead": 0}, 0.0
        self._guard = threading.Lock()
        self._live = Live(
            console=self._console, transient=True, refresh_per_second=2,
            redirect_stdout=False, redirect_stderr=False, get_renderable=self._status,
        )  # fmt: skip

    def __enter__(self) -> WatchOutput:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, watcher: Watcher) -> None:
        """Begin: the table's head, and the status of this watcher."""
        if not self._as_json:
            click.echo(self._table.header())
        self._watcher = watcher
        if self._shown:
            self._live.start()

    def on_result(self, result: Result) -> None:
        line = result.to_json() if self._as_json else self._table.line(result)
        if self._shown and self._rows_on_terminal:
            self._console.print(Text.from_ansi(line), soft_wrap=True)
        else:
            click.echo(line)

    def notify(self, sentence: str) -> None:
        line = f"tegaki: {printable(sentence)}"
        with self._guard:
            if self._shown:
                self._console.print(Text(line), soft_wrap=True)
            else:
                click.echo(line, err=True)

    def summary(self, watcher: Watcher, detector: Detector, stopped: bool) -> None:
        """The last lines: what was done, what is left, and what the careful model cost."""
        if self._quiet:
            return
        self._live.stop()
        counts = self._count()
        files = f"{watcher.scored:,} file{'' if watcher.scored == 1 else 's'} new or changed"
        line = f"{'Stopped; ' if stopped else ''}{files}"
        for number, words in (
            (watcher.unstable, "still changing, left for the next time"),
            (counts["owed"], "still to be delivered"),
            (counts["dead"], "given up: tegaki deliveries list shows them"),
        ):
            line += f", {number:,} {words}" if number else ""
        for said in (line, *cost(detector)):
            print_error(said)

    def _status(self) -> Text:
        watcher = self._watcher
        if watcher is None:
            return Text("")
        if time.monotonic() - self._counted > _COUNTED:
            self._counts, self._counted = self._count(), time.monotonic()
        said = [
            f"{watcher.scored:,} new or changed", f"{watcher.waiting:,} not yet at rest",
            f"{self._counts['owed']:,} to deliver", f"{self._counts['dead']:,} given up",
        ]  # fmt: skip
        return Text(f"watching: {', '.join(said)}", no_wrap=True, overflow="ellipsis")

    def _count(self) -> dict[str, int]:
        try:
            return self._outbox.count()
        except StoreError:  # it is said elsewhere
            return self._counts


def dead_line(delivery: DeadLetter, as_json: bool) -> str:
    """A dead letter as one line."""
    from tegaki.store import display_path  # loads SQLAlchemy

    path, raw = readable(display_path(delivery.raw))
    died = datetime.fromtimestamp(delivery.died, UTC).isoformat(timespec="seconds")
    if as_json:
        plain = {
            "id": delivery.id, "channel": delivery.channel, "path": path, "path_bytes": raw,
            "verdict": delivery.verdict, "attempts": delivery.attempts, "died": died,
            "said": delivery.said,
        }  # fmt: skip
        return safe_json(plain)
    said = printable(delivery.said)
    return f"{died}  {delivery.channel:7}  {delivery.verdict:9}  {printable(path)}  {said}"
