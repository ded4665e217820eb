"""The scan into a store: what has not changed is not read, what was measured is not measured."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Literal

from tegaki.concurrency.ordered_map import Completed, WithTimeout, ordered_calls
from tegaki.errors import PermissionDenied, UnreadableFile
from tegaki.results.result import Measurement
from tegaki.scan.scorer import BatchScorer
from tegaki.scoring import Scorer
from tegaki.sources.archives import SEPARATOR
from tegaki.sources.expand import expand
from tegaki.sources.file_stat import NUL, FileStat, PathResolver, member_stat, stat_of
from tegaki.sources.selection import Selector
from tegaki.sources.walk import SourceFile, is_expandable
from tegaki.store.records import FileRecord, StoredFile
from tegaki.store.store import Scan

Action = Literal["unchanged", "hashed", "scored"]

_LOOKUP_BATCH = 500  # files looked up at a time
_COMMIT_FILES = 2000  # files, or
_COMMIT_SECONDS = 2.0  # so long, until what is done is committed

_Call = WithTimeout["_Step | _End"] | Completed["_Step | _End"]


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """One file of a scan into a store, or one member of an archive.

    ``action``: neither read nor hashed; read, and its content was known; or measured.
    ``measurement`` is
    ``None`` for unchanged files unless they were asked for.
    """

    path: str
    action: Action
    measurement: Measurement | None


def scan_into(
    scan: Scan,
    scorer: Scorer,
    found: Iterable[SourceFile],
    *,
    workers: int,
    rehash: bool = False,
    with_measurements: bool = False,
    select: Selector | None = None,
) -> Generator[ScanOutcome, None, None]:
    """Outcomes in the order of what was found, archives as their members; what is done is committed
    as it goes on, and when the generator is closed.

    Members of an archive that has not changed are told by the store, in the order of their names;
    the archive is not opened.

    Args:
        rehash: read every file, whatever its size and time say.
        with_measurements: outcomes of unchanged files have facts too.
        select: which members of archives are looked at; all of them by default.
    """
    run = _Run(scan, scorer, workers, rehash, with_measurements, select or Selector())
    return run.outcomes(found)


@dataclass(frozen=True, slots=True)
class _Step:
    """An outcome, and what has to be kept of it."""

    outcome: ScanOutcome
    file_stat: FileStat
    new: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """Behind the last member of an archive. ``record``: of an archive that was read to its end."""

    file_stat: FileStat
    record: FileRecord | None = None


class _Run:
    def __init__(
        self,
        scan: Scan,
        scorer: Scorer,
        workers: int,
        rehash: bool,
        with_measurements: bool,
        select: Selector,
    ) -> None:
        self.scan, self.scorer, self.workers = scan, scorer, workers
        self.rehash, self.with_measurements = rehash, with_measurements
        self.contents = _Contents(scan, scorer)
        self.score = BatchScorer(scorer, workers)
        self.select = select
        self.waiting: list[_Step | _End] = []
        self.committed = time.monotonic()

    def outcomes(self, found: Iterable[SourceFile]) -> Generator[ScanOutcome, None, None]:
        steps = ordered_calls(self._calls(found), self.workers)
        try:
            for step in steps:
                self.waiting.append(step)
                if self._is_time():
                    self._commit()
                if isinstance(step, _Step):
                    yield step.outcome
        finally:
            steps.close()
            self._commit()

    def _calls(self, found: Iterable[SourceFile]) -> Iterator[_Call]:
        folders = PathResolver()
        for are_archives, some in groupby(found, is_expandable):
            if are_archives:
                for item in some:
                    yield from self._archive(item, stat_of(item, folders))
            else:
                yield from self._files((item, stat_of(item, folders)) for item in some)

    def _files(self, listed: Iterable[tuple[SourceFile, FileStat]]) -> Iterator[_Call]:
        for some in _batches(listed):
            entries = [file_stat for _, file_stat in some]
            stored = (
                {} if self.rehash else self.scan.stored([file_stat.raw for file_stat in entries])
            )
            same = {e.raw: k.sha256 for e in entries if (k := _same(e, stored.get(e.raw)))}
            measurements = (
                self.scan.measurements(set(same.values())) if self.with_measurements else {}
            )
            for item, file_stat in some:
                if file_stat.raw in same:
                    measured = measurements.get(same[file_stat.raw])
                    yield Completed(_Step(ScanOutcome(item.path, "unchanged", measured), file_stat))
                else:
                    self.score.read_ahead.acquire(item)
                    yield WithTimeout(
                        partial(self._process, item, file_stat),
                        self.scorer.limits.max_seconds,
                        partial(self._timed_out, item.path, file_stat),
                    )

    def _archive(self, archive: SourceFile, file_stat: FileStat) -> Iterator[_Call]:
        all_files = self.select.selection.all_files
        if not self.rehash and self.scan.holds(file_stat, all_files=all_files):
            yield from self._unopened(archive, file_stat)
        else:
            yield from self._opened(archive, file_stat)

    def _opened(self, archive: SourceFile, file_stat: FileStat) -> Iterator[_Call]:
        itself: list[SourceFile] = []

        def listed() -> Iterator[tuple[SourceFile, FileStat]]:
            for item in expand(archive, self.scorer.limits.max_bytes, self.select):
                if item.member is None:
                    itself.append(item)
                yield item, member_stat(item, file_stat)

        yield from self._files(listed())
        # What could not be read this time has its members still, and so has what was left out.
        unread = any(isinstance(i.problem, PermissionDenied | UnreadableFile) for i in itself)
        if not (unread or self.select.selection.narrows):
            yield Completed(_End(file_stat, None if itself else self._archive_record(file_stat)))

    def _unopened(self, archive: SourceFile, file_stat: FileStat) -> Iterator[_Call]:
        left_out = False
        for some in self.scan.members(file_stat.raw):
            measurements = (
                self.scan.measurements({sha256 for _, sha256 in some})
                if self.with_measurements
                else {}
            )
            for raw, sha256 in some:
                name = os.fsdecode(raw[len(file_stat.raw) + len(NUL) :])
                path = f"{archive.path}{SEPARATOR}{name}"
                if not self.select.accepts(path):
                    left_out = True
                    continue
                outcome = ScanOutcome(path, "unchanged", measurements.get(sha256))
                yield Completed(_Step(outcome, FileStat(raw, file_stat.size, file_stat.mtime_ns)))
        if not left_out:
            yield Completed(_End(file_stat))

    def _archive_record(self, archive: FileStat) -> FileRecord:
        return FileRecord(archive, None, False, all_files=self.select.selection.all_files)

    def _process(self, item: SourceFile, file_stat: FileStat) -> _Step:
        action: Action = "hashed"
        new = False

        def measure(data: bytes) -> Measurement:
            nonlocal action, new
            measurement, action, new = self.contents.measurement(data)
            return measurement

        measurement = self.score.measurement(item, measure)
        return _Step(ScanOutcome(item.path, action, measurement), file_stat, new)

    def _timed_out(self, path: str, file_stat: FileStat) -> _Step:
        return _Step(ScanOutcome(path, "hashed", self.score.timed_out()), file_stat)

    def _is_time(self) -> bool:
        return (
            len(self.waiting) >= _COMMIT_FILES
            or time.monotonic() - self.committed > _COMMIT_SECONDS
        )

    def _commit(self) -> None:
        records, seen, finished = [], [], []
        for step in self.waiting:
            if isinstance(step, _End):
                finished.append(step.file_stat.raw)
                if step.record:
                    records.append(step.record)
                else:
                    seen.append(step.file_stat.raw)
            elif step.outcome.action == "unchanged" or step.outcome.measurement is None:
                seen.append(step.file_stat.raw)
            else:
                records.append(FileRecord(step.file_stat, step.outcome.measurement, step.new))
        if self.waiting:
            self.scan.put(records, seen, finished)
        self.contents.mark_committed(r.measurement for r in records if r.measurement and r.new)
        self.waiting, self.committed = [], time.monotonic()


class _Contents:
    """Facts by content: each is measured once, however many files hold it."""

    def __init__(self, scan: Scan, scorer: Scorer) -> None:
        self._scan, self._scorer = scan, scorer
        self._lock = threading.Lock()
        # measured or at work, not committed yet
        self._pending: dict[bytes, Future[tuple[Measurement, bool]]] = {}

    def measurement(self, data: bytes) -> tuple[Measurement, Action, bool]:
        """The facts of a content, whether they were measured by this call, and whether they have
        yet to be committed: with every file that holds it, for any other may be given up."""
        digest = hashlib.sha256(data).digest()
        with self._lock:
            future = self._pending.get(digest)
            mine = future is None
            if future is None:
                future = self._pending[digest] = Future()
        if not mine:
            measurement, new = future.result()
            return measurement, "hashed", new
        try:
            stored = self._scan.measurements([digest]).get(digest)
            measurement = stored or self._scorer.measure(data, digest.hex())
        except BaseException as problem:
            self._forget(digest)
            future.set_exception(problem)
            raise
        new = stored is None
        future.set_result((measurement, new))
        if not new or measurement.sha256 is None:  # the latter may go well another time
            self._forget(digest)
        return measurement, "scored" if new else "hashed", new

    def mark_committed(self, committed: Iterable[Measurement]) -> None:
        """These are in the store now."""
        for measurement in committed:
            if measurement.sha256 is not None:
                self._forget(bytes.fromhex(measurement.sha256))

    def _forget(self, digest: bytes) -> None:
        with self._lock:
            self._pending.pop(digest, None)


def _batches(
    listed: Iterable[tuple[SourceFile, FileStat]],
) -> Iterator[list[tuple[SourceFile, FileStat]]]:
    """What is looked up at a time: of what holds its content in memory, no more than one."""
    some = []
    for item, file_stat in listed:
        some.append((item, file_stat))
        if len(some) == _LOOKUP_BATCH or (item.member and item.member.buffered):
            yield some
            some = []
    if some:
        yield some


def _same(file_stat: FileStat, stored: StoredFile | None) -> StoredFile | None:
    """What is known of a file, where its content is that and was scored."""
    if stored is None or not stored.scored or file_stat.mtime_ns is None:
        return None
    return (
        stored if (stored.size, stored.mtime_ns) == (file_stat.size, file_stat.mtime_ns) else None
    )
