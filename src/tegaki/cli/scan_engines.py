"""The two ways of a scan: rows alone, or into a store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Protocol

from tegaki.cli.options import open_store
from tegaki.metadata import MANIFEST_NOT_READ
from tegaki.results.result import Result
from tegaki.scan import Summary, scan
from tegaki.scoring import Scorer
from tegaki.sources import Selector, SourceFile
from tegaki.verdict import result_of

if TYPE_CHECKING:
    from tegaki.scan.incremental import Action
    from tegaki.store import Store


_ACTION_TEXTS: dict[Action, str] = {
    "unchanged": "unchanged and not read",
    "hashed": "read, their content known or not to be had",
    "scored": "measured",
}


class Engine(Protocol):
    """What ``tegaki scan`` drives."""

    def rows(
        self, found: Iterable[SourceFile], workers: int
    ) -> Generator[Result | None, None, None]:
        """For each file in turn its row, or ``None`` where it is only counted."""

    def mark_missing(self, paths: Iterable[str]) -> None:
        """All files of the paths came up."""

    def summary(self) -> Summary:
        """What came up, once ``rows`` is exhausted or closed."""

    def notes(self) -> Iterator[str]:
        """What else to say at the end."""


@contextmanager
def open_engine(
    store: str | None, scorer: Scorer, select: Selector, *, rehash: bool, every_result: bool
) -> Iterator[Engine]:
    """An engine; with a store, rows are those that are new unless ``every_result``.

    Args:
        select: which members of archives are judged, and what was passed over anywhere.

    Raises:
        StoreError: the store cannot be opened.
        MissingExtra: it is in PostgreSQL, and the driver is not installed.
    """
    if store is None:
        yield _Plain(scorer, select)
        return
    with open_store(store) as opened:
        yield _Stored(opened, scorer, select, rehash, every_result)


class _Plain:
    def __init__(self, scorer: Scorer, select: Selector) -> None:
        self._scorer, self._select = scorer, select
        self._summary = Summary(skipped=select.skipped)

    def rows(
        self, found: Iterable[SourceFile], workers: int
    ) -> Generator[Result | None, None, None]:
        with closing(scan(self._scorer, found, workers=workers, select=self._select)) as rows:
            for result in rows:
                self._summary.add_result(result)
                yield result

    def mark_missing(self, paths: Iterable[str]) -> None:
        pass

    def summary(self) -> Summary:
        return self._summary

    def notes(self) -> Iterator[str]:
        yield from ()


class _Stored:
    def __init__(
        self, store: Store, scorer: Scorer, select: Selector, rehash: bool, every_result: bool
    ) -> None:
        self._scorer, self._select = scorer, select
        self._rehash, self._every_row = rehash, every_result
        self._scan = store.begin_scan(scorer.context, scorer.reader_version)
        self._actions: Counter[Action] = Counter()
        self._gone = self._manifests = 0

    def rows(
        self, found: Iterable[SourceFile], workers: int
    ) -> Generator[Result | None, None, None]:
        from tegaki.scan.incremental import scan_into

        outcomes = scan_into(
            self._scan, self._scorer, found,
            workers=workers, rehash=self._rehash, with_measurements=self._every_row,
            select=self._select,
        )  # fmt: skip
        with closing(outcomes):
            for outcome in outcomes:
                self._actions[outcome.action] += 1
                measurement, context = outcome.measurement, self._scorer.context
                self._manifests += (
                    measurement is not None and MANIFEST_NOT_READ in measurement.remarks
                )
                yield None if measurement is None else result_of(outcome.path, measurement, context)

    def mark_missing(self, paths: Iterable[str]) -> None:
        folders = (os.path.abspath(path) for path in paths if os.path.isdir(path))
        self._gone = self._scan.lost + sum(
            self._scan.mark_gone(os.fsencode(folder)) for folder in folders
        )

    def summary(self) -> Summary:
        from tegaki.store import count_seen

        summary = Summary(manifests=self._manifests, skipped=self._select.skipped)
        for verdict, error in count_seen(self._scan, self._scorer.context):
            summary.add(verdict, error)
        return summary

    def notes(self) -> Iterator[str]:
        counted = (
            f"{self._actions[action]:,} {said}"
            for action, said in _ACTION_TEXTS.items()
            if self._actions[action]
        )
        yield f"  {', '.join(counted)}"
        if self._gone:
            yield f"  {self._gone} are no longer there; tegaki results --gone lists them"
