"""From a path to bytes, within limits, whatever stands at the path."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

from tegaki.errors import (
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    IsAFolder,
    NotARegularFile,
    PermissionDenied,
    PictureError,
    SymlinkLoop,
    UnreadableFile,
)
from tegaki.formats.unsupported import HEAD, unsupported_format


def read_file(path: str, max_bytes: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        PictureError: one of FileNotFound, SymlinkLoop, PermissionDenied, IsAFolder,
            NotARegularFile, FileTooLarge, EmptyFile, UnreadableFile; of what is too large and
            known to be none of the pictures that are decoded also NotAPicture, UnsupportedPicture.
    """
    try:
        _check(os.stat(path))  # before opening: that alone can take from a pipe
        with open(path, "rb", opener=_open_without_waiting) as stream:
            status = os.fstat(stream.fileno())
            _check(status)  # again: something else may stand there by now
            if status.st_size > max_bytes:  # of an archive or a film that is not why
                raise unsupported_format(stream.read(HEAD)) or too_large(status.st_size, max_bytes)
            data = stream.read(status.st_size + 1)
    except ValueError as problem:  # a NUL in the name
        raise FileNotFound("no file can have this name") from problem
    except OSError as problem:
        raise system_error(path, problem) from problem
    if not data:
        raise EmptyFile("the file is empty")
    if len(data) > max_bytes:  # it grew since the check
        raise too_large(len(data), max_bytes)
    return data


def file_size(path: str) -> int:
    """How many bytes reading a file takes; 0 where that cannot be said."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def open_file(path: str) -> BinaryIO:
    """A regular file of any size, to read from.

    Raises:
        PictureError: as :func:`read_file`, but FileTooLarge and EmptyFile.
    """
    try:
        _check(os.stat(path))
        stream = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115
    except ValueError as problem:
        raise FileNotFound("no file can have this name") from problem
    except OSError as problem:
        raise system_error(path, problem) from problem
    try:
        _check(os.fstat(stream.fileno()))
    except PictureError:
        stream.close()
        raise
    return stream


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsAFolder("a folder, not a file")
    if not stat.S_ISREG(status.st_mode):
        raise NotARegularFile("not a regular file (a pipe, socket or device)")


def too_large(size: int, max_bytes: int) -> FileTooLarge:
    """What to say of a file, or of a part of one, with too many bytes."""
    return FileTooLarge(f"{size:,} bytes, over the limit of {max_bytes:,}")


def more_than(max_bytes: int) -> FileTooLarge:
    """What to say of a file with too many bytes, where nobody knows how many."""
    return FileTooLarge(f"over the limit of {max_bytes:,} bytes")


def system_error(path: str, problem: OSError) -> PictureError:
    """The typed form of what the system said of a path."""
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        if os.path.islink(path):
            return FileNotFound("a symlink to something that does not exist")
        if any(sign in os.path.basename(path) for sign in "*?["):
            return FileNotFound(
                "no such file; it is the shell that puts names in a pattern's place, where the "
                "pattern is not quoted and a name matches"
            )
        return FileNotFound("no such file")
    if isinstance(problem, PermissionError):
        return PermissionDenied("permission to read it is missing")
    if problem.errno == errno.ELOOP:
        return SymlinkLoop("a symlink that leads back to itself")
    return UnreadableFile(f"the system could not read it: {problem.strerror or problem}")
