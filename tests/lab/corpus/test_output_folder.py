"""Folders that shards are made in: what somebody keeps there is never taken away."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tegaki.errors import OutputError
from tegaki.lab.corpus import output_folder
from tegaki.lab.corpus.output_folder import new_folder
from tegaki.utils.folder_lock import locked

fcntl = pytest.importorskip("fcntl", reason="nothing is locked without it")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """What a build left that was killed."""
    folder = tmp_path / "killed"
    folder.mkdir()
    for name in ("unfinished-build", "spool", "left-out.csv", "val-00000.tar", "manifest.csv"):
        (folder / name).write_text(name)
    return folder


def test_what_a_killed_build_left_makes_room(killed: Path) -> None:
    with new_folder(killed):
        assert names(killed) == ["unfinished-build"]
        (killed / "shards.json").touch()
    assert names(killed) == ["shards.json"]


@pytest.mark.parametrize("name", ["shards.json", "mine-00000.tar", "notes.txt", "lock"])
def test_anything_else_there_is_kept(killed: Path, name: str) -> None:
    (killed / name).touch()
    before = names(killed)
    with pytest.raises(OutputError, match="not an empty folder"), new_folder(killed):
        pass
    assert names(killed) == before


def test_only_files_are_taken_away(killed: Path, tmp_path: Path) -> None:
    (killed / "spool").unlink()
    (killed / "spool").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="not an empty folder"), new_folder(killed):
        pass
    (killed / "spool").unlink()
    (killed / "spool").mkdir()
    with pytest.raises(OutputError, match="not an empty folder"), new_folder(killed):
        pass
    assert len(names(killed)) == 5


def test_a_set_that_is_finished_meanwhile_is_kept(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(folder: Path, name: str) -> object:
        (folder / "shards.json").touch()
        return locked(folder, name)

    monkeypatch.setattr(output_folder, "locked", late)
    with pytest.raises(OutputError, match="not an empty folder"), new_folder(killed):
        pass
    assert "shards.json" in names(killed)
    assert "val-00000.tar" in names(killed)


def test_what_others_put_there_meanwhile_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "new"

    def build() -> None:
        with new_folder(folder):
            (folder / "spool").touch()
            (folder / "notes.txt").touch()
            (folder / "sub").mkdir()
            raise ValueError("the disk")

    with pytest.raises(ValueError, match="the disk"):
        build()
    assert names(folder) == ["notes.txt", "sub"]


def test_a_lock_that_its_holder_took_away_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: (tmp_path / "lock").unlink())
    with pytest.raises(OutputError, match="another run was at work"), locked(tmp_path):
        pass


def test_where_there_are_no_locks_nothing_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path), locked(tmp_path):
        pass


def test_nothing_is_written_through_a_lock(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with locked(tmp_path):
        assert (tmp_path / "precious").read_text() == "kept"
