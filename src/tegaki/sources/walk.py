"""Which files a scan looks at, in which order, each once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tegaki.errors import IsAFolder, PictureError, SymlinkLoop, UnreadableFile
from tegaki.formats import PICTURE_SUFFIXES
from tegaki.imaging import file_size, read_file, system_error
from tegaki.sources.archives import Member, is_archive

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(path: str) -> bool:
    """Whether a path is a URL, of whatever kind: a cluster scan's."""
    return _URL.match(path) is not None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A path to look at, or one that is known already not to be a file to judge.

    ``member``: what stands there, where it is in an archive; ``path`` is then
    ``ARCHIVE::NAME``. ``named``: it was asked for by its own name, not by its folder's.
    """

    path: str
    problem: PictureError | None = None
    member: Member | None = None
    named: bool = False

    @property
    def bytes_to_read(self) -> int:
        """About how many bytes reading it takes."""
        if self.problem:
            return 0
        return self.member.size if self.member else file_size(self.path)

    def read(self, max_bytes: int) -> bytes:
        """Its content.

        Raises:
            PictureError: that could not be had.
        """
        if self.problem:
            raise self.problem
        try:
            return self.member.read() if self.member else read_file(self.path, max_bytes)
        except MemoryError as problem:
            raise UnreadableFile("not enough memory to read it") from problem


def is_expandable(item: SourceFile) -> bool:
    """Whether what was found is gone through as a folder is."""
    if item.problem or item.member or not is_archive(item.path):
        return False
    return not is_url(item.path)  # whose end may say anything, as in ?next=a.zip


def find(
    paths: Iterable[str], *, recursive: bool, skip: Iterable[str] = ()
) -> Iterator[SourceFile]:
    """Every file of the paths: input order, folders in sorted order, nothing twice.

    A file is known by its folder's real path and its own name: the same path given twice, or
    given and inside a given folder, comes once; a symlink beside its target is an entry of its
    own. Hidden entries of folders (names that begin with a dot) are left out unless named.

    Args:
        recursive: go into folders of folders; a folder is gone into once, however it is reached.
        skip: paths that are never found (the files that results are written to).
    """
    walk = _Walk(recursive, skip)
    for path in paths:
        if os.path.isdir(path):
            yield from walk.folder(path)
        else:
            yield from walk.named_file(path)


@dataclass(slots=True)
class _Level:
    """A folder that is being gone through, and what is left of it."""

    real: str
    entries: Iterator[os.DirEntry[str]]


class _Walk:
    def __init__(self, recursive: bool, skip: Iterable[str]) -> None:
        self.recursive = recursive
        self.skip = set(map(_identity, skip))
        self.folders: set[str] = set()  # real paths gone into
        self.listed: set[str] = set()  # those of them that could be read
        self.files: set[tuple[str, str]] = set()  # identities of files that were named

    def named_file(self, path: str) -> Iterator[SourceFile]:
        identity = folder, name = _identity(path)
        came_with_folder = (
            folder in self.listed and not name.startswith(".") and os.path.lexists(path)
        )
        if identity in self.files or identity in self.skip or came_with_folder:
            return
        self.files.add(identity)
        yield SourceFile(path, named=True)

    def folder(self, path: str) -> Iterator[SourceFile]:
        # A stack of our own: trees are deeper than Python's.
        levels: list[_Level] = []
        yield from self._enter(path, levels)
        while levels:
            entry = next(levels[-1].entries, None)
            if entry is None:
                levels.pop()
            elif not entry.name.startswith("."):
                yield from self._entry(entry, levels)

    def _enter(self, path: str, levels: list[_Level]) -> Iterator[SourceFile]:
        real = os.path.realpath(path)
        inside = os.path.join(real, "")
        if any(level.real == real or level.real.startswith(inside) for level in levels):
            yield SourceFile(path, SymlinkLoop("a symlink to a folder that holds it"))
            return
        if real in self.folders:
            return
        self.folders.add(real)
        try:
            with os.scandir(path) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError as problem:
            yield SourceFile(path, system_error(path, problem))
            return
        self.listed.add(real)
        levels.append(_Level(real, iter(entries)))

    def _entry(self, entry: os.DirEntry[str], levels: list[_Level]) -> Iterator[SourceFile]:
        if not _is_folder(entry):
            identity = (levels[-1].real, entry.name)
            if identity not in self.files and identity not in self.skip:
                yield SourceFile(entry.path)
            return
        if entry.name.lower().endswith(PICTURE_SUFFIXES):
            yield SourceFile(
                entry.path, IsAFolder("a folder, though its name ends like a picture's")
            )
        if self.recursive:
            yield from self._enter(entry.path, levels)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a symlink that leads to itself: reading it will say so
        return False


def _identity(path: str) -> tuple[str, str]:
    folder, name = os.path.split(path)
    return os.path.realpath(folder or "."), name
