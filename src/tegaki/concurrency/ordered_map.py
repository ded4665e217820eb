"""A parallel map that keeps the order and holds little in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tegaki.concurrency.threads import Outcome, Workers

T = TypeVar("T")
R = TypeVar("R")

_IN_FLIGHT_PER_WORKER = 4  # items in flight per worker: enough to hide one slow picture
_MAX_WAITING = 2000  # results behind one slow picture
_POLL_INTERVAL = 1.0  # seconds, at most, after a call's time is up


@dataclass(frozen=True, slots=True)
class Completed(Generic[R]):
    """A result that needs no work."""

    value: R


@dataclass(frozen=True, slots=True)
class WithTimeout(Generic[R]):
    """A call that is waited for so many seconds after it has begun, and no longer; its result is
    then what ``on_timeout`` returns, which is kept in hand for as long: it must not hold much."""

    call: Callable[[], R]
    seconds: float
    on_timeout: Callable[[], R]


Call = Callable[[], R] | WithTimeout[R] | Completed[R]


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], workers: int
) -> Generator[R, None, None]:
    """Results in the order of the items; at most ``4 * workers`` items are in flight.

    Closing the iterator (or an exception in its consumer) drops what has not begun.
    """
    if workers == 1:
        return (function(item) for item in items)
    return ordered_calls((partial(function, item) for item in items), workers)


def ordered_calls(calls: Iterable[Call[R]], workers: int) -> Generator[R, None, None]:
    """What the calls return, in their order, as :func:`ordered_map`; what is ready already is
    handed on in its turn, past no call that is still at work."""
    threads: Workers[R] = Workers(workers)
    queue: _OrderedQueue[R] = _OrderedQueue(threads)
    try:
        for number, call in enumerate(calls):
            queue.add(number, call)
            while (
                queue.is_first_completed()
                or queue.in_flight >= workers * _IN_FLIGHT_PER_WORKER
                or queue.is_full()
            ):
                yield queue.take()
        while queue.waiting:
            yield queue.take()
    finally:
        threads.stop()


@dataclass(frozen=True, slots=True)
class _Submitted(Generic[R]):
    """A call that the threads have: what is needed of it here. What the call itself holds may be
    large, and must not outlast it."""

    number: int
    seconds: float | None = None
    on_timeout: Callable[[], R] | None = None


class _OrderedQueue(Generic[R]):
    """What is waited for, in order."""

    def __init__(self, threads: Workers[R]) -> None:
        self.waiting: deque[Completed[R] | _Submitted[R]] = deque()
        self.in_flight = 0
        self._threads = threads
        self._done: dict[int, Outcome[R]] = {}

    def add(self, number: int, call: Call[R]) -> None:
        if isinstance(call, Completed):
            self.waiting.append(call)
            return
        if isinstance(call, WithTimeout):
            self.waiting.append(_Submitted(number, call.seconds, call.on_timeout))
            self._threads.submit(number, call.call)
        else:
            self.waiting.append(_Submitted(number))
            self._threads.submit(number, call)
        self.in_flight += 1

    def is_first_completed(self) -> bool:
        return bool(self.waiting) and isinstance(self.waiting[0], Completed)

    def is_full(self) -> bool:
        return len(self.waiting) >= _MAX_WAITING

    def take(self) -> R:
        """The first, when it is there.

        Raises:
            BaseException: what its call raised.
        """
        first = self.waiting.popleft()
        if isinstance(first, Completed):
            return first.value
        self.in_flight -= 1
        while first.number not in self._done:
            if self._receive(first.seconds) or first.seconds is None or first.on_timeout is None:
                continue
            if self._threads.abandon(first.number, first.seconds):
                return first.on_timeout()
        result, problem = self._done.pop(first.number)
        if problem is not None:
            raise problem
        return result  # type: ignore[return-value]  # one of the two is there

    def _receive(self, seconds: float | None) -> bool:
        """Wait for whatever is done next, a little while if time is limited; whether anything
        was."""
        done = (
            self._threads.next_completed()
            if seconds is None
            else self._threads.next_completed_within(min(seconds, _POLL_INTERVAL))
        )
        if done is None:
            return False
        number, outcome = done
        self._done[number] = outcome
        return True
