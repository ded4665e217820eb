"""From files that were found to what archives among them hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX

from tegaki.errors import PictureError, UnreadableFile
from tegaki.pictures import open_file, sniff
from tegaki.scan.archives import SEPARATOR, is_archive, members
from tegaki.scan.sources import Found, is_url

_MOST_WAITING = 1 << 26


def is_entered(item: Found) -> bool:
    """Whether what was found is gone through as a folder is."""
    if item.problem or item.member or not is_archive(item.path):
        return False
    return not is_url(item.path)  # whose end may say anything, as in ?next=a.zip


def entered(found: Iterable[Found], max_bytes: int) -> Iterator[Found]:
    """Files as they are, archives as their members."""
    for item in found:
        if is_entered(item):
            yield from inside(item, max_bytes)
        else:
            yield item


def inside(item: Found, max_bytes: int) -> Iterator[Found]:
    """The members of an archive; at the end the archive itself if it could not be gone through to
    its end, or if it is a picture under an archive's name."""
    came = False
    try:
        for member in members(item.path, max_bytes):
            came = True
            yield Found(f"{item.path}{SEPARATOR}{os.fsdecode(member.name)}", member=member)
    except PictureError as problem:
        yield item if not came and _is_picture(item.path) else Found(item.path, problem)
    except MemoryError:
        yield Found(item.path, UnreadableFile("not enough memory to read the archive"))


def _is_picture(path: str) -> bool:
    try:
        with open_file(path) as stream:
            return sniff(stream.read(64)) is not None
    except (PictureError, OSError):
        return False


class Waiting:
    """The bytes that were read ahead and wait for a worker: a bounded number.

    One thread enters, the workers leave. They share a queue written in C: Ctrl-C must not leave a
    lock behind (:mod:`tegaki.workers`).

    Args:
        seconds: to wait for room. Where nothing leaves for as long, workers stall, and will until
            the caller is let go and gives them up.
    """

    def __init__(self, seconds: float) -> None:
        self._now = 0
        self._seconds = self._patience = min(seconds, TIMEOUT_MAX)
        self._left: SimpleQueue[int] = SimpleQueue()

    def enter(self, item: Found) -> None:
        """Wait until there is room for what an item holds, or in vain. All that entered before
        must be at work, or come to be so, without any doing of the caller."""
        size = item.member.held if item.member else 0
        if size:
            while self._now and (self._now + size > _MOST_WAITING or not self._left.empty()):
                try:
                    self._now -= self._left.get(timeout=self._patience)
                    self._patience = self._seconds
                except Empty:
                    self._patience = 0.0  # once for all that wait behind the same stall
                    break
            self._now += size

    def leave(self, item: Found) -> None:
        """A worker took it."""
        if item.member and item.member.held:
            self._left.put(item.member.held)
