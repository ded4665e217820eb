"""The local scan: files in, rows out, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from tegaki.detector import Detector, default_workers
from tegaki.ordered import ordered_map
from tegaki.row import Row, Verdict
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
    """Rows in the order of what was found; they do not depend on ``workers``."""

    def one(item: Found) -> Row:
        if item.problem:
            return detector.error_row(item.path, item.problem)
        return detector.inspect(item.path)

    return ordered_map(one, found, workers or default_workers())
