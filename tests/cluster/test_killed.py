"""Workers and drivers that are killed lose nothing, and nothing committed is scored again."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tegaki import Detector
from tegaki.cluster import open_target, runs
from tegaki.errors import ClusterError
from tegaki.results.result import Measurement
from tegaki.scan.scorer import BatchScorer
from tegaki.sources import SourceFile
from tests.cli.test_cli import TEGAKI, tegaki
from tests.cluster.conftest import Web, make_run, rows_at
from tests.sources.archives.made import png


def workers() -> set[int]:
    """The processes of this session's cluster that score."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            raylet = parent(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
        if title.startswith(b"ray::") and b"Worker" in title and parent(raylet) == os.getpid():
            found.add(int(folder.name))
    return found


def parent(process: int) -> int:
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    return int(status.rpartition(")")[2].split()[1])


def fill(web: Web, count: int, slow: float) -> list[str]:
    """So many pictures on the server, each taking its time; their URLs."""
    web.files = {f"/{number:02}.png": png(number) for number in range(count)}
    web.slow = slow
    return [web.url + path for path in web.files]


def test_a_killed_worker_costs_no_row(
    address: str, detector: Detector, web: Web, tmp_path: Path
) -> None:
    urls = fill(web, 40, slow=0.15)
    run = make_run(detector, open_target(str(tmp_path / "out")), urls, size=4)
    killed: set[int] = set()
    done = []
    for partition in run.partitions():
        done.append(partition.number)
        if not killed:
            killed = workers()
            assert killed
            for process in killed:
                os.kill(process, signal.SIGKILL)
    assert not killed & workers()
    assert sorted(done) == list(range(10))
    expected = [detector.inspect(web.files[url.removeprefix(web.url)], url) for url in urls]
    assert rows_at(tmp_path / "out", detector) == expected


def test_a_stopped_and_then_killed_driver_goes_on(
    address: str, detector: Detector, web: Web, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    urls = fill(web, 60, slow=0.4)  # so that no partition is the last
    (tmp_path / "list.txt").write_text("\n".join([*urls, f"{web.url}/none.png", ""]))
    make_plan = tegaki("cluster", "plan", "--files-from", tmp_path / "list.txt", "--out", out,
                     "--partition-size", "4", "--model", "fast")  # fmt: skip
    assert "61 files in 16 partitions; next: tegaki cluster run" in make_plan.stderr
    command = [*TEGAKI, "cluster", "run", str(out), "--address", address]

    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(out, 1, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    stopped = settled(out)
    assert f"what was done is kept: {len(stopped)} of 16 partitions. The same command" in said

    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_for(out, len(stopped) + 1, process)
    process.kill()
    process.communicate(timeout=30)
    killed = settled(out)
    assert killed.items() > stopped.items()
    asked = web.asked.copy()
    web.slow = 0.0

    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert f"{len(killed)} of 16 partitions were there before" in done.stderr
    assert "FileNotFound: 1" in done.stderr
    whole = settled(out)
    assert len(whole) == 16
    assert whole.items() > killed.items()
    # No file of a committed partition was even asked for again.
    for name in killed:
        for url in urls[int(name[5:11]) * 4 :][:4]:
            path = url.removeprefix(web.url)
            assert web.asked[path] == asked[path]
    rows = rows_at(out, detector)
    assert [row.path for row in rows] == [*urls, f"{web.url}/none.png"]
    assert all(row.error is None for row in rows[:-1])
    assert (out / "_SUCCESS").exists()


class Deadly(BatchScorer):
    """A worker that dies of some contents, as one does of a fault in a decoder."""

    def measurement(
        self, item: SourceFile, measure: Callable[[bytes], Measurement] | None = None
    ) -> Measurement:
        if b"deadly" in item.read(100):
            os._exit(9)
        return super().measurement(item, measure)

    def __reduce__(self) -> tuple[Any, ...]:
        return Deadly, super().__reduce__()[1]


def test_a_file_that_kills_every_worker_ends_the_scan(
    address: str, detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_RETRIES", 1)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"deadly" if number == 1 else b"none")
    paths = [str(tmp_path / f"{number}.png") for number in range(3)]
    target = open_target(str(tmp_path / "out"))
    run = make_run(detector, target, paths, size=1)
    runs.Worker(pickle.dumps(run.batch), target, run.plan)({"partition": [0]})
    kept = target.get("part-000000.parquet")
    run = replace(run, batch=Deadly(detector.scorer), workers=1)
    with pytest.raises(ClusterError, match=r"the same\s+command goes on from there"):
        list(run.partitions())
    assert not target.names() & {"part-000001.parquet", "_SUCCESS"}
    assert kept is not None
    assert target.get("part-000000.parquet") == kept


def wait_for(out: Path, count: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while len(list(out.glob("part-*"))) < count:
        if process.poll() is not None or time.monotonic() > end:
            process.send_signal(signal.SIGABRT)
            pytest.fail(f"{process.poll()}: {process.communicate()[1]}")
        time.sleep(0.05)


def settled(out: Path) -> dict[str, tuple[int, int]]:
    """The committed partitions, by when and as which file, once no worker is left."""
    end = time.monotonic() + 30
    while workers():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not (out / "_SUCCESS").exists() or len(list(out.glob("part-*"))) == 16
    status = {path.name: path.stat() for path in out.glob("part-*")}
    return {name: (of.st_mtime_ns, of.st_ino) for name, of in status.items()}
