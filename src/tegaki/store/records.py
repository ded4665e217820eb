"""What goes into the store and comes out of it, as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tegaki.errors import StoreError
from tegaki.results import codec
from tegaki.results.result import Measurement
from tegaki.sources.archives import SEPARATOR
from tegaki.sources.file_stat import NUL, FileStat


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the store knows of a path. ``scored``: its content, by the model that is asked for.
    ``gone``: it was found to be no longer there."""

    size: int | None
    mtime_ns: int | None
    sha256: bytes
    scored: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file that was looked at. ``new``: these facts are not in the store yet.

    Facts without a ``sha256`` are of a file that could not be read: it is looked at again the
    next time, whatever its size and time say. Without facts it is an archive, all of whose members
    are kept; all but side-cars without ``all_files``.
    """

    file_stat: FileStat
    measurement: Measurement | None
    new: bool
    all_files: bool = True


def display_path(raw: bytes) -> str:
    """The path of a file or member, as rows have it."""
    return os.fsdecode(raw.replace(NUL, SEPARATOR.encode(), 1))


def unpack(text: str, sha256: bytes | None) -> Measurement:
    """What :func:`tegaki.results.codec.pack` was given.

    Raises:
        StoreError: the text is not its work.
    """
    try:
        return codec.unpack(text, sha256)
    except ValueError as problem:
        raise StoreError(f"the store holds facts that cannot be read: {problem}") from problem
