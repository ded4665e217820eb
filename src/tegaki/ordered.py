"""A parallel map that keeps the order and holds little in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 4  # items in flight per worker: enough to hide one slow picture


def ordered_map(
    function: Callable[[T], R], items: Iterable[T], workers: int
) -> Generator[R, None, None]:
    """Results in the order of the items; at most ``4 * workers`` items are in flight.

    Closing the iterator (or an exception in its consumer) drops what has not begun.
    """
    if workers == 1:
        yield from map(function, items)
        return
    executor = ThreadPoolExecutor(workers, thread_name_prefix="tegaki")
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(function, item))
            if len(waiting) >= workers * _AHEAD:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        _end(executor, waiting)


def _first(waiting: deque[Future[R]]) -> R:
    result = waiting[0].result()  # stays in hand while it is waited for
    waiting.popleft()
    return result


def _end(executor: ThreadPoolExecutor, waiting: deque[Future[R]]) -> None:
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
