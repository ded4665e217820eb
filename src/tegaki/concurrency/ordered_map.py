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

_AHEAD = 4  # items in flight per worker: enough to hide one slow picture
_MOST_WAITING = 2000  # results behind one slow picture
_LOOK_AGAIN = 1.0  # seconds, at most, after a call's time is up


@dataclass(frozen=True, slots=True)
class Ready(Generic[R]):
    """A result that needs no work."""

    value: R


@dataclass(frozen=True, slots=True)
class Timed(Generic[R]):
    """A call that is waited for so many seconds after it has begun, and no longer; its result is
    then what ``late`` returns, which is kept in hand for as long: it must not hold much."""

    call: Callable[[], R]
    seconds: float
    late: Callable[[], R]


Call = Callable[[], R] | Timed[R] | Ready[R]


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
    row: _Row[R] = _Row(threads)
    try:
        for number, call in enumerate(calls):
            row.add(number, call)
            while row.first_is_ready() or row.in_flight >= workers * _AHEAD or row.is_long():
                yield row.take()
        while row.waiting:
            yield row.take()
    finally:
        threads.stop()


@dataclass(frozen=True, slots=True)
class _Begun(Generic[R]):
    """A call that the threads have: what is needed of it here. What the call itself holds may be
    large, and must not outlast it."""

    number: int
    seconds: float | None = None
    late: Callable[[], R] | None = None


class _Row(Generic[R]):
    """What is waited for, in order."""

    def __init__(self, threads: Workers[R]) -> None:
        self.waiting: deque[Ready[R] | _Begun[R]] = deque()
        self.in_flight = 0
        self._threads = threads
        self._done: dict[int, Outcome[R]] = {}

    def add(self, number: int, call: Call[R]) -> None:
        if isinstance(call, Ready):
            self.waiting.append(call)
            return
        if isinstance(call, Timed):
            self.waiting.append(_Begun(number, call.seconds, call.late))
            self._threads.begin(number, call.call)
        else:
            self.waiting.append(_Begun(number))
            self._threads.begin(number, call)
        self.in_flight += 1

    def first_is_ready(self) -> bool:
        return bool(self.waiting) and isinstance(self.waiting[0], Ready)

    def is_long(self) -> bool:
        return len(self.waiting) >= _MOST_WAITING

    def take(self) -> R:
        """The first, when it is there.

        Raises:
            BaseException: what its call raised.
        """
        first = self.waiting.popleft()
        if isinstance(first, Ready):
            return first.value
        self.in_flight -= 1
        while first.number not in self._done:
            if self._receive(first.seconds) or first.seconds is None or first.late is None:
                continue
            if self._threads.give_up(first.number, first.seconds):
                return first.late()
        result, problem = self._done.pop(first.number)
        if problem is not None:
            raise problem
        return result  # type: ignore[return-value]  # one of the two is there

    def _receive(self, seconds: float | None) -> bool:
        """Wait for whatever is done next, a little while if time is limited; whether anything
        was."""
        done = (
            self._threads.next_done()
            if seconds is None
            else self._threads.next_done_within(min(seconds, _LOOK_AGAIN))
        )
        if done is None:
            return False
        number, outcome = done
        self._done[number] = outcome
        return True
