"""The local scan: files in, rows out, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, field

from tegaki.detector import default_workers
from tegaki.metadata import MANIFEST_NOT_READ
from tegaki.results.result import Result, Verdict
from tegaki.scan.scorer import BatchScorer
from tegaki.scoring import Scorer
from tegaki.sources.selection import Selector
from tegaki.sources.walk import SourceFile
from tegaki.verdict import result_of


@dataclass(slots=True)
class Summary:
    """Counts of a scan so far: rows by verdict, errors by type, files whose C2PA manifest there
    was nothing to read with, and side-cars that were passed over, by the endings of their names."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    manifests: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.verdicts.total()

    def add(self, verdict: Verdict, error: str | None) -> None:
        """Count a row: its verdict, and its error's type."""
        self.verdicts[verdict] += 1
        if error:
            self.errors[error] += 1

    def add_result(self, result: Result) -> None:
        """Count a row."""
        self.add(result.verdict, result.error.type if result.error else None)
        self.manifests += MANIFEST_NOT_READ in result.reasons

    def include(self, other: Summary) -> None:
        """Count the rows of another one too."""
        self.verdicts.update(other.verdicts)
        self.errors.update(other.errors)
        self.manifests += other.manifests
        self.skipped.update(other.skipped)


def scan(
    scorer: Scorer,
    found: Iterable[SourceFile],
    *,
    workers: int | None = None,
    select: Selector | None = None,
) -> Generator[Result, None, None]:
    """Rows in the order of what was found, archives as their members; they do not depend on
    ``workers``.

    Args:
        select: which members of archives are judged; all of them by default.
    """
    score = BatchScorer(scorer, workers or default_workers(), select=select)
    with closing(score(found)) as scored:
        for one in scored:
            yield result_of(one.path, one.measurement, scorer.context)
