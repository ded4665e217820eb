"""The local scan: files in, rows out, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tegaki.detector import Detector, default_workers
from tegaki.errors import PictureError
from tegaki.ordered import ordered_calls
from tegaki.row import Row, Verdict
from tegaki.scan.inside import Waiting, entered
from tegaki.scan.sources import Found


@dataclass(slots=True)
class Summary:
    """Counts of a scan so far: rows by verdict, errors by type."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.verdicts.total()

    def add(self, verdict: Verdict, error: str | None) -> None:
        """Count a row: its verdict, and its error's type."""
        self.verdicts[verdict] += 1
        if error:
            self.errors[error] += 1


def scan(
    detector: Detector, found: Iterable[Found], *, workers: int | None = None
) -> Generator[Row, None, None]:
    """Rows in the order of what was found, archives as their members; they do not depend on
    ``workers``."""
    max_bytes, waiting = detector.limits.max_bytes, Waiting()

    def one(item: Found) -> Row:
        with detector.files.of(item.size):
            try:
                data = item.read(max_bytes)
            except PictureError as problem:
                return detector.error_row(item.path, problem)
            finally:
                waiting.leave(item)
            return detector.inspect_bytes(data, item.path)

    def calls() -> Iterator[Callable[[], Row]]:
        for item in entered(found, max_bytes):
            waiting.enter(item)
            yield partial(one, item)

    return ordered_calls(calls(), workers or default_workers())
