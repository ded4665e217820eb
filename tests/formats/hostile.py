"""What property tests of walkers share: files that are damaged in every way, and a measure of work
that no load of the machine moves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from PIL import Image

MORE = [
    Image.linear_gradient("L").resize((16, 12)).rotate(turn).convert("RGB") for turn in (0, 180)
]
"""Further frames of an animation: equal ones would be written as one."""


@st.composite
def _damaged(draw: DrawFn, files: Sequence[bytes]) -> bytes:
    data = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        new = draw(st.binary(max_size=12) | st.sampled_from(_NUMBERS))
        gone = draw(st.sampled_from((0, len(new), 1, 40, len(data))))
        data = data[:at] + new + data[at + gone :]
    return data


_NUMBERS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1", b"\1\0\0\0")


def damaged(files: Sequence[bytes], head: bytes) -> SearchStrategy[bytes]:
    """Real files with bytes put in, taken away or changed; and any bytes behind a signature."""
    return _damaged(files) | st.binary(max_size=200).map(lambda rest: head + rest)


def stand_in_turn(spans: Iterable[tuple[int, int]], data: bytes) -> bool:
    """Whether parts stand within the file, each behind the one before."""
    before = 0
    for start, end in spans:
        if not before <= start <= end <= len(data):
            return False
        before = end
    return True


def lines_run(call: Callable[[], Any]) -> int:
    """How many lines of Python a call runs."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def is_linear(walk: Callable[[bytes], Any], made: Callable[[int], bytes]) -> bool:
    """Whether twice as many parts take no more than twice the work."""
    few, many = (lines_run(lambda n=n: walk(made(n))) for n in (400, 800))  # type: ignore[misc]
    return many < 2.2 * few
