"""A parallel map that keeps the order and holds little in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # items in flight per worker: enough to hide one slow picture
_MOST_WAITING = 2000  # results behind one slow picture


@dataclass(frozen=True, slots=True)
class Ready(Generic[R]):
    """A result that needs no work."""

    value: R


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], workers: int
) -> Generator[R, None, None]:
    """Results in the order of the items; at most ``4 * workers`` items are in flight.

    Closing the iterator (or an exception in its consumer) drops what has not begun.
    """
    return ordered_calls((partial(function, item) for item in items), workers)


def ordered_calls(
    calls: Iterable[Callable[[], R] | Ready[R]], workers: int
) -> Generator[R, None, None]:
    """What the calls return, in their order, as :func:`ordered_map`; what is ready already is
    handed on in its turn, past no call that is still at work."""
    if workers == 1:
        for call in calls:
            yield call.value if isinstance(call, Ready) else call()
        return
    executor = ThreadPoolExecutor(workers, thread_name_prefix="tegaki")
    waiting: deque[Future[R] | Ready[R]] = deque()
    in_flight = 0
    try:
        for call in calls:
            if isinstance(call, Ready):
                waiting.append(call)
            else:
                waiting.append(executor.submit(call))
                in_flight += 1
            while waiting and (
                isinstance(waiting[0], Ready)
                or in_flight >= workers * _AHEAD
                or len(waiting) >= _MOST_WAITING
            ):
                in_flight -= isinstance(waiting[0], Future)
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        _end(executor, [future for future in waiting if isinstance(future, Future)])


def _first(waiting: deque[Future[R] | Ready[R]]) -> R:
    first = waiting[0]
    result = first.value if isinstance(first, Ready) else first.result()
    waiting.popleft()  # only now: it stays in hand while it is waited for
    return result


def _end(executor: ThreadPoolExecutor, waiting: list[Future[R]]) -> None:
    """Wait for what has begun, whatever is pressed: an interpreter that ends while its threads
    are inside of a library crashes.

    Work is waited for before threads are joined: a join that Ctrl-C interrupts takes a thread
    that runs for one that has ended (CPython, bpo-45274).
    """
    executor.shutdown(wait=False, cancel_futures=True)
    interrupted = False
    while True:
        try:
            wait([future for future in waiting if not future.cancelled()])
            break
        except KeyboardInterrupt:
            interrupted = True
    executor.shutdown(wait=True)
    if interrupted:
        raise KeyboardInterrupt
