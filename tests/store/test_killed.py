"""A scan into a store that is killed, again and again, ends as one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tegaki import Detector
from tegaki.sources import find
from tegaki.store import Query, Store, results
from tests.cli.test_cli import TEGAKI
from tests.conftest import painting
from tests.store.conftest import LONG_AGO

KILLS = 20


def test_kill_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, detector: Detector
) -> None:
    tree = tmp_path / "pictures"
    tree.mkdir()
    for number in range(120):
        path = tree / f"{number}.jpg"
        painting(96, 96 + number % 7, seed=number).save(path)
        os.utime(path, (LONG_AGO, LONG_AGO))
    where = tmp_path / "s.db"
    command = [*TEGAKI, "scan", str(tree), "--store", str(where), "--quiet", "--model", "fast"]
    chance = random.Random(0)
    killed = 0
    for _ in range(KILLS):
        # The whole start counts too: a store may be killed while it is being made.
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0.2, 2.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
    assert killed
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, timeout=120)
    assert done.returncode == 0
    with Store.open(str(where)) as store:
        kept = list(results(store, Query()))
    plain = [detector.inspect(found.path) for found in find([str(tree)], recursive=False)]
    assert Counter(row.path for row in kept) == Counter(row.path for row in plain)
    assert kept == sorted(plain, key=lambda row: row.path)


def test_ctrl_c_keeps_what_is_done_and_the_next_scan_goes_on(tmp_path: Path) -> None:
    tree = tmp_path / "pictures"
    tree.mkdir()
    for number in range(400):
        path = tree / f"{number:03}.jpg"
        painting(500, 500, seed=number).save(path)
        os.utime(path, (LONG_AGO, LONG_AGO))
    where = str(tmp_path / "s.db")
    command = [*TEGAKI, "scan", str(tree), "--store", where, "--model", "fast"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()  # the table's head, and rows: it is at work
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what was done is kept" in said
    with Store.open(where) as store:
        kept = len(list(results(store, Query())))
    assert 3 <= kept < 400
    again = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert f"{kept} unchanged and not read, {400 - kept} measured" in again.stderr


def test_two_scans_into_one_store_at_a_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for number in range(30):
            painting(100, 100, seed=number).save(tmp_path / name / f"{number}.png")
    where = str(tmp_path / "s.db")
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "tegaki", "scan", str(tmp_path / name), "--store", where, "-q"],
            stdout=subprocess.DEVNULL,
        )
        for name in ("one", "two")
    ]
    assert [process.wait(120) for process in both] == [0, 0]
    with Store.open(where) as store:
        assert len(list(results(store, Query()))) == 60
