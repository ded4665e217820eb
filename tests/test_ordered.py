from __future__ import annotations

import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.ordered import ordered_map


@given(st.lists(st.integers()), st.integers(1, 5))
def test_it_is_map(items: list[int], workers: int) -> None:
    assert list(ordered_map(lambda x: x * 2, items, workers)) == [x * 2 for x in items]


def test_the_slow_first_comes_first() -> None:
    def slow(x: int) -> int:
        time.sleep(0.05 if x == 0 else 0)
        return x

    assert list(ordered_map(slow, range(20), 4)) == list(range(20))


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
    before = threading.active_count()
    results = ordered_map(lambda x: x, range(1000), 3)
    next(results)
    results.close()
    assert threading.active_count() == before
