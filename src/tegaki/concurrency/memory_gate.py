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


class Turns:
    """Work side by side, but for what is large: that is done one at a time.

    Two kinds of turns can be held at once where one kind is always taken before the other.

    Args:
        large: from this size on.
        patience: seconds, of 0 and more. Whoever keeps a turn longer may wait for a server that
            never answers, and must not hold up others: they go on beside it.
    """

    def __init__(self, large: int, patience: float) -> None:
        self._large, self._patience = large, min(patience, TIMEOUT_MAX)
        self._turn = Lock()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """While work of this size is done; what it held has to be let go before the end."""
        if size < self._large:
            yield
            return
        while not (turn := self._turn).acquire(timeout=self._patience):
            if turn is self._turn:  # nobody else has seen to it
                self._turn = Lock()
        try:
            yield
        finally:
            if size >= _HUGE * self._large:
                _give_back()
            turn.release()


def _give_back() -> None:
    """Let the system have the memory that was freed; glibc keeps it otherwise, for each thread."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
