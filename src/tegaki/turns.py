"""What takes much memory takes its turn."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_HUGE = 4  # times large: below, taking memory from the system again costs more than it is worth


class Turns:
    """Work side by side, but for what is large: that is done one at a time.

    Two kinds of turns can be held at once where one kind is always taken before the other.

    Args:
        large: from this size on.
    """

    def __init__(self, large: int) -> None:
        self._large = large
        self._turn = Lock()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """While work of this size is done; what it held has to be let go before the end."""
        if size < self._large:
            yield
            return
        with self._turn:
            try:
                yield
            finally:
                if size >= _HUGE * self._large:
                    _give_back()


def _give_back() -> None:
    """Let the system have the memory that was freed; glibc keeps it otherwise, for each thread."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
