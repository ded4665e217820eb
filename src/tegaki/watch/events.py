"""What the file system tells of itself. It is a hint where to look, and never all: folders are
looked at again now and then, whatever is told here."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import ObservedWatch

_MOST = 100_000  # paths that wait to be looked at; with more, everything is looked at


class Events(Protocol):
    """Paths that something happened to."""

    def add(self, folder: str) -> None:
        """Tell of this folder.

        Raises:
            OSError: the system cannot.
        """

    def drop(self, folder: str) -> None:
        """Tell of it no more; it may have been told of never."""

    def take(self) -> tuple[list[str], bool]:
        """The paths since the last call, and whether others may be missing."""

    def close(self) -> None: ...


class NoEvents:
    """For polling."""

    def add(self, folder: str) -> None: ...

    def drop(self, folder: str) -> None: ...

    def take(self) -> tuple[list[str], bool]:
        return [], False

    def close(self) -> None: ...


class SystemEvents(logging.Handler):
    """Events by watchdog: inotify, FSEvents, kqueue or ReadDirectoryChangesW.

    It is a handler of watchdog's log: there it says when the system has dropped events.

    Args:
        wake: called, from any thread, when there is something to take.
    """

    def __init__(self, recursive: bool, wake: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        from watchdog import events
        from watchdog.observers import Observer

        self._recursive, self._wake = recursive, wake
        self._touched: dict[str, None] = {}
        self._missing = False
        self._guard = threading.Lock()
        self._watches: dict[str, ObservedWatch] = {}
        # Not openings and closings after reading: scanning makes those itself.
        self._kinds = [
            events.FileCreatedEvent, events.FileModifiedEvent, events.FileMovedEvent,
            events.FileAttribEvent, events.FileClosedEvent, events.FileDeletedEvent,
            events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent,
        ]  # fmt: skip
        log = logging.getLogger("watchdog")
        log.addHandler(self)
        log.propagate = False
        self._observer = Observer()
        self._observer.start()

    def add(self, folder: str) -> None:
        from watchdog.events import FileSystemEventHandler

        # A link to a folder tells of itself alone: watch what it leads to.
        real = os.path.realpath(folder)

        def given(path: str) -> str:
            return folder + path[len(real) :] if path.startswith(real) else path

        class Handler(FileSystemEventHandler):
            def on_any_event(_, event: FileSystemEvent) -> None:  # noqa: N805 - self is outside
                paths = (event.src_path, event.dest_path)
                self._touch([given(os.fsdecode(path)) for path in paths if path])

        self._watches[folder] = self._observer.schedule(
            Handler(), real, recursive=self._recursive, event_filter=self._kinds
        )

    def drop(self, folder: str) -> None:
        watch = self._watches.pop(folder, None)
        if watch is not None:
            self._observer.unschedule(watch)

    def take(self) -> tuple[list[str], bool]:
        with self._guard:
            taken = list(self._touched), self._missing
            self._touched, self._missing = {}, False
        return taken

    def close(self) -> None:
        logging.getLogger("watchdog").removeHandler(self)
        self._observer.stop()
        self._observer.join(5)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        with self._guard:
            self._missing = True
        self._wake()

    def _touch(self, paths: list[str]) -> None:
        with self._guard:
            quiet = not self._touched
            self._touched.update(dict.fromkeys(paths))
            if len(self._touched) > _MOST:
                self._touched, self._missing = {}, True
        if quiet:
            self._wake()
