"""The folder that shards are made in: all of them stand there in the end, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tegaki.errors import OutputError
from tegaki.lab.corpus.manifest import SPLITS
from tegaki.utils.folder_lock import locked

LEFT_OUT = "left-out.csv"
SPOOL = "spool"
_UNFINISHED = "unfinished-build"
"""Held while a build is at work; where it stands and nobody holds it, one was killed."""
_MADE = re.compile(
    rf"{_UNFINISHED}|{SPOOL}|{re.escape(LEFT_OUT)}|manifest\.csv|shards\.json\.new"
    rf"|({'|'.join(SPLITS)})-\d{{5}}\.tar"
)


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """A folder for new files, which are taken away again if anything goes wrong.

    What a build left that was killed is taken away first, unless it had come as far as
    ``shards.json``. (On Windows nothing says that a build is at work.)

    Raises:
        OutputError: the folder holds something else, or another build is at work there.
    """
    made = not folder.exists()
    _refuse_what_is_kept(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, _UNFINISHED):
        _refuse_what_is_kept(folder)  # a build may have ended there meanwhile
        _clear(folder, but=_UNFINISHED)
        try:
            yield
        except BaseException:
            _clear(folder)
            if made:
                with suppress(OSError):  # somebody has put something there
                    folder.rmdir()
            raise
        (folder / _UNFINISHED).unlink(missing_ok=True)


def _refuse_what_is_kept(folder: Path) -> None:
    if not folder.exists():
        return
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else {""}
    if there and not (_UNFINISHED in there and all(_is_made(folder / name) for name in there)):
        raise OutputError(f"{folder} is not an empty folder; name another, or remove it")


def _is_made(path: Path) -> bool:
    return bool(_MADE.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


def _clear(folder: Path, but: str = "") -> None:
    for path in folder.iterdir():
        if path.name != but and _is_made(path):
            path.unlink()
