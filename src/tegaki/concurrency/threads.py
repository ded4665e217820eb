"""Threads that Ctrl-C can't leave in each other's way.

``concurrent.futures`` and ``threading`` are written in Python: an interrupt that comes while the
main thread is inside of them can leave one of their locks held, and then the end of the program
waits for ever. What the main thread shares with the threads here is queues and dictionaries that
are written in C, whose single steps are done or not done.
"""

from __future__ import annotations

import _thread
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

R = TypeVar("R")

Outcome = tuple[R, None] | tuple[None, BaseException]
"""What a call returned, or what it raised."""

_POLL_INTERVAL = 0.002  # seconds
_STOP_TIMEOUT = 10.0


class Workers(Generic[R]):
    """Threads that make calls and hand on what came of them."""

    def __init__(self, count: int) -> None:
        self._calls: SimpleQueue[tuple[int, Callable[[], R]] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, Outcome[R]]] = SimpleQueue()
        self._stopping = False
        self._alive: dict[int, bool] = {}
        # A call's thread, and since when. Whoever takes it out has the say over the call: its
        # thread, when it is done, or who gives it up.
        self._running: dict[int, tuple[int, float]] = {}
        for _ in range(count):
            self._start()

    def submit(self, number: int, call: Callable[[], R]) -> None:
        """Make the call when a thread is free; calls begin in the order that they come in. No two
        have the same number."""
        self._calls.put((number, call))

    def next_completed(self) -> tuple[int, Outcome[R]]:
        """A call's number and outcome, waited for; calls end in any order."""
        return self._done.get()

    def next_completed_within(self, seconds: float) -> tuple[int, Outcome[R]] | None:
        """As :meth:`next_completed`, or ``None`` when so many seconds have passed."""
        try:
            return self._done.get(timeout=seconds)
        except Empty:
            return None

    def abandon(self, number: int, seconds: float) -> bool:
        """Wait no longer for a call that began so many seconds ago or more: its thread is left
        alone, for the system may never let it go, and another one takes its place.

        Returns:
            Whether it had begun so long ago. If so, nothing will be heard of it.
        """
        thread, since = self._running.get(number, (0, time.monotonic()))
        if time.monotonic() - since < seconds or self._running.pop(number, None) is None:
            return False
        self._alive[thread] = False
        self._start()
        return True

    def stop(self) -> None:
        """Drop what has not begun and wait for what has, whatever is pressed: an interpreter that
        ends while its threads are inside of a library crashes. What has not ended after ten
        seconds waits for the system, most likely, and is left to it.

        Raises:
            KeyboardInterrupt: it came meanwhile; threads were waited for all the same.
        """
        interrupted = False
        until = time.monotonic() + _STOP_TIMEOUT
        while True:
            try:
                self._stopping = True
                for _ in self._alive:
                    self._calls.put(None)
                while any(self._alive.values()) and time.monotonic() < until:
                    time.sleep(_POLL_INTERVAL)
                break
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt

    def _start(self) -> None:
        number = len(self._alive)
        self._alive[number] = True
        _thread.start_new_thread(self._work, (number,))

    def _work(self, number: int) -> None:
        while (task := self._calls.get()) is not None and not self._stopping:
            index, call = task
            self._running[index] = number, time.monotonic()
            outcome = _outcome(call)
            del task, call  # and what they hold, while this waits for the next
            if self._running.pop(index, None) is None:
                return  # given up; another one has its place
            self._done.put((index, outcome))
            del outcome
        self._alive[number] = False


def _outcome(call: Callable[[], R]) -> Outcome[R]:
    try:
        return call(), None
    except BaseException as problem:  # noqa: BLE001 - whoever waits for it is told
        return None, problem
