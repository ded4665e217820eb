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

from tegaki.concurrency.ordered_map import Ready, Timed, ordered_calls
from tegaki.errors import PermissionDenied, UnreadableFile
from tegaki.results.result import Facts
from tegaki.scan.scorer import ScoreBatch
from tegaki.scoring import Scorer
from tegaki.sources.archives import SEPARATOR
from tegaki.sources.expand import inside
from tegaki.sources.file_stat import NUL, Entry, Folders, entry_of, member_entry
from tegaki.sources.selection import Selector
from tegaki.sources.walk import Found, is_entered
from tegaki.store.records import Known, Record
from tegaki.store.store import Scan

How = Literal["unchanged", "hashed", "scored"]

_LISTED = 500  # files looked up at a time
_COMMIT = 2000  # files, or
_SECONDS = 2.0  # so long, until what is done is committed

_Call = Timed["_Step | _End"] | Ready["_Step | _End"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file of a scan into a store, or one member of an archive.

    ``how``: neither read nor hashed; read, and its content was known; or measured. ``facts`` are
    ``None`` for unchanged files unless they were asked for.
    """

    path: str
    how: How
    facts: Facts | None


def scan_into(
    scan: Scan,
    scorer: Scorer,
    found: Iterable[Found],
    *,
    workers: int,
    rehash: bool = False,
    all_facts: bool = False,
    select: Selector | None = None,
) -> Generator[Outcome, None, None]:
    """Outcomes in the order of what was found, archives as their members; what is done is committed
    as it goes on, and when the generator is closed.

    Members of an archive that has not changed are told by the store, in the order of their names;
    the archive is not opened.

    Args:
        rehash: read every file, whatever its size and time say.
        all_facts: outcomes of unchanged files have facts too.
        select: which members of archives are looked at; all of them by default.
    """
    run = _Run(scan, scorer, workers, rehash, all_facts, select or Selector())
    return run.outcomes(found)


@dataclass(frozen=True, slots=True)
class _Step:
    """An outcome, and what has to be kept of it."""

    outcome: Outcome
    entry: Entry
    new: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """Behind the last member of an archive. ``record``: of an archive that was read to its end."""

    entry: Entry
    record: Record | None = None


class _Run:
    def __init__(
        self,
        scan: Scan,
        scorer: Scorer,
        workers: int,
        rehash: bool,
        all_facts: bool,
        select: Selector,
    ) -> None:
        self.scan, self.scorer, self.workers = scan, scorer, workers
        self.rehash, self.all_facts = rehash, all_facts
        self.contents = _Contents(scan, scorer)
        self.score = ScoreBatch(scorer, workers)
        self.select = select
        self.waiting: list[_Step | _End] = []
        self.committed = time.monotonic()

    def outcomes(self, found: Iterable[Found]) -> Generator[Outcome, None, None]:
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

    def _calls(self, found: Iterable[Found]) -> Iterator[_Call]:
        folders = Folders()
        for are_archives, some in groupby(found, is_entered):
            if are_archives:
                for item in some:
                    yield from self._archive(item, entry_of(item, folders))
            else:
                yield from self._files((item, entry_of(item, folders)) for item in some)

    def _files(self, listed: Iterable[tuple[Found, Entry]]) -> Iterator[_Call]:
        for some in _batches(listed):
            entries = [entry for _, entry in some]
            known = {} if self.rehash else self.scan.known([entry.raw for entry in entries])
            same = {e.raw: k.sha256 for e in entries if (k := _same(e, known.get(e.raw)))}
            facts = self.scan.facts(set(same.values())) if self.all_facts else {}
            for item, entry in some:
                if entry.raw in same:
                    of = facts.get(same[entry.raw])
                    yield Ready(_Step(Outcome(item.path, "unchanged", of), entry))
                else:
                    self.score.waiting.enter(item)
                    yield Timed(
                        partial(self._look, item, entry),
                        self.scorer.limits.max_seconds,
                        partial(self._late, item.path, entry),
                    )

    def _archive(self, archive: Found, entry: Entry) -> Iterator[_Call]:
        all_files = self.select.selection.all_files
        if not self.rehash and self.scan.holds(entry, all_files=all_files):
            yield from self._unopened(archive, entry)
        else:
            yield from self._opened(archive, entry)

    def _opened(self, archive: Found, entry: Entry) -> Iterator[_Call]:
        itself: list[Found] = []

        def listed() -> Iterator[tuple[Found, Entry]]:
            for item in inside(archive, self.scorer.limits.max_bytes, self.select):
                if item.member is None:
                    itself.append(item)
                yield item, member_entry(item, entry)

        yield from self._files(listed())
        # What could not be read this time has its members still, and so has what was left out.
        unread = any(isinstance(i.problem, PermissionDenied | UnreadableFile) for i in itself)
        if not (unread or self.select.selection.narrows):
            yield Ready(_End(entry, None if itself else self._whole(entry)))

    def _unopened(self, archive: Found, entry: Entry) -> Iterator[_Call]:
        left_out = False
        for some in self.scan.members(entry.raw):
            facts = self.scan.facts({sha256 for _, sha256 in some}) if self.all_facts else {}
            for raw, sha256 in some:
                name = os.fsdecode(raw[len(entry.raw) + len(NUL) :])
                path = f"{archive.path}{SEPARATOR}{name}"
                if not self.select.takes(path):
                    left_out = True
                    continue
                outcome = Outcome(path, "unchanged", facts.get(sha256))
                yield Ready(_Step(outcome, Entry(raw, entry.size, entry.mtime_ns)))
        if not left_out:
            yield Ready(_End(entry))

    def _whole(self, archive: Entry) -> Record:
        return Record(archive, None, False, all_files=self.select.selection.all_files)

    def _look(self, item: Found, entry: Entry) -> _Step:
        how: How = "hashed"
        new = False

        def measure(data: bytes) -> Facts:
            nonlocal how, new
            facts, how, new = self.contents.facts(data)
            return facts

        facts = self.score.facts(item, measure)
        return _Step(Outcome(item.path, how, facts), entry, new)

    def _late(self, path: str, entry: Entry) -> _Step:
        return _Step(Outcome(path, "hashed", self.score.late()), entry)

    def _is_time(self) -> bool:
        return len(self.waiting) >= _COMMIT or time.monotonic() - self.committed > _SECONDS

    def _commit(self) -> None:
        records, seen, finished = [], [], []
        for step in self.waiting:
            if isinstance(step, _End):
                finished.append(step.entry.raw)
                if step.record:
                    records.append(step.record)
                else:
                    seen.append(step.entry.raw)
            elif step.outcome.how == "unchanged" or step.outcome.facts is None:
                seen.append(step.entry.raw)
            else:
                records.append(Record(step.entry, step.outcome.facts, step.new))
        if self.waiting:
            self.scan.put(records, seen, finished)
        self.contents.settle(r.facts for r in records if r.facts and r.new)
        self.waiting, self.committed = [], time.monotonic()


class _Contents:
    """Facts by content: each is measured once, however many files hold it."""

    def __init__(self, scan: Scan, scorer: Scorer) -> None:
        self._scan, self._scorer = scan, scorer
        self._lock = threading.Lock()
        # measured or at work, not committed yet
        self._pending: dict[bytes, Future[tuple[Facts, bool]]] = {}

    def facts(self, data: bytes) -> tuple[Facts, How, bool]:
        """The facts of a content, whether they were measured by this call, and whether they have
        yet to be committed: with every file that holds it, for any other may be given up."""
        digest = hashlib.sha256(data).digest()
        with self._lock:
            future = self._pending.get(digest)
            mine = future is None
            if future is None:
                future = self._pending[digest] = Future()
        if not mine:
            facts, new = future.result()
            return facts, "hashed", new
        try:
            stored = self._scan.facts([digest]).get(digest)
            facts = stored or self._scorer.measure(data, digest.hex())
        except BaseException as problem:
            self._forget(digest)
            future.set_exception(problem)
            raise
        new = stored is None
        future.set_result((facts, new))
        if not new or facts.sha256 is None:  # the latter may go well another time
            self._forget(digest)
        return facts, "scored" if new else "hashed", new

    def settle(self, committed: Iterable[Facts]) -> None:
        """These are in the store now."""
        for facts in committed:
            if facts.sha256 is not None:
                self._forget(bytes.fromhex(facts.sha256))

    def _forget(self, digest: bytes) -> None:
        with self._lock:
            self._pending.pop(digest, None)


def _batches(listed: Iterable[tuple[Found, Entry]]) -> Iterator[list[tuple[Found, Entry]]]:
    """What is looked up at a time: of what holds its content in memory, no more than one."""
    some = []
    for item, entry in listed:
        some.append((item, entry))
        if len(some) == _LISTED or (item.member and item.member.held):
            yield some
            some = []
    if some:
        yield some


def _same(entry: Entry, known: Known | None) -> Known | None:
    """What is known of a file, where its content is that and was scored."""
    if known is None or not known.scored or entry.mtime_ns is None:
        return None
    return known if (known.size, known.mtime_ns) == (entry.size, entry.mtime_ns) else None
