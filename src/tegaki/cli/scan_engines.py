"""The two ways of a scan: rows alone, or into a store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from tegaki.cli.options import open_store
from tegaki.metadata import MANIFEST_NOT_READ
from tegaki.results.result import Row
from tegaki.scan import Summary, scan
from tegaki.scoring import Scorer
from tegaki.sources import Found, Selector
from tegaki.verdict import row_of

if TYPE_CHECKING:
    from tegaki.scan.incremental import How
    from tegaki.store import Store


_DONE: dict[How, str] = {
    "unchanged": "unchanged and not read",
    "hashed": "read, their content known or not to be had",
    "scored": "measured",
}


class Engine(Protocol):
    """What ``tegaki scan`` drives."""

    def rows(self, found: Iterable[Found], workers: int) -> Generator[Row | None, None, None]:
        """For each file in turn its row, or ``None`` where it is only counted."""

    def ended(self, paths: Iterable[str]) -> None:
        """All files of the paths came up."""

    def summary(self) -> Summary:
        """What came up, once ``rows`` is exhausted or closed."""

    def notes(self) -> Iterator[str]:
        """What else to say at the end."""


@contextmanager
def open_engine(
    store: str | None, scorer: Scorer, select: Selector, *, rehash: bool, every_row: bool
) -> Iterator[Engine]:
    """An engine; with a store, rows are those that are new unless ``every_row``.

    Args:
        select: which members of archives are judged, and what was passed over anywhere.

    Raises:
        StoreError: the store cannot be opened.
        MissingExtra: there is nothing to open it with.
    """
    if store is None:
        yield _Plain(scorer, select)
        return
    with open_store(store) as opened:
        yield _Stored(opened, scorer, select, rehash, every_row)


class _Plain:
    def __init__(self, scorer: Scorer, select: Selector) -> None:
        self._scorer, self._select = scorer, select
        self._summary = Summary(passed_over=select.passed_over)

    def rows(self, found: Iterable[Found], workers: int) -> Generator[Row | None, None, None]:
        with closing(scan(self._scorer, found, workers=workers, select=self._select)) as rows:
            for row in rows:
                self._summary.add_row(row)
                yield row

    def ended(self, paths: Iterable[str]) -> None:
        pass

    def summary(self) -> Summary:
        return self._summary

    def notes(self) -> Iterator[str]:
        yield from ()


class _Stored:
    def __init__(
        self, store: Store, scorer: Scorer, select: Selector, rehash: bool, every_row: bool
    ) -> None:
        self._scorer, self._select = scorer, select
        self._rehash, self._every_row = rehash, every_row
        self._scan = store.begin(scorer.basis, scorer.reading)
        self._how: Counter[How] = Counter()
        self._gone = self._manifests = 0

    def rows(self, found: Iterable[Found], workers: int) -> Generator[Row | None, None, None]:
        from tegaki.scan.incremental import scan_into

        outcomes = scan_into(
            self._scan, self._scorer, found,
            workers=workers, rehash=self._rehash, all_facts=self._every_row,
            select=self._select,
        )  # fmt: skip
        with closing(outcomes):
            for outcome in outcomes:
                self._how[outcome.how] += 1
                facts, basis = outcome.facts, self._scorer.basis
                self._manifests += facts is not None and MANIFEST_NOT_READ in facts.remarks
                yield None if facts is None else row_of(outcome.path, facts, basis)

    def ended(self, paths: Iterable[str]) -> None:
        folders = (os.path.abspath(path) for path in paths if os.path.isdir(path))
        self._gone = self._scan.lost + sum(
            self._scan.mark_gone(os.fsencode(folder)) for folder in folders
        )

    def summary(self) -> Summary:
        from tegaki.store import count_seen

        summary = Summary(manifests=self._manifests, passed_over=self._select.passed_over)
        for verdict, error in count_seen(self._scan, self._scorer.basis):
            summary.add(verdict, error)
        return summary

    def notes(self) -> Iterator[str]:
        counted = (f"{self._how[how]:,} {said}" for how, said in _DONE.items() if self._how[how])
        yield f"  {', '.join(counted)}"
        if self._gone:
            yield f"  {self._gone} are no longer there; tegaki results --gone lists them"
