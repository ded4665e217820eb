"""The watch: what changed is waited for, scored, kept, and told."""

from __future__ import annotations

import math
import os
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from tegaki.errors import StoreError
from tegaki.results.result import Result
from tegaki.scan.incremental import ScanOutcome, scan_into
from tegaki.scoring import Scorer
from tegaki.sources.file_stat import FileStat
from tegaki.sources.selection import Selection, Selector
from tegaki.sources.walk import SourceFile, find, is_expandable
from tegaki.store import DeliveryPolicy, OutboxScan, Store, StoredFile
from tegaki.watch.debouncer import Candidate, Debouncer, candidate
from tegaki.watch.delivery_worker import DeliveryWorker
from tegaki.watch.events import Events, NoEvents, SystemEvents
from tegaki.watch.folders import WatchedFolders

_BATCH_SIZE = 250  # files scored before new arrivals are looked for again
_LOOKUP_BATCH = 500  # files looked up in the store at a time
_FOLDER_INTERVAL = 1.0  # seconds between two looks at whether the folders are there
_STORE_RETRY = (
    1.0,
    60.0,
)  # seconds of rest when the store fails: the first, doubled up to the last
GRACE = 5.0
"""Seconds that deliveries under way get when it ends."""
_GATHERED = 0.05  # seconds: events come in crowds
_NEVER = math.inf
_UNSTABLE = 10  # with once: a file that changes for so many times ``settle`` is left

_LASTING = frozenset(
    ("EmptyFile", "FileTooLarge", "NotARegularFile", "IsAFolder", "PermissionDenied", "SymlinkLoop")
)
"""Reasons not to be read that last until the file changes."""


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What to watch, and how.

    Attributes:
        folders: absolute paths.
        skip: paths that are never looked at.
        settle: seconds that a file has to stand still.
        rescan: seconds between two looks at everything.
        poll: without events of the system.
        once: one look at everything, and to its end what follows from it.
        selection: which files are judged.
    """

    folders: tuple[str, ...]
    recursive: bool = False
    skip: tuple[str, ...] = ()
    settle: float = 2.0
    rescan: float = 300.0
    poll: bool = False
    once: bool = False
    workers: int = 1
    delivery_policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)
    selection: Selection = field(default_factory=Selection)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told: of rows that are kept now, and in sentences of what else happens."""

    on_result: Callable[[Result], None]
    notify: Callable[[str], None]


class Watcher:
    """Watches until it is told to stop, or with ``once`` until nothing is left to do."""

    def __init__(
        self,
        store: Store,
        scorer: Scorer,
        plan: WatchPlan,
        delivery_worker: DeliveryWorker,
        listeners: Listeners,
    ) -> None:
        self._store, self._scorer, self._plan = store, scorer, plan
        self._delivery_worker, self._listeners = delivery_worker, listeners
        self._asked = False
        # Not an event: its lock is no place to be interrupted by a signal that sets it.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._events: Events = NoEvents()
        if not plan.poll and not plan.once:
            self._events = SystemEvents(plan.recursive, lambda: self._wake.put(None))
        self._select = Selector(plan.selection)
        self._folders = WatchedFolders(plan.folders, self._events, listeners.notify)
        self._debouncer = Debouncer(plan.settle)
        self._scan: OutboxScan | None = None
        self._walk: Iterator[list[Candidate]] | None = None
        self._walk_due = self._folders_due = 0.0
        self._tried: dict[str, Candidate] = {}  # cannot be read, and will not while it is so
        self._rest = _STORE_RETRY[0]
        self.scored = self.unstable = 0

    def stop(self) -> None:
        """End soon. May be called by a signal handler."""
        self._asked = True
        self._wake.put(None)

    @property
    def waiting(self) -> int:
        """Files that are waited for to stand still."""
        return len(self._debouncer)

    def run(self) -> None:
        """Watch; every row is kept and what is owed for it, whatever ends this."""
        try:
            while not self._asked:
                try:
                    if self._plan.once and self._is_over():
                        return
                    self._round()
                except StoreError as problem:
                    self._rest_after(problem)
        finally:
            self._events.close()

    def missing(self) -> list[str]:
        """Folders that are not there."""
        return self._folders.missing()

    def _round(self) -> None:
        self._look_at_folders()
        self._take_events()
        batch = list(self._debouncer.ready(_BATCH_SIZE))
        if len(batch) < _BATCH_SIZE:
            batch += self._listed()
        if batch:
            self._score(batch)
        elif self._walk is None:
            self._pause()

    def _is_over(self) -> bool:
        unstable = self._debouncer.drop_unstable(max(_UNSTABLE * self._plan.settle, 1.0))
        self.unstable += len(unstable)
        begun = self._walk_due == _NEVER or not self._folders.present()
        looked = self._folders_due > 0 and begun and self._walk is None
        return looked and not self._debouncer and self._delivery_worker.is_idle()

    def _look_at_folders(self) -> None:
        now = time.monotonic()
        if now >= self._folders_due:
            self._folders_due = now + _FOLDER_INTERVAL
            if self._folders.check():
                self._walk_due = 0.0
        if self._walk is None and now >= self._walk_due and self._folders.present():
            scan = self._store.begin_scan(self._scorer.context, self._scorer.reader_version)
            self._scan = OutboxScan(scan, self._scorer.context, self._plan.delivery_policy)
            self._walk = self._changed(self._scan, self._folders.present())
            self._walk_due = _NEVER

    def _take_events(self) -> None:
        paths, missing = self._events.take()
        if missing:
            self._walk_due = 0.0
        for path in filter(self._is_watched, paths):
            if os.path.isdir(path):
                # What is in a new folder is told of by itself; what a link leads to is not.
                if os.path.islink(path) and self._plan.recursive:
                    self._walk_due = 0.0
            elif os.path.lexists(path):
                if self._select.accepts(path):
                    for item in find([path], recursive=False, skip=self._plan.skip):
                        self._debouncer.note(candidate(item))
            elif self._scan:
                self._scan.mark_path_gone(os.fsencode(path))

    def _is_watched(self, path: str) -> bool:
        """Whether a walk of the folders would come to it."""
        for folder in self._plan.folders:
            inside = os.path.join(folder, "")
            if path.startswith(inside):
                parts = path[len(inside) :].split(os.sep)
                if not any(part.startswith(".") for part in parts):
                    return self._plan.recursive or len(parts) == 1
        return False

    def _changed(self, scan: OutboxScan, folders: Sequence[str]) -> Iterator[list[Candidate]]:
        """What the store does not know as it is now, some of the files at a time; at the end,
        what is no longer there is marked."""
        found = self._select(find(folders, recursive=self._plan.recursive, skip=self._plan.skip))
        while some := list(islice(found, _LOOKUP_BATCH)):
            stored = scan.stored([os.fsencode(item.path) for item in some])
            changed = []
            for item in some:
                seen, of = candidate(item), stored.get(os.fsencode(item.path))
                if is_expandable(item):
                    all_files = self._plan.selection.all_files
                    same = seen.stamp is not None and scan.holds(
                        _file_stat(seen), all_files=all_files
                    )
                else:
                    same = self._tried.get(item.path) == seen if of is None else _is_same(seen, of)
                if not same:
                    changed.append(seen)
            yield changed
        for folder in folders:
            if folder in self._folders.present():
                scan.mark_gone(os.fsencode(folder))

    def _listed(self) -> list[Candidate]:
        """Of the next listed files those that have stood still; the others are waited for."""
        if self._walk is None:
            return []
        some = next(self._walk, None)
        if some is None:
            self._walk = None
            if self._walk_due == _NEVER and not self._plan.once:
                # From the end: a walk that takes longer than that leaves rest between two.
                self._walk_due = time.monotonic() + self._plan.rescan
            return []
        still = [found for found in some if self._debouncer.is_stable(found.stamp)]
        for found in some:
            if not self._debouncer.is_stable(found.stamp):
                self._debouncer.note(found)
        return still

    def _score(self, batch: Sequence[Candidate]) -> None:
        assert self._scan is not None
        stamps = {found.item.path: found for found in batch}
        items: list[SourceFile] = [found.item for found in batch]
        outcomes = scan_into(
            self._scan, self._scorer, items, workers=self._plan.workers, select=self._select
        )
        try:
            with closing(outcomes):
                for outcome in outcomes:
                    self._note_unread(outcome, stamps)
                    self._publish()
                    if self._asked:
                        break
        finally:
            self._publish()
        self._rest = _STORE_RETRY[0]

    def _note_unread(self, outcome: ScanOutcome, stamps: dict[str, Candidate]) -> None:
        measurement = outcome.measurement
        self._tried.pop(outcome.path, None)
        before = stamps.get(outcome.path)  # how it stood before it was tried
        unread = measurement and measurement.sha256 is None and measurement.error
        if before and unread and unread.type in _LASTING:
            self._tried[outcome.path] = before

    def _publish(self) -> None:
        """Tell of what is in the store now."""
        assert self._scan is not None
        rows, self._scan.new_results = self._scan.new_results, []
        if rows:
            self._delivery_worker.wake()
        for result in rows:
            self.scored += 1
            self._listeners.on_result(result)

    def _pause(self) -> None:
        now = time.monotonic()
        waits = [self._folders_due - now]
        if self._folders.present():
            waits.append(self._walk_due - now)
        if (settled := self._debouncer.wait()) is not None:
            waits.append(settled)
        if self._plan.once:
            waits.append(0.05)  # for deliveries to be made
        self._sleep(max(min(waits), 0.01))

    def _rest_after(self, problem: StoreError) -> None:
        """The store fails: say so, and rest."""
        self._listeners.notify(f"{problem}; trying again in {self._rest:g} s")
        self._walk = None
        self._walk_due = 0.0
        end = time.monotonic() + self._rest
        while not self._asked and time.monotonic() < end:
            self._sleep(end - time.monotonic())
        self._rest = min(2 * self._rest, _STORE_RETRY[1])

    def _sleep(self, seconds: float) -> None:
        """Until something happens, or it is time."""
        try:
            self._wake.get(timeout=max(seconds, 0.0))
            time.sleep(_GATHERED)
            while True:
                self._wake.get_nowait()
        except queue.Empty:
            return


def _file_stat(seen: Candidate) -> FileStat:
    size, mtime_ns, _ = seen.stamp or (None, None, 0)
    return FileStat(os.fsencode(seen.item.path), size, mtime_ns)


def _is_same(seen: Candidate, stored: StoredFile) -> bool:
    """Whether the store knows the file as it is now."""
    if seen.stamp is None or stored.gone or not stored.scored:
        return False
    return (stored.size, stored.mtime_ns) == seen.stamp[:2]
