from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tegaki.sources import SourceFile, find
from tests.imaging.test_files import let_others_in, without_privileges


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.png", "a.png", "sub/c.png", "sub/deep/d.png", ".hidden/e.png", ".f.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*paths: str, recursive: bool = False, skip: tuple[str, ...] = ()) -> list[str]:
    return [found.path for found in find(paths, recursive=recursive, skip=skip)]


@pytest.mark.usefixtures("tree")
class TestOrder:
    def test_a_folder_is_sorted_and_not_entered_further(self) -> None:
        assert names(".") == ["./a.png", "./b.png"]

    def test_recursive(self) -> None:
        expected = ["./a.png", "./b.png", "./sub/c.png", "./sub/deep/d.png"]
        assert names(".", recursive=True) == expected

    def test_input_order_of_files(self) -> None:
        assert names("sub/c.png", "b.png", "a.png") == ["sub/c.png", "b.png", "a.png"]

    def test_hidden_files_are_found_when_named(self) -> None:
        assert names(".", ".f.png") == ["./a.png", "./b.png", ".f.png"]
        assert names(".hidden") == [".hidden/e.png"]

    def test_missing_paths_are_kept_for_their_row(self) -> None:
        assert names("no.png", "a.png") == ["no.png", "a.png"]

    def test_the_file_that_is_written_is_not_found(self) -> None:
        assert names(".", skip=("a.png",)) == ["./b.png"]


class TestTwice:
    def test_the_same_file(self, tree: Path) -> None:
        assert names("a.png", "./a.png", str(tree / "a.png"), "sub/../a.png") == ["a.png"]

    def test_a_file_and_its_folder(self, tree: Path) -> None:
        assert names("b.png", ".") == ["b.png", "./a.png"]
        assert names(".", "b.png") == ["./a.png", "./b.png"]

    def test_a_missing_file_beside_its_folder_keeps_its_row(self, tree: Path) -> None:
        assert names(".", "gone.png") == ["./a.png", "./b.png", "gone.png"]

    def test_a_folder_and_one_inside(self, tree: Path) -> None:
        expected = ["sub/c.png", "sub/deep/d.png", "./a.png", "./b.png"]
        assert names("sub", ".", recursive=True) == expected

    def test_a_folder_reached_through_a_symlink(self, tree: Path) -> None:
        (tree / "again").symlink_to(tree / "sub", target_is_directory=True)
        expected = ["./a.png", "./again/c.png", "./again/deep/d.png", "./b.png"]
        assert names(".", recursive=True) == expected

    def test_a_symlink_to_a_file_is_an_entry_of_its_own(self, tree: Path) -> None:
        (tree / "z.png").symlink_to("a.png")
        assert names(".") == ["./a.png", "./b.png", "./z.png"]


def problems(*paths: str, recursive: bool = True) -> list[tuple[str, str]]:
    found = list(find(paths, recursive=recursive))
    return [(f.path, type(f.problem).__name__) for f in found if f.problem]


def test_a_loop_of_folders_ends_and_is_named(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree, target_is_directory=True)
    assert problems(".") == [("./sub/up", "SymlinkLoop")]
    assert len(names(".", recursive=True)) == 5


def test_a_symlink_out_of_the_named_folder_to_one_above_it(tree: Path) -> None:
    (tree / "sub" / "up").symlink_to(tree, target_is_directory=True)
    assert problems("sub") == [("sub/up", "SymlinkLoop")]


def test_a_symlink_to_itself_is_left_to_reading(tree: Path) -> None:
    (tree / "self.png").symlink_to("self.png")
    assert SourceFile("./self.png") in list(find(["."], recursive=True))


@pytest.mark.parametrize("recursive", [False, True])
def test_a_folder_named_like_a_picture_is_said(tree: Path, recursive: bool) -> None:
    (tree / "x.PNG").mkdir()
    (tree / "x.PNG" / "inside.png").write_bytes(b"x")
    assert problems(".", recursive=recursive) == [("./x.PNG", "IsAFolder")]
    assert ("./x.PNG/inside.png" in names(".", recursive=recursive)) is recursive


def test_a_folder_that_may_not_be_read(tree: Path) -> None:
    let_others_in(tree)
    (tree / "sub").chmod(0)
    with without_privileges():
        assert problems(str(tree)) == [(str(tree / "sub"), "PermissionDenied")]
    (tree / "sub").chmod(0o755)


def test_names_that_are_not_utf8_are_sorted_by_their_bytes(tree: Path) -> None:
    for name in (b"\xff.png", "é.png".encode()):
        with open(os.fsencode(tree) + b"/" + name, "wb"):
            pass
    assert [os.fsencode(n)[-8:] for n in names(".")][-2:] == ["./é.png".encode(), b"./\xff.png"]


def test_a_very_deep_tree(tmp_path: Path) -> None:
    """Deeper than Python's own stack, which is made small here: deep trees take long to make."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    (tmp_path / "z.png").write_bytes(b"x")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        found = list(find([str(tmp_path)], recursive=True))
    finally:
        sys.setrecursionlimit(before)
    assert found == [SourceFile(str(tmp_path / "z.png"))]
