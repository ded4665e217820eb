from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.concurrency.ordered_map import Completed, WithTimeout, ordered_calls, ordered_map


@given(st.lists(st.integers()), st.integers(1, 5))
def test_it_is_map(items: list[int], workers: int) -> None:
    assert list(ordered_map(lambda x: x * 2, items, workers)) == [x * 2 for x in items]


def test_the_slow_first_comes_first() -> None:
    def slow(x: int) -> int:
        time.sleep(0.05 if x == 0 else 0)
        return x

    assert list(ordered_map(slow, range(20), 4)) == list(range(20))


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 4))
def test_what_is_ready_waits_for_its_turn(work: list[bool], workers: int) -> None:
    calls = [partial(int, n) if w else Completed(n) for n, w in enumerate(work)]
    assert list(ordered_calls(calls, workers)) == list(range(len(work)))


def test_what_is_ready_comes_at_once_where_nothing_is_before_it() -> None:
    taken = itertools.count()
    results = ordered_calls((Completed(next(taken)) for _ in range(1000)), 2)
    assert [next(results), next(results)] == [0, 1]
    assert next(taken) <= 3


def test_little_is_taken_ahead() -> None:
    taken = itertools.count()
    results = ordered_map(lambda x: x, taken, 2)
    for _ in range(10):
        next(results)
    results.close()
    assert next(taken) <= 10 + 2 * 4


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_reaches_the_consumer(workers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda x: 1 // x, [1, 0, 1], workers))


def test_closing_stops_the_threads() -> None:
    ended = []

    def slow(x: int) -> int:
        time.sleep(0.02)
        ended.append(x)
        return x

    results = ordered_map(slow, range(1000), 3)
    next(results)
    results.close()
    before = len(ended)
    time.sleep(0.1)
    assert len(ended) == before < 20


def test_what_stalls_is_waited_for_so_long_and_no_longer() -> None:
    let_go = threading.Event()
    calls = [WithTimeout(partial(int, n), 30, lambda: -1) for n in range(20)]
    for n in (0, 5, 6):  # one thread or all of them
        calls[n] = WithTimeout(let_go.wait, 0.2, partial(int, 100 + n))
    started = time.monotonic()
    assert list(ordered_calls(calls, 2)) == [100, 1, 2, 3, 4, 105, 106, *range(7, 20)]
    assert time.monotonic() - started < 5
    let_go.set()


def test_what_ends_as_its_time_is_up_comes_once() -> None:
    """As what it returned, or as what is said of those that are late; no thread is lost."""

    def call() -> int:
        time.sleep(0.004)
        return 1

    calls = [WithTimeout(call, 0.004, lambda: 1) for _ in range(500)]
    assert list(ordered_calls(calls, 3)) == [1] * 500


def test_what_came_too_late_is_dropped() -> None:
    given_up, ended = threading.Event(), threading.Event()

    def slow() -> int:
        given_up.wait()
        ended.set()
        return 7

    def on_timeout() -> int:
        given_up.set()
        return -1

    def short() -> int:
        ended.wait()
        return 1

    calls = [WithTimeout(slow, 0.1, on_timeout), *[WithTimeout(short, 60, int)] * 8]
    assert list(ordered_calls(calls, 1)) == [-1, *[1] * 8]


INTERRUPTED = """
import os, signal, threading, time
from tegaki.concurrency.ordered_map import ordered_map

over = False

def interrupt(number, frame):
    while frame is not None:
        if frame.f_code.co_name == "ordered_calls":
            raise KeyboardInterrupt
        frame = frame.f_back

def often():
    global over
    for _ in range(2000):
        time.sleep(0.0003)
        os.kill(os.getpid(), signal.SIGINT)
    over = True

signal.signal(signal.SIGINT, interrupt)
threading.Thread(target=often).start()
while not over:
    try:
        for _ in ordered_map(lambda x: time.sleep(0.001), range(1000), 32):
            pass
    except KeyboardInterrupt:
        pass
"""


def test_ctrl_c_never_leaves_a_lock_behind() -> None:
    """Interrupts at a thousand places. One that caught the main thread inside of
    concurrent.futures left its lock held, and the end of the scan waited for ever."""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", INTERRUPTED], timeout=60, check=True)
