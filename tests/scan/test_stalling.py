"""A server that does not answer holds up nothing but its own files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tegaki import Detector, Limits
from tests.conftest import painting
from tests.stalling import stalling

TEGAKI = [sys.executable, "-m", "tegaki"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, among folders of files that cannot be read."""
    for number in range(4):
        painting(90, 120, seed=number).save(tmp_path / f"{number}.png")
    (tmp_path / "1-away").mkdir()
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_many_files(folder: Path, workers: int) -> None:
    with stalling(folder / "1-away", ("a.png", "b.png", "c.png")):
        paths = sorted(p for p in folder.rglob("*.png"))
        assert len(paths) == 7
        detector = Detector.load(limits=Limits(max_seconds=3.0))
        started = time.monotonic()
        rows = list(detector.inspect_many(paths, workers=workers))
    assert time.monotonic() - started < 60
    assert [row.path for row in rows] == [str(path) for path in paths]
    assert [row.error.type if row.error else None for row in rows] == [
        None, *["TimedOut"] * 3, None, None, None,
    ]  # fmt: skip


def test_a_scan_and_a_store(folder: Path) -> None:
    command = [*TEGAKI, "scan", str(folder), "--recursive", "--json", "--max-seconds", "3"]
    store = ["--store", str(folder.parent / "s.tegaki")]
    with stalling(folder / "1-away", ("a.png", "b.png")):
        for more in ([], store):
            done = subprocess.run(
                [*command, *more], capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 1, done.stderr
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            late = [Path(r["path"]).name for r in rows if r["error"]]
            assert late == ["a.png", "b.png"]
            assert rows[1]["error"]["message"] == "it took longer than 3 seconds"
            assert len(rows) == 6
            assert "TimedOut: 2" in done.stderr
    # The server is there again: what was late is read.
    painting(200, 100).save(folder / "1-away" / "a.png")
    again = subprocess.run([*command, *store], capture_output=True, text=True, check=True)
    assert len(again.stdout.splitlines()) == 5


def test_ctrl_c_while_a_file_stalls(folder: Path) -> None:
    out = folder.parent / "rows.jsonl"
    with (
        stalling(folder / "1-away", ("a.png",)),
        subprocess.Popen(
            [*TEGAKI, "scan", str(folder), "--recursive", "--out", str(out)],
            stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        deadline = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert process.returncode == 130
