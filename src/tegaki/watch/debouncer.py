"""Files that were seen to change, until they have stood still for a while."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tegaki.sources.walk import SourceFile

Stamp = tuple[int, int, int]
"""Size, and the times of the last change of content and of entry, in ns."""

_LONG_AGO = 60.0
"""Seconds. A file that was changed longer ago by the clock here stands still, though the clock of
the file server may differ; the others are looked at twice."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to look at, and how it stood; ``None``: it could not be asked."""

    item: SourceFile
    stamp: Stamp | None


def candidate(item: SourceFile) -> Candidate:
    try:
        status = os.stat(item.path)
    except (OSError, ValueError):
        return Candidate(item, None)
    return Candidate(item, (status.st_size, status.st_mtime_ns, status.st_ctime_ns))


class Debouncer:
    """Candidates that wait; each is handed out once it has not changed for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # By path, in the order of the moment since which they have stood still; and since when
        # they were waited for.
        self._waiting: dict[str, tuple[Candidate, float, float]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def is_stable(self, stamp: Stamp | None) -> bool:
        """Whether a file that is seen for the first time needs no second look."""
        if stamp is None:  # its parent, if anything, changes
            return True
        age = time.time() - max(stamp[1], stamp[2]) / 1e9
        return age > max(self._seconds, _LONG_AGO)

    def note(self, found: Candidate) -> None:
        """It may have changed: wait, from now on if it differs from what was seen last."""
        path, now = found.item.path, time.monotonic()
        stored = self._waiting.get(path)
        if stored and stored[0].stamp == found.stamp:
            return
        self._waiting.pop(path, None)
        self._waiting[path] = found, now, stored[2] if stored else now

    def ready(self, most: int) -> Iterator[Candidate]:
        """Those that have stood still, as many as are asked for. What is gone is left."""
        while most > 0 and self._waiting:
            path, (before, since, _) = next(iter(self._waiting.items()))
            if time.monotonic() < since + self._seconds:
                return
            now = candidate(before.item)
            if now.stamp != before.stamp and now.stamp is not None:
                self.note(now)
                continue
            del self._waiting[path]
            if now.stamp or os.path.lexists(path):  # a link that leads nowhere is there
                most -= 1
                yield now

    def wait(self) -> float | None:
        """Seconds until the next may be ready; ``None`` without any."""
        if not self._waiting:
            return None
        _, since, _ = next(iter(self._waiting.values()))
        return max(since + self._seconds - time.monotonic(), 0.0)

    def drop_unstable(self, seconds: float) -> list[str]:
        """Leave those that changed again so long after they were first seen; which they are."""
        waiting = self._waiting.items()
        unstable = [path for path, (_, since, first) in waiting if since - first > seconds]
        for path in unstable:
            del self._waiting[path]
        return unstable
