"""Archives as inputs of a scan: rows, order, memory, outputs."""

from __future__ import annotations

import csv
import json
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tegaki import Detector, Limits
from tegaki.results.result import Measurement, Result
from tegaki.scan import scan
from tegaki.scan.read_ahead import ReadAheadBuffer
from tegaki.sources import SourceFile, find
from tegaki.sources.archives import MemberReader
from tegaki.sources.archives.member import Member, buffered_member
from tegaki.sources.expand import expand_archives
from tegaki.sources.selection import Selector
from tests.cli.test_cli import tegaki
from tests.imaging.test_files import let_others_in, without_privileges
from tests.sources.archives.made import MAX, RawEntry, make_tar, make_zip, png, raw_zip

PICTURES = {"in/1.png": png(1), "2.png": png(2), "no.txt": b"no picture", "../3.png": png(1)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture, and archives of every kind that hold the same four files."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(1))
    make_zip(folder / "b.cbz", PICTURES)
    make_zip(folder / "c.ZIP", PICTURES)
    make_tar(folder / "d.tar", PICTURES)
    make_tar(folder / "e.tgz", PICTURES, "w:gz")
    make_tar(folder / "f.tar.xz", PICTURES, "w:xz")
    return folder


def rows_of(detector: Detector, *paths: Path, workers: int = 2) -> list[Result]:
    return list(scan(detector.scorer, find(map(str, paths), recursive=False), workers=workers))


def test_members_have_the_rows_of_their_bytes(detector: Detector, folder: Path) -> None:
    rows = rows_of(detector, folder)
    expected = [detector.inspect(folder / "a.png")]
    for name in ("b.cbz", "c.ZIP", "d.tar", "e.tgz", "f.tar.xz"):
        for inner, data in PICTURES.items():
            expected.append(detector.inspect(data, f"{folder / name}::{inner}"))
    assert rows == expected


def test_rows_do_not_depend_on_workers(detector: Detector, folder: Path) -> None:
    numbered = {f"{n:03}.png": png(n, 70 + n) for n in range(8)}
    make_tar(folder / "g.tar.gz", numbered, "w:gz")
    make_zip(folder / "h.zip", numbered)
    one = rows_of(detector, folder, workers=1)
    assert rows_of(detector, folder, workers=2) == rows_of(detector, folder, workers=7) == one
    assert len(one) == 21 + 16


def test_an_archive_is_gone_through_when_it_is_named(detector: Detector, folder: Path) -> None:
    paths = [row.path for row in rows_of(detector, folder / "d.tar", folder, folder / "b.cbz")]
    assert paths[:4] == [f"{folder}/d.tar::{name}" for name in PICTURES]
    assert len(paths) == len(set(paths)) == 21


def test_errors_stand_where_they_were_met(detector: Detector, tmp_path: Path) -> None:
    whole = make_tar(tmp_path / "a.tar", PICTURES).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: whole.index(b"no.txt") + 515])
    raw_zip(tmp_path / "b.zip", [RawEntry(b"1.png", bytes(99), 87, flags=1)] * 3)
    (tmp_path / "c.zip").write_bytes(b"no zip")
    make_zip(tmp_path / "d.zip", {"inner.zip": (tmp_path / "b.zip").read_bytes(), "empty.png": b""})
    (tmp_path / "e.zip").write_bytes(b"")
    rows = rows_of(detector, tmp_path, tmp_path / "no.zip")
    errors = [(row.path.rpartition("/")[2], row.error.type) for row in rows if row.error]
    assert errors == [
        ("a.tar", "BrokenArchive"),
        ("b.zip", "EncryptedArchive"),
        ("c.zip", "BrokenArchive"),
        ("d.zip::inner.zip", "NotAPicture"),
        ("d.zip::empty.png", "EmptyFile"),
        ("e.zip", "EmptyFile"),
        ("no.zip", "FileNotFound"),
    ]
    assert [row.path.rpartition("::")[2] for row in rows[:2]] == ["in/1.png", "2.png"]


def test_what_is_no_regular_file_is_not_opened(detector: Detector, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    (tmp_path / "loop.zip").symlink_to("loop.zip")
    (tmp_path / "folder.zip").mkdir()
    make_zip(tmp_path / "folder.zip" / "inner.zip", {"a.png": b""})
    rows = rows_of(detector, tmp_path, tmp_path / "folder.zip")
    assert [row.error.type for row in rows if row.error] == [
        "SymlinkLoop", "NotARegularFile", "EmptyFile",
    ]  # fmt: skip
    (tmp_path / "shut.zip").write_bytes(b"x")
    let_others_in(tmp_path)
    (tmp_path / "shut.zip").chmod(0)
    with without_privileges():
        (row,) = rows_of(detector, tmp_path / "shut.zip")
    assert row.error
    assert row.error.type == "PermissionDenied"


def test_a_picture_under_an_archives_name_is_a_picture(detector: Detector, tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.parquet"):
        (tmp_path / name).write_bytes(png(1))
    assert [row.format for row in rows_of(detector, tmp_path)] == ["PNG"] * 3


def test_names_that_are_no_text(detector: Detector, tmp_path: Path) -> None:
    name = b"\xff\x1b[2J\n.png"
    raw_zip(tmp_path / "a.zip", [RawEntry(name, png(1), len(png(1)), method=0)])
    (row,) = rows_of(detector, tmp_path / "a.zip")
    assert row.path == f"{tmp_path}/a.zip::\\xff\x1b[2J\n.png"
    assert row.path_bytes == (os.fsencode(tmp_path) + b"/a.zip::" + name).hex()
    done = tegaki("scan", tmp_path / "a.zip")
    assert "\x1b" not in done.stdout
    assert "\\xff\\x1b[2J\\n.png" in done.stdout


# ---- memory ------------------------------------------------------------------------------------


class Slow:
    """A scorer that takes its time over each picture."""

    def __init__(self, detector: Detector) -> None:
        self.limits, self.context, self.reader_version = Limits(), detector.context, "slow"
        self._scorer = detector.scorer

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        time.sleep(0.5)
        return self._scorer.measure(data, sha256)


def test_few_bytes_wait_for_workers(detector: Detector, tmp_path: Path) -> None:
    """Of twenty members of 32 MiB: two wait, one is at work, since they are large, and one is on
    its way."""
    size = 32 << 20
    make_tar(tmp_path / "a.tar.gz", {str(n): bytes(size) for n in range(20)}, "w:gz")
    tracemalloc.start()
    try:
        rows = list(scan(Slow(detector), find([str(tmp_path)], recursive=False), workers=4))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(rows) == 20
    assert peak < 5.5 * size  # 18 of them, were they read as the workers are fed


def test_waiting_lets_in_one_that_is_larger_than_the_room() -> None:
    read_ahead = ReadAheadBuffer(60)
    large = list(_held(1 << 27, 1 << 20))
    read_ahead.acquire(large[0])
    entered_too = threading.Event()

    def enter() -> None:
        read_ahead.acquire(large[1])
        entered_too.set()

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    assert not entered_too.wait(0.1)
    read_ahead.release(large[0])
    assert entered_too.wait(10)
    thread.join()


def test_what_waits_behind_files_that_stall_goes_on() -> None:
    """There is no room for it, and the workers that could make some wait for a server."""
    server = threading.Event()

    def stalled() -> bytes:
        server.wait()
        return b""

    found = [SourceFile("stalled", member=Member(b"s", stalled)), *_held(*[1 << 25] * 3)]
    rows: list[Result] = []
    impatient = Detector.load(limits=Limits(max_seconds=3.0))
    thread = threading.Thread(
        target=lambda: rows.extend(scan(impatient.scorer, found, workers=1)), daemon=True
    )
    thread.start()
    thread.join(60)
    server.set()
    assert [row.error.type if row.error else "" for row in rows] == [
        "TimedOut", *["NotAPicture"] * 3,
    ]  # fmt: skip


def _held(*sizes: int) -> Iterator[SourceFile]:
    for size in sizes:
        yield SourceFile("x", member=buffered_member(b"x", bytes(size)))


def test_a_long_listing_takes_little_memory(tmp_path: Path) -> None:
    from tests.sources.archives.test_tar import header

    path = tmp_path / "a.tar"
    path.write_bytes(b"".join(header(b"%d.png" % n, 0) for n in range(50_000)) + bytes(1024))
    tracemalloc.start()
    try:
        count = sum(1 for _ in expand_archives(find([str(path)], recursive=False), MAX, Selector()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 50_000
    assert peak < 1_000_000


# ---- what is written ---------------------------------------------------------------------------


def test_members_are_read_once_more_in_any_order_where_that_is_cheap(folder: Path) -> None:
    pairs = [(name, inner) for name in ("b.cbz", "d.tar") for inner in PICTURES]
    random.Random(0).shuffle(pairs)
    again = MemberReader(MAX)
    for name, inner in pairs:
        assert again.read(f"{folder / name}::{inner}") == PICTURES[inner]
    for inner, data in PICTURES.items():
        assert again.read(f"{folder}/e.tgz::{inner}") == data
    with pytest.raises(Exception, match="no longer in the archive"):
        again.read(f"{folder}/e.tgz::in/1.png")  # passed already
    (folder / "x.zip::y.png").write_bytes(b"a file's name")
    assert again.read(f"{folder}/x.zip::y.png") == b"a file's name"


def test_the_command_writes_member_paths(folder: Path, tmp_path: Path) -> None:
    for kind in ("csv", "jsonl", "html"):
        done = tegaki("scan", folder, "--all-files", "--out", tmp_path / f"rows.{kind}")
        assert done.returncode == 1  # some are no pictures
        assert "21 files in" in done.stderr
        assert "NotAPicture: 5" in done.stderr
    expected = [str(folder / "a.png")] + [
        f"{folder / name}::{inner}"
        for name in ("b.cbz", "c.ZIP", "d.tar", "e.tgz", "f.tar.xz")
        for inner in PICTURES
    ]
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["path"] for row in csv.DictReader(stream)] == expected
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == expected
    page = (tmp_path / "rows.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 16
    assert all(path in page for path in expected)


def test_a_scan_makes_no_file(folder: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = tegaki("scan", folder, "--quiet", "--json", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 16
    assert sorted(tmp_path.rglob("*")) == before
