"""A scan's memory is bounded, whatever the size of the pictures."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tegaki.concurrency.memory_gate import MemoryGate
from tests.big import FILES, peak_mb
from tests.conftest import painting

MOST_MB = 500
SMALL = 40


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak so")
def test_a_scan_of_100_megapixel_pictures(tmp_path: Path) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "rows.jsonl"
    folder.mkdir()
    for name, make in FILES.items():
        make(folder / name)
    for number in range(SMALL):
        painting(500, 700, number).save(folder / f"{number}.png")
    peak = peak_mb("scan", str(folder), "-q", "--out", str(out), "--workers", "2")
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["path"] for row in rows if row["error"]] == []
    assert len(rows) == len(FILES) + SMALL
    assert peak <= MOST_MB


def test_what_is_large_is_done_one_at_a_time() -> None:
    gate, at_work, most = MemoryGate(10, 60), [0, 0], [0, 0]
    lock, side_by_side = threading.Lock(), threading.Barrier(3)

    def work(size: int) -> None:
        kind = size >= 10
        with gate.acquire(size):
            with lock:
                at_work[kind] += 1
                most[kind] = max(most[kind], at_work[kind])
            if kind:
                time.sleep(0.05)
            else:
                side_by_side.wait(30)
            with lock:
                at_work[kind] -= 1

    threads = [threading.Thread(target=work, args=(size,)) for size in (1, 10, 1, 20, 1, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [3, 1]


def test_a_turn_ends_with_an_error() -> None:
    gate = MemoryGate(1, 60)
    with pytest.raises(ZeroDivisionError), gate.acquire(5):
        raise ZeroDivisionError
    with gate.acquire(5):
        pass


def test_a_turn_that_never_ends_holds_nobody_up_for_long() -> None:
    """Whoever waited goes on, and then there are turns as before."""
    gate, never, over = MemoryGate(1, 0.2), threading.Event(), threading.Event()
    taken = []

    def take(number: int, until: threading.Event) -> None:
        with gate.acquire(5):
            taken.append(number)
            until.wait()

    threads = [threading.Thread(target=take, args=(0, never), daemon=True)]
    threads += [threading.Thread(target=take, args=(n, over), daemon=True) for n in (1, 2)]
    threads[0].start()
    _until(lambda: len(taken) == 1)
    threads[1].start()
    _until(lambda: len(taken) == 2)
    over.set()
    threads[2].start()
    _until(lambda: len(taken) == 3)
    never.set()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert true()
