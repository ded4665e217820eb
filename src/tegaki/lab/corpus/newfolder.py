"""The folder that shards are made in: all of them stand there in the end, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tegaki.errors import OutputError
from tegaki.lab.runlock import LOCK, locked

LEFT_OUT = "left-out.csv"
SPOOL = "spool"
_MADE = re.compile(rf"{LOCK}|{SPOOL}|{re.escape(LEFT_OUT)}|manifest\.csv|[a-z_]+-\d{{5}}\.tar")


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """A folder for new files, which are taken away again if anything goes wrong.

    What a build left that was killed is taken away first: its lock stands there still, among
    nothing but files that a build makes, and no ``shards.json``.

    Raises:
        OutputError: the folder holds something else, or another build is at work there.
    """
    made = not folder.exists()
    if not made and not (folder.is_dir() and _can_be_built_in(folder)):
        raise OutputError(f"{folder} is not an empty folder; name another, or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _clear(folder, but=LOCK)
        try:
            yield
        except BaseException:
            _clear(folder)
            if made:
                folder.rmdir()
            raise
        (folder / LOCK).unlink(missing_ok=True)


def _can_be_built_in(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return not names or (LOCK in names and all(_MADE.fullmatch(name) for name in names))


def _clear(folder: Path, but: str = "") -> None:
    for path in folder.iterdir():
        if path.name != but:
            path.unlink()
