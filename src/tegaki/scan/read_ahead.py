"""How far a scan reads ahead of its workers."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import TIMEOUT_MAX

from tegaki.sources import SourceFile

_MAX_BYTES = 1 << 26


class ReadAheadBuffer:
    """The bytes that were read ahead and wait for a worker: a bounded number.

    One thread enters, the workers leave. They share a queue written in C: Ctrl-C must not leave a
    lock behind (:mod:`tegaki.concurrency.threads`).

    Args:
        seconds: to wait for room. Where nothing leaves for as long, workers stall, and will until
            the caller is let go and gives them up.
    """

    def __init__(self, seconds: float) -> None:
        self._now = 0
        self._seconds = self._timeout = min(seconds, TIMEOUT_MAX)
        self._left: SimpleQueue[int] = SimpleQueue()

    def acquire(self, item: SourceFile) -> None:
        """Wait until there is room for what an item holds, or in vain. All that entered before
        must be at work, or come to be so, without any doing of the caller."""
        size = item.member.buffered if item.member else 0
        if size:
            while self._now and (self._now + size > _MAX_BYTES or not self._left.empty()):
                try:
                    self._now -= self._left.get(timeout=self._timeout)
                    self._timeout = self._seconds
                except Empty:
                    self._timeout = 0.0  # once for all that wait behind the same stall
                    break
            self._now += size

    def release(self, item: SourceFile) -> None:
        """A worker took it."""
        if item.member and item.member.buffered:
            self._left.put(item.member.buffered)
