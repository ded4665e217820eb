"""Archives in a scan into a store."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki import Detector, Limits
from tegaki.model import load_single
from tegaki.scan import scan
from tegaki.scan.incremental import ScanOutcome, scan_into
from tegaki.sources import find
from tegaki.store import Query, Store
from tests.cli.test_cli import tegaki
from tests.imaging.test_files import let_others_in, without_privileges
from tests.sources.archives.made import RawEntry, make_tar, make_zip, png, raw_zip
from tests.store.conftest import LONG_AGO, Counting, rows, scanned

FILES = {"1.png": png(1), "in/2.png": png(2), "no.txt": b"no picture"}
MAKERS: dict[str, Callable[[Path, dict[str, bytes]], Path]] = {
    "zip": make_zip,
    "tar": make_tar,
    "tar.gz": lambda path, files: make_tar(path, files, "w:gz"),
}


def aged(path: Path, by: float = 0) -> Path:
    os.utime(path, (LONG_AGO + by, LONG_AGO + by))
    return path


@pytest.fixture(params=MAKERS)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive of three files, alone in a folder."""
    (tmp_path / "pictures").mkdir()
    path = tmp_path / "pictures" / f"a.{request.param}"
    MAKERS[request.param](path, FILES)
    return aged(path)


def make_again(archive: Path, files: dict[str, bytes]) -> None:
    MAKERS[archive.name.partition(".")[2]](archive, files)
    aged(archive, by=10)


def ways(outcomes: list[ScanOutcome]) -> Counter[str]:
    return Counter(outcome.action for outcome in outcomes)


def names(where: str, query: Query | None = None) -> list[str]:
    return [row.path.rpartition("/pictures/")[2] for row in rows(where, query)]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_rows_are_those_of_a_plain_scan(
    where: str, detector: Detector, tmp_path: Path, workers: int
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for suffix, make in MAKERS.items():
        aged(make(folder / f"a.{suffix}", FILES | {f"{n}.png": png(n) for n in range(10)}))
    (folder / "broken.tar").write_bytes(b"no tar")
    plain = list(scan(detector.scorer, find([str(folder)], recursive=True), workers=workers))
    outcomes = scanned(where, detector, folder, workers=workers)
    assert [outcome.path for outcome in outcomes] == [row.path for row in plain]
    assert rows(where) == sorted(plain, key=lambda row: row.path.partition("::"))


def test_what_has_not_changed_is_not_opened(where: str, detector: Detector, archive: Path) -> None:
    assert ways(scanned(where, detector, archive.parent)) == {"scored": 3}
    before = rows(where)
    # Nothing that could be read, of the same size and time: who does not open it cannot know.
    archive.write_bytes(b"?" * archive.stat().st_size)
    aged(archive)
    again = scanned(where, detector, archive.parent)
    assert ways(again) == {"unchanged": 3}
    assert sorted(outcome.path for outcome in again) == [row.path for row in before]
    assert rows(where) == before
    assert ways(scanned(where, detector, archive.parent, rehash=True)) == {"hashed": 1}
    assert rows(where) != before


def test_what_is_renamed_is_hashed_and_not_scored(
    where: str, detector: Detector, archive: Path
) -> None:
    scanned(where, detector, archive.parent)
    archive.rename(archive.with_name("b." + archive.name.partition(".")[2]))
    counting = Counting(detector)
    assert ways(scanned(where, counting, archive.parent)) == {"hashed": 3}
    assert counting.measured == 0
    assert names(where, Query(gone=True)) == [f"{archive.name}::{name}" for name in FILES]
    assert {name[0] for name in names(where)} == {"b"}
    # Back again, as it was: what the store says of it was marked as gone.
    (renamed,) = archive.parent.iterdir()
    renamed.rename(archive)
    assert len(scanned(where, counting, archive.parent)) == 3
    assert {name[0] for name in names(where)} == {"a"}
    assert counting.measured == 0


def test_what_is_changed_is_read_and_its_lost_members_are_gone(
    where: str, detector: Detector, archive: Path
) -> None:
    scanned(where, detector, archive.parent)
    make_again(archive, {"1.png": png(1), "new.png": png(9)})
    assert ways(scanned(where, detector, archive.parent)) == {"hashed": 1, "scored": 1}
    assert names(where) == [f"{archive.name}::1.png", f"{archive.name}::new.png"]
    assert names(where, Query(gone=True)) == [
        f"{archive.name}::in/2.png", f"{archive.name}::no.txt",
    ]  # fmt: skip
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 2}
    archive.unlink()
    scanned(where, detector, archive.parent)
    assert names(where) == []
    assert len(names(where, Query(gone=True))) == 4


def test_a_new_recipe_scores_members_too(where: str, detector: Detector, archive: Path) -> None:
    scanned(where, detector, archive.parent)
    fast = load_single("fast")
    calibration = replace(fast.config.calibration, intercept=1.0)
    recipe = replace(fast.config, calibration=calibration)
    other = Detector(replace(fast, config=recipe), detector.limits)
    assert ways(scanned(where, other, archive.parent)) == {"scored": 3}
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 3}


def test_a_scan_that_is_left_in_an_archive_goes_on(
    where: str, detector: Detector, archive: Path
) -> None:
    with Store.open(where) as store:
        begun = store.begin_scan(detector.context, detector.scorer.reader_version)
        going = scan_into(begun, detector.scorer, find([str(archive)], recursive=False), workers=1)
        next(going)
        going.close()
    assert names(where) == [f"{archive.name}::1.png"]
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 1, "scored": 2}
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 3}


def test_an_archive_that_breaks_keeps_what_can_be_read(
    where: str, detector: Detector, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    whole = make_tar(folder / "a.tar", FILES).read_bytes()
    aged(folder / "a.tar")
    scanned(where, detector, folder)
    (folder / "a.tar").write_bytes(whole[: whole.index(b"in/2.png") + 600])
    aged(folder / "a.tar", by=10)
    assert ways(scanned(where, detector, folder)) == {"hashed": 2}
    assert names(where) == ["a.tar", "a.tar::1.png"]
    assert names(where, Query(error="BrokenArchive")) == ["a.tar"]
    (folder / "a.tar").write_bytes(whole)
    aged(folder / "a.tar")
    assert Counter(o.action for o in scanned(where, detector, folder))["scored"] == 0
    assert names(where) == [f"a.tar::{name}" for name in FILES]


def test_an_archive_that_may_not_be_read_keeps_its_members(
    tmp_path: Path, detector: Detector
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    let_others_in(folder)
    for path in (folder, tmp_path):
        path.chmod(0o777)
    where = str(tmp_path / "s.db")
    aged(make_zip(folder / "a.zip", FILES))
    scanned(where, detector, folder)
    aged(folder / "a.zip", by=10).chmod(0)
    for path in tmp_path.glob("s.db*"):
        path.chmod(0o666)
    with without_privileges():
        scanned(where, detector, folder)
    assert names(where) == ["a.zip", *(f"a.zip::{name}" for name in FILES)]


def test_members_that_could_not_be_read_are_tried_again_and_others_are_not(
    where: str, detector: Detector, archive: Path
) -> None:
    files = FILES | {"large": bytes(5000)}
    make_again(archive, files)
    small = Detector(detector.bundle, Limits(max_bytes=4000))
    assert ways(scanned(where, small, archive.parent)) == {"scored": 3, "hashed": 1}
    assert ways(scanned(where, small, archive.parent)) == {"unchanged": 3, "hashed": 1}
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 3, "scored": 1}
    assert ways(scanned(where, detector, archive.parent)) == {"unchanged": 4}


def test_names_that_a_database_might_not_take(
    where: str, detector: Detector, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    long = bytes(os.urandom(1)[0] % 25 + 97 for _ in range(60_000))
    given = [b"\xff.png", b"a\0b", long, b"", b"twice", b"twice", b"a::b", b"../../up"]
    raw_zip(folder / "a.zip", [RawEntry(n, b"x%d" % i, 2, method=0) for i, n in enumerate(given)])
    data = (folder / "a.zip").read_bytes()
    assert data  # checksums are wrong: what is asked is whether names can be kept
    aged(folder / "a.zip")
    outcomes = scanned(where, detector, folder)
    assert len(outcomes) == 8
    kept = names(where)
    assert len(kept) == 7  # of two of one name the later
    assert sorted({o.path.rpartition("/pictures/")[2] for o in outcomes}) == sorted(
        name.replace("\\xff", "\udcff") for name in kept
    )
    raw = os.fsencode(folder) + b"/a.zip::\xff.png"
    assert [row.path_bytes for row in rows(where) if row.path_bytes] == [raw.hex()]


def test_an_archive_where_a_file_was_before(where: str, detector: Detector, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.zip").write_bytes(png(1))
    aged(folder / "a.zip")
    for _ in range(2):
        scanned(where, detector, folder)
        assert names(where) == ["a.zip"]
    aged(make_zip(folder / "a.zip", FILES), by=5)
    for _ in range(2):
        scanned(where, detector, folder)
        assert names(where) == [f"a.zip::{name}" for name in FILES]


def test_the_command(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    aged(make_zip(folder / "a.cbz", FILES))
    aged(make_tar(folder / "b.tgz", FILES, "w:gz"))
    store, out = tmp_path / "s.db", tmp_path / "rows.jsonl"
    done = tegaki("scan", folder, "--all-files", "--store", store, "--out", out)
    assert "6 files in" in done.stderr
    assert "3 read, their content known or not to be had, 3 measured" in done.stderr
    assert len(out.read_text().splitlines()) == 6
    done = tegaki("scan", folder, "--all-files", "--store", store, "--out", out)
    assert "6 unchanged and not read" in done.stderr
    assert len(out.read_text().splitlines()) == 6
    done = tegaki("results", store, "--path", "*.cbz::*.png", "--out", tmp_path / "page.html")
    assert "2 rows" in done.stderr
    assert (tmp_path / "page.html").read_text().count("data:image/jpeg;base64,") == 2
    make_zip(folder / "a.cbz", {"1.png": png(1)})
    done = tegaki("scan", folder / "a.cbz", "--all-files", "--store", store)
    assert "2 are no longer there" in done.stderr
    assert len(tegaki("results", store, "--gone", "--json").stdout.splitlines()) == 2
