"""What takes much memory takes its turn."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import TIMEOUT_MAX, Lock
from typing import Any

_HUGE = 4  # times large: below, taking memory from the system again costs more than it is worth


class MemoryGate:
    """Work side by side, but for what is large: that is done one at a time.

    Two kinds of turns can be held at once where one kind is always taken before the other.

    Args:
        large: from this size on.
        timeout: seconds, of 0 and more. Whoever keeps a turn longer may wait for a server that
            never answers, and must not hold up others: they go on beside it.
    """

    def __init__(self, large: int, timeout: float) -> None:
        self._large, self._timeout = large, min(timeout, TIMEOUT_MAX)
        self._lock = Lock()

    @contextmanager
    def acquire(self, size: int) -> Iterator[None]:
        """While work of this size is done; what it held has to be let go before the end."""
        if size < self._large:
            yield
            return
        while not (lock := self._lock).acquire(timeout=self._timeout):
            if lock is self._lock:  # nobody else has seen to it
                self._lock = Lock()
        try:
            yield
        finally:
            if size >= _HUGE * self._large:
                _trim_heap()
            lock.release()


def _trim_heap() -> None:
    """Let the system have the memory that was freed; glibc keeps it otherwise, for each thread."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
