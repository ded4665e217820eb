"""A scan's memory is bounded, whatever the size of the pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tegaki.turns import Turns
from tests.big import FILES
from tests.conftest import painting

MOST_MB = 500
SMALL = 40


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4, which tells a process's memory")
def test_a_scan_of_100_megapixel_pictures(tmp_path: Path) -> None:
    for name, make in FILES.items():
        make(tmp_path / name)
    for number in range(SMALL):
        painting(500, 700, number).save(tmp_path / f"{number}.png")
    command = [sys.executable, "-m", "tegaki", "scan", str(tmp_path), "--json", "-q"]
    with (tmp_path / "rows.txt").open("wb") as rows:
        process = subprocess.Popen([*command, "--workers", "2"], stdout=rows)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    told = [json.loads(line) for line in (tmp_path / "rows.txt").read_text().splitlines()]
    judged = [row for row in told if row["error"] is None]
    assert len(judged) == len(FILES) + SMALL
    assert usage.ru_maxrss / 1024 <= MOST_MB


def test_what_is_large_is_done_one_at_a_time() -> None:
    turns, at_work, most = Turns(10), [0, 0], [0, 0]
    lock = threading.Lock()

    def work(size: int) -> None:
        kind = size >= 10
        with turns.of(size):
            with lock:
                at_work[kind] += 1
                most[kind] = max(most[kind], at_work[kind])
            time.sleep(0.05)
            with lock:
                at_work[kind] -= 1

    threads = [threading.Thread(target=work, args=(size,)) for size in (1, 10, 1, 20, 1, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [3, 1]


def test_a_turn_ends_with_an_error() -> None:
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns.of(5):
        raise ZeroDivisionError
    with turns.of(5):
        pass
