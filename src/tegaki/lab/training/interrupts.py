"""Ctrl-C that waits until what is at work can be kept."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_MESSAGE = b"Stopping after this step; Ctrl-C once more stops at once and loses it.\n"


class DeferredInterrupt:
    """While it is entered, a request to stop is noted (``asked``) where it would interrupt.

    A second request is not put off: it raises :class:`KeyboardInterrupt` wherever it comes.
    Signals that do not raise that now are left as they are, and so is everything outside the main
    thread, where no signal arrives.

    Args:
        active: ``False`` changes nothing.
    """

    def __init__(self, active: bool = True) -> None:
        self.requested = False
        self._active = active
        self._waits = True
        self._taken: list[signal.Signals] = []

    def __enter__(self) -> DeferredInterrupt:
        if self._active and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is signal.default_int_handler:
                    signal.signal(number, self._note)
                    self._taken.append(number)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._taken:
            signal.signal(number, signal.default_int_handler)
        self._taken.clear()

    @contextmanager
    def immediately(self) -> Iterator[None]:
        """A part that may be interrupted anywhere: here nothing waits, not even what was noted."""
        if self.requested:
            raise KeyboardInterrupt
        self._waits = False
        try:
            yield
        finally:
            self._waits = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if again or not self._waits:
            raise KeyboardInterrupt
        os.write(2, _MESSAGE)  # a print could stand in the middle of another one
