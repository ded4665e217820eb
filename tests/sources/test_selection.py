"""Which files of folders and archives a scan judges: side-cars, patterns, types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tegaki.sources import Selection, Selector, SourceFile, find
from tegaki.sources.expand import expand_archives
from tegaki.sources.selection import is_side_car
from tests.cli.test_cli import tegaki
from tests.sources.archives.made import MAX, make_tar, make_zip, png

FAST = ("--model", "fast")
COMIC = {"001.png": png(1), "002.png": png(2), "ComicInfo.xml": b"<ComicInfo/>"}
SHARD = {"0.png": png(3), "0.txt": b"a cat", "0.json": b"{}", "0.npz": b"PK\5\6", "0.cls": b"7"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with side-cars, a comic book and a shard of a data set."""
    pictures = tmp_path / "pictures"
    (pictures / "more").mkdir(parents=True)
    (pictures / "a.png").write_bytes(png(4))
    (pictures / "a.txt").write_text("1girl, solo")
    (pictures / "a.JSON").write_text("{}")
    (pictures / "more" / "b.png").write_bytes(png(5))
    make_zip(pictures / "c.cbz", COMIC)
    make_tar(pictures / "d.tar", SHARD)
    return pictures


def judged(folder: Path, *options: str) -> tuple[list[str], int, str]:
    """Paths of the rows below a folder, the exit code and the summary."""
    done = tegaki("scan", folder, "-r", "--json", *FAST, *options)
    paths = [json.loads(line)["path"] for line in done.stdout.splitlines()]
    return [path.removeprefix(f"{folder}/") for path in paths], done.returncode, done.stderr


PICTURES = ["a.png", "c.cbz::001.png", "c.cbz::002.png", "d.tar::0.png", "more/b.png"]
ALL = [
    "a.JSON", "a.png", "a.txt", "c.cbz::001.png", "c.cbz::002.png", "c.cbz::ComicInfo.xml",
    "d.tar::0.png", "d.tar::0.txt", "d.tar::0.json", "d.tar::0.npz", "d.tar::0.cls", "more/b.png",
]  # fmt: skip


def test_side_cars_are_passed_over_and_counted(folder: Path) -> None:
    paths, code, said = judged(folder)
    assert paths == PICTURES
    assert code == 0
    assert "5 files in" in said
    counts = "1 .cls, 2 .json, 1 .npz, 2 .txt, 1 .xml"
    assert f"  passed over: {counts}; --all-files judges them too\n" in said


def test_all_files_are_judged_where_that_is_asked(folder: Path) -> None:
    paths, code, said = judged(folder, "--all-files")
    assert paths == ALL
    assert code == 1
    assert "  NotAPicture: 7\n" in said
    assert "passed over" not in said


def test_a_side_car_that_is_named_has_a_row(folder: Path) -> None:
    done = tegaki("scan", folder / "a.txt", folder / "a.png", *FAST)
    assert done.returncode == 1
    assert "  NotAPicture: 1\n" in done.stderr
    assert "passed over" not in done.stderr


def test_a_folder_of_side_cars_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    done = tegaki("scan", tmp_path, *FAST)
    assert done.returncode == 1
    assert "No files were found there" in done.stderr
    assert "  passed over: 1 .txt; --all-files" in done.stderr


def test_a_table_without_pictures_is_a_side_car(tmp_path: Path) -> None:
    """As img2dataset puts one beside each shard."""
    pyarrow = pytest.importorskip("pyarrow", reason="needs tegaki[parquet]")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"url": ["https://example.org/1.png"], "width": [90]})
    parquet.write_table(table, tmp_path / "00000.parquet")
    make_tar(tmp_path / "00000.tar", {"0.png": png(1)})
    done = tegaki("scan", tmp_path, *FAST)
    assert done.returncode == 0
    assert "  passed over: 1 .parquet;" in done.stderr
    named = tegaki("scan", tmp_path / "00000.parquet", *FAST)
    assert named.returncode == 1
    assert "without a column of pictures" in named.stdout


def test_a_store_takes_side_cars_up_when_they_are_asked_for(folder: Path) -> None:
    store = ("--store", str(folder / "rows.tegaki"))
    for options, expected in (
        ((), PICTURES),
        ((), PICTURES),  # the archives are known now
        (("--all-files",), ALL),
        ((), PICTURES),
        (("--exclude", "00?.png"), ["a.png", "d.tar::0.png", "more/b.png"]),
        ((), PICTURES),
    ):
        paths, _, said = judged(folder, *store, *options)
        assert sorted(paths) == sorted(expected), options
        assert "no longer there" not in said
        assert f"{len(expected)} files in" in said
    assert "unchanged and not read" in said


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(include=("*.png",)), PICTURES),
        (Selection(include=("b.*", "a.*")), ["a.png", "more/b.png"]),
        (Selection(include=("*/more/*",)), ["more/b.png"]),
        (Selection(include=("*.cbz",)), ["c.cbz::001.png", "c.cbz::002.png"]),
        (Selection(exclude=("*.cbz", "0.*")), ["a.png", "more/b.png"]),
        (Selection(include=("*.png",), exclude=("*/more/*",)), PICTURES[:4]),
        (Selection(include=("*.txt",), all_files=True), ["a.txt", "d.tar::0.txt"]),
        (Selection(types=("png",)), PICTURES),
        (Selection(types=("jpeg", "webp")), []),
    ],
)
def test_patterns_and_types(folder: Path, selection: Selection, expected: list[str]) -> None:
    select = Selector(selection)
    found = expand_archives(select(find([str(folder)], recursive=True)), MAX, select)
    assert [item.path.removeprefix(f"{folder}/") for item in found] == expected


def test_patterns_and_types_of_the_command(folder: Path) -> None:
    paths, code, _ = judged(folder, "--exclude", "*.cbz", "--exclude", "0.*", "--type", "PNG")
    assert (paths, code) == (["a.png", "more/b.png"], 0)
    paths, code, said = judged(folder, "--include", "*.gif")
    assert (paths, code) == ([], 1)
    assert "--include, --exclude and --type may have left some out" in said


def test_patterns_hold_for_files_that_are_named(folder: Path) -> None:
    done = tegaki("scan", *FAST, "--exclude", "b.*", "more/b.png", "a.png", "--json", cwd=folder)
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == ["a.png"]


def test_types_go_by_names_in_any_case() -> None:
    selection = Selection(types=("jpeg", "tiff"))
    taken = [
        name for name in ("a.JPG", "a.jfif", "b.png", "c.Tif", "jpg") if selection.accepts(name)
    ]
    assert taken == ["a.JPG", "a.jfif", "c.Tif"]


@pytest.mark.parametrize("name", ["a.png", "a", "txt", "a.mp4", "a.json.png", ".png", "a.zip"])
def test_what_may_be_a_picture_is_no_side_car(name: str) -> None:
    assert not is_side_car(name)


def test_what_is_taken_is_asked_of_each_file_once(folder: Path) -> None:
    select = Selector(Selection())
    taken = list(select(find([str(folder), str(folder / "a.txt")], recursive=True)))
    assert SourceFile(str(folder / "a.png")) in taken
    assert select.skipped == {".txt": 1, ".json": 1}
