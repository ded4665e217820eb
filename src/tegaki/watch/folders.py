"""The folders that are watched: which of them are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from tegaki.imaging import system_error
from tegaki.utils.text import printable
from tegaki.watch.events import Events


class WatchedFolders:
    """Folders that may vanish, come back or be replaced, and what tells of them.

    Args:
        notify: gets a sentence on each that is not there, and when it is there again.
    """

    def __init__(self, paths: Sequence[str], events: Events, notify: Callable[[str], None]) -> None:
        self._events, self._notify = events, notify
        # Device and inode: a folder that was replaced has to be watched anew.
        self._there: dict[str, tuple[int, int] | None] = {}
        self._paths = tuple(dict.fromkeys(paths))

    def present(self) -> list[str]:
        """Those that could be read when they were last checked."""
        return [path for path in self._paths if self._there.get(path)]

    def missing(self) -> list[str]:
        return [path for path in self._paths if not self._there.get(path)]

    def check(self) -> bool:
        """Look whether they are there; whether one came up, or came back."""
        came = False
        for path in self._paths:
            now, reason = _look(path)
            if path in self._there and self._there[path] == now:
                continue
            self._change(path, now, reason)
            came = came or now is not None
        return came

    def _change(self, path: str, now: tuple[int, int] | None, reason: str) -> None:
        stored, before = path in self._there, self._there.get(path)
        self._there[path] = now
        if before:
            self._events.drop(path)
        if now is None:
            self._notify(f"{printable(path)} cannot be watched: {reason}; it is waited for")
            return
        if stored and not before:
            self._notify(f"{printable(path)} is there again")
        try:
            # Before its files are looked at: what comes in between is told of.
            self._events.add(path)
        except OSError as problem:
            why = problem.strerror or problem
            self._notify(
                f"the system tells nothing of {printable(path)} ({why}): changes in it are "
                "found late, when everything is looked at again"
            )


def _look(path: str) -> tuple[tuple[int, int] | None, str]:
    try:
        with os.scandir(path):
            status = os.stat(path)
    except OSError as problem:
        said = "no such folder" if isinstance(problem, FileNotFoundError) else None
        return None, said or str(system_error(path, problem))
    return (status.st_dev, status.st_ino), ""
