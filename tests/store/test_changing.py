"""Files that change between being listed and being read, and several scans at a time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tegaki import Detector, Limits
from tegaki.scan.incremental import scan_into
from tegaki.sources import SourceFile, find
from tegaki.sources.archives import Member
from tegaki.store import Query, Store
from tests.conftest import painting
from tests.imaging.test_files import let_others_in, without_privileges
from tests.sources.archives.made import png
from tests.store.conftest import rows, scanned


def scanned_while(
    where: str, detector: Detector, tree: Path, change: Callable[[], None]
) -> dict[str, str | None]:
    """Errors by name of a scan during which something happens: all is listed, nothing is read."""

    def listed() -> Iterator[SourceFile]:
        yield from list(find([str(tree)], recursive=True))
        change()

    with Store.open(where) as store:
        scan = store.begin_scan(detector.context, detector.scorer.reader_version)
        outcomes = list(scan_into(scan, detector.scorer, listed(), workers=2))
        scan.mark_gone(os.fsencode(tree))
    said = {Path(o.path).name: o.measurement.error for o in outcomes if o.measurement is not None}
    return {name: error.type if error else None for name, error in said.items()}


def settled(where: str, detector: Detector, tree: Path) -> None:
    """After one more scan the store says of every file what is true of it."""
    scanned(where, detector, tree)
    plain = [detector.inspect(found.path) for found in find([str(tree)], recursive=True)]
    assert rows(where) == sorted(plain, key=lambda row: os.fsencode(row.path))


def test_a_file_is_deleted(where: str, detector: Detector, tree: Path) -> None:
    said = scanned_while(where, detector, tree, (tree / "a.png").unlink)
    assert said["a.png"] == "FileNotFound"
    assert said["d.png"] is None
    assert len(said) == 6
    settled(where, detector, tree)
    assert [Path(row.path).name for row in rows(where, Query(gone=True))] == ["a.png"]


def test_a_file_is_replaced(where: str, detector: Detector, tree: Path) -> None:
    def replace() -> None:
        painting(300, 200, seed=11).save(tree / "new.png")
        os.replace(tree / "new.png", tree / "a.png")

    assert scanned_while(where, detector, tree, replace)["a.png"] is None
    settled(where, detector, tree)


def test_a_file_is_replaced_by_one_of_its_size_and_time(
    where: str, detector: Detector, tree: Path
) -> None:
    """What was read counts, not what was listed; no later scan can see the difference."""

    def replace() -> None:
        (tree / "bad.png").write_bytes(b"still no more")
        os.utime(tree / "bad.png", ns=(long_ago, long_ago))

    long_ago = os.stat(tree / "bad.png").st_mtime_ns
    scanned_while(where, detector, tree, replace)
    settled(where, detector, tree)


def test_a_file_grows(where: str, detector: Detector, tree: Path) -> None:
    whole = (tree / "a.png").read_bytes()
    (tree / "a.png").write_bytes(whole[: len(whole) // 2])

    def grow() -> None:
        (tree / "a.png").write_bytes(whole)

    assert scanned_while(where, detector, tree, grow)["a.png"] is None
    (tree / "a.png").write_bytes(whole[: len(whole) // 2])
    assert scanned_while(where, detector, tree, lambda: None)["a.png"] == "TruncatedPicture"
    (tree / "a.png").write_bytes(whole)
    settled(where, detector, tree)


def test_a_folder_without_permission_loses_nothing(
    detector: Detector, tree: Path, tmp_path: Path
) -> None:
    where = str(tmp_path / "pictures.tegaki")
    scanned(where, detector, tree)
    before = rows(where)
    let_others_in(tmp_path)
    tmp_path.chmod(0o777)
    for path in tmp_path.glob("pictures.tegaki*"):
        path.chmod(0o666)
    (tree / "more").chmod(0)
    try:
        with without_privileges():
            outcomes = scanned(where, detector, tree)
            said = {Path(row.path).name: row.error and row.error.type for row in rows(where)}
    finally:
        (tree / "more").chmod(0o755)
    assert len(outcomes) == 5  # four files and the folder
    assert said["more"] == "PermissionDenied"
    kept = [row for row in rows(where) if Path(row.path).name != "more"]
    assert kept == before  # what could not be looked at is not gone


def test_scans_that_begin_at_once_have_numbers_of_their_own(where: str, detector: Detector) -> None:
    with Store.open(where) as store, ThreadPoolExecutor(8) as pool:
        begun = [
            pool.submit(store.begin_scan, detector.context, f"{n % 2}" * 16) for n in range(32)
        ]
        numbers = [each.result().number for each in begun]
    assert sorted(numbers) == list(range(1, 33))


def test_a_content_whose_first_file_came_too_late(where: str, tmp_path: Path) -> None:
    """It is measured once, for a file that is given up, and kept for the others that hold it."""
    data, late = png(7), threading.Event()
    detector = Detector.load(limits=Limits(max_seconds=4.0))

    def slow() -> bytes:
        late.wait()
        return data

    def copy() -> bytes:
        late.set()  # the other one has been given up: no more than four are in hand
        time.sleep(0.3)
        return data

    reads: list[Callable[[], bytes]] = [slow, *[lambda: b"no picture"] * 4, copy]
    found = [SourceFile(str(tmp_path / f"{n}"), member=Member(b"", r)) for n, r in enumerate(reads)]
    with Store.open(where) as store:
        scan = store.begin_scan(detector.context, detector.scorer.reader_version)
        list(scan_into(scan, detector.scorer, found, workers=1))
    errors = [row.error.type if row.error else None for row in rows(where)]
    assert errors == ["TimedOut", *["NotAPicture"] * 4, None]
