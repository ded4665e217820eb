"""Places that results go to: looked at before the work, not after it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tegaki.errors import OutputError


def check_file(file: Path | None) -> None:
    """See that a file can be written; ``-`` and ``None`` are none.

    Raises:
        OutputError: its folder is not there, or nothing can be written into it.
    """
    if file is None or str(file) == "-" or file.exists():
        return
    if not file.parent.is_dir():
        raise OutputError(f"{file} cannot be written: its folder does not exist")
    _try(file.parent, file)


def check_folder(folder: Path) -> None:
    """See that files can be written into a folder, which need not be there yet. Nothing is left.

    Raises:
        OutputError: it cannot be made, or nothing can be written into it.
    """
    _try(next(path for path in (folder, *folder.absolute().parents) if path.exists()), folder)


def write_text(file: Path, text: str) -> None:
    """Write a file of text.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutputError(f"{file} cannot be written: {problem.strerror}") from problem


def _try(there: Path, wanted: Path) -> None:
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as problem:
        raise OutputError(f"{wanted} cannot be written: {problem.strerror}") from problem
