"""Many small result files as one: zip archives and gzip files that are the same bytes each time.

What stands in ``folder/`` can stand in ``folder.zip`` instead. Members are sorted and carry no
time, so packing the same files again gives the same bytes. Another version of zlib may give others:
a file that holds the same content already is left as it is.
"""

from __future__ import annotations

import gzip
import lzma
import os
import posixpath
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tegaki.errors import CorpusError

FilePath = Path | zipfile.Path
"""A file or folder, on disk or inside a zip archive."""

LARGEST = 256 << 20
"""Bytes that one file may hold when it is decompressed."""

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip archive can state
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip


def open_folder(folder: Path) -> FilePath:
    """The folder, or, where there is none, the root of ``folder.zip``.

    Raises:
        CorpusError: the archive cannot be read.
    """
    archive = archive_of(folder)
    return folder if folder.is_dir() or not archive.exists() else open_zip(archive)


def archive_of(folder: Path) -> Path:
    """The archive that can stand in place of a folder."""
    return folder.with_name(f"{folder.name}.zip")


def open_zip(path: Path) -> zipfile.Path:
    """The root of a zip archive.

    Raises:
        CorpusError: it cannot be read.
    """
    with _translated_errors(path):
        return zipfile.Path(path)


def children(folder: FilePath) -> list[FilePath]:
    """What stands in a folder, by name; nothing where there is no folder."""
    return sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []


def beside(path: FilePath, name: str) -> FilePath:
    """The file of this name in the folder of another one."""
    if isinstance(path, Path):
        return path.parent / name
    return zipfile.Path(path.root, posixpath.join(posixpath.dirname(path.at), name))


def read_bytes(path: FilePath) -> bytes:
    """The content of a file; of one whose name ends in ``.gz``, what it decompresses to.

    Raises:
        CorpusError: it cannot be read, is damaged, or holds more than 256 MiB.
    """
    with _translated_errors(path), path.open("rb") as stream:
        if not path.name.endswith(".gz"):
            return _bounded(path, stream)
        with gzip.open(stream) as inflated:
            return _bounded(path, inflated)


def read_text(path: FilePath) -> str:
    """The content of a text file in UTF-8; errors are those of :func:`read_bytes`."""
    data = read_bytes(path)
    with _translated_errors(path):
        return data.decode()


def read_zip(path: Path) -> dict[str, bytes]:
    """The content of every file in a zip archive, by name.

    Raises:
        CorpusError: it cannot be read.
    """
    found = {}
    for file in zip_files(path):
        with _translated_errors(file), file.open("rb") as stream:
            found[file.at] = _bounded(file, stream)
    return found


def zip_files(path: Path) -> list[zipfile.Path]:
    """Every file in a zip archive, by name.

    Raises:
        CorpusError: the archive cannot be read.
    """
    root = open_zip(path)
    return [root / name for name in sorted(root.root.namelist()) if not name.endswith("/")]


def write_gzip(path: Path, data: bytes) -> None:
    """Write a gzip file without name and time, unless it holds these bytes already."""
    if not (path.exists() and read_bytes(path) == data):
        partial = path.with_name(f"{path.name}.partial")
        partial.write_bytes(gzip.compress(data, mtime=0))
        os.replace(partial, path)


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a zip archive, unless it holds exactly these files already.

    Args:
        members: content by name, with ``/`` between folders.
    """
    if path.exists() and read_zip(path) == members:
        return
    partial = path.with_name(f"{path.name}.partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o644 << 16  # on every system the same
            archive.writestr(info, members[name])
    os.replace(partial, path)


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a zip archive into a folder that is not there yet.

    Raises:
        CorpusError: the archive cannot be read.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with _translated_errors(archive), zipfile.ZipFile(archive) as opened:
        opened.extractall(partial)
    os.replace(partial, folder)


def _bounded(path: FilePath, stream: IO[bytes] | gzip.GzipFile) -> bytes:
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise CorpusError(f"{path} holds more than {LARGEST >> 20} MiB")
    return data


@contextmanager
def _translated_errors(path: FilePath) -> Iterator[None]:
    """Raise what reading raises as :class:`CorpusError`."""
    try:
        yield
    except (*_DAMAGED, gzip.BadGzipFile) as problem:
        raise CorpusError(f"{path} is damaged: {problem}") from problem
    except OSError as problem:
        reason = problem.strerror or "the archive has no such file"
        raise CorpusError(f"{path} cannot be read: {reason}") from problem
