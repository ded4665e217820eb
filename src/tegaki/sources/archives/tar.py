"""Members of tar archives, plain or packed by gzip, bzip2 or xz, in one pass.

Python's own tarfile reads headers of any length into memory, and calls itself for each of a chain
of them. The format: POSIX.1-2024, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar
Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Protocol

from tegaki.errors import BrokenArchive, EmptyFile, NotARegularFile, PictureError
from tegaki.imaging import open_file, too_large
from tegaki.sources.archives.compressed import Unpacked, unpacked
from tegaki.sources.archives.member import (
    ArchiveSnapshot,
    InflationBudget,
    Member,
    buffered_member,
    is_ignored,
    stored_name,
    translate_errors,
    unreadable_member,
)

_BLOCK = 512
_LONGEST_HEADER = 1 << 20  # bytes of what a header says in further blocks
_STEP = 1 << 20  # bytes at a time where nothing can be skipped
_LINKS, _DEVICES, _FOLDER = b"12", b"346", b"5"
_SPARSE = b"sparse"  # among what is said of a file: it is packed with holes
_CUT = "the tar archive ends too early"


@dataclass(frozen=True, slots=True)
class _Header:
    name: bytes
    kind: bytes
    size: int  # of the data that follow
    sparse: bool


def tar_members(path: str, max_bytes: int) -> Iterator[Member]:
    """See :func:`tegaki.sources.archives.members`. Of a plain tar, members are read where they
    stand, when asked; of a packed one as they come up."""
    with open_file(path) as file, translate_errors(path):
        snapshot = ArchiveSnapshot.of(path, file)
        if not snapshot.size:
            raise EmptyFile("the file is empty")
        inner = unpacked(file)
        source: _Source = _Plain(file, snapshot) if inner is None else _Packed(inner, snapshot.size)
        for header in _headers(source):
            end = source.at + _padded(header.size)
            if header.kind != _FOLDER and not is_ignored(header.name):
                problem = _problem(header, max_bytes)
                yield unreadable_member(header.name, problem) if problem else source.member(header)
            source.go_to(end)


def _problem(header: _Header, max_bytes: int) -> PictureError | None:
    if header.kind in _LINKS:
        return NotARegularFile("a link in an archive, which is not followed")
    if header.kind in _DEVICES:
        return NotARegularFile("not a regular file (a pipe or device)")
    if header.sparse:
        return BrokenArchive("packed with holes (sparse), which is not read here; unpack it")
    return too_large(header.size, max_bytes) if header.size > max_bytes else None


class _Source(Protocol):
    """What a tar is read from, forwards only. Raises BrokenArchive where it ends too early."""

    at: int

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""

    def go_to(self, at: int) -> None:
        """Leave out what comes before."""

    def member(self, header: _Header) -> Member:
        """The file whose data come next."""


class _Plain:
    def __init__(self, file: BinaryIO, snapshot: ArchiveSnapshot) -> None:
        self._file, self._place = file, snapshot
        self.at = 0

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.at += len(data)
        return data

    def go_to(self, at: int) -> None:
        if at > self._place.size:
            raise BrokenArchive(_CUT)
        self._file.seek(at)
        self.at = at

    def member(self, header: _Header) -> Member:
        if self.at + header.size > self._place.size:
            raise BrokenArchive(_CUT)
        read = partial(_read, self._place, self.at, header.size)
        return Member(header.name, read, header.size)


def _read(snapshot: ArchiveSnapshot, offset: int, size: int) -> bytes:
    with snapshot.opened(offset) as stream:
        return stream.read(size)


class _Packed:
    def __init__(self, inner: Unpacked, archive_bytes: int) -> None:
        self._inner, self._allowance = inner, InflationBudget(archive_bytes)
        self.at = 0

    def read(self, size: int) -> bytes:
        data = self._inner.read(size)
        self._allowance.spend(len(data))
        self.at += len(data)
        return data

    def go_to(self, at: int) -> None:
        while self.at < at:
            if not self.read(min(at - self.at, _STEP)):
                raise BrokenArchive(_CUT)

    def member(self, header: _Header) -> Member:
        data = self.read(header.size)
        if len(data) < header.size:
            raise BrokenArchive(_CUT)
        return buffered_member(header.name, data)


def _headers(source: _Source) -> Iterator[_Header]:
    """The headers of files; what further blocks say of a file is in its header."""
    said: dict[bytes, bytes] = {}
    while any(block := source.read(_BLOCK)):
        if len(block) < _BLOCK:
            raise BrokenArchive(_CUT)
        header = _header(block, said)
        if header.kind in b"xX":
            said |= _records(_more(source, header))
        elif header.kind == b"L":
            said[b"path"] = _more(source, header)
        elif header.kind in b"gKV":  # for all files, or of no interest here
            source.go_to(source.at + _padded(header.size))
        else:
            if header.kind == b"S":
                _skip_map(source, block)
            yield header
            said = {}


def _header(block: bytes, said: dict[bytes, bytes]) -> _Header:
    if _number(block[148:156]) != 256 + sum(block[:148]) + sum(block[156:]):
        raise BrokenArchive("no tar archive, or damaged")
    name, kind = block[:100].partition(b"\0")[0], block[156:157]
    if block.startswith(b"ustar\0", 257) and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    size = _number(block[124:136])
    if kind in _LINKS + _DEVICES + _FOLDER:
        return _Header(stored_name(said.get(b"path", name)), kind, 0, False)
    if kind in b"xXgLKV":  # what was said is of the file behind it
        return _Header(name, kind, size, False)
    sparse = kind == b"S" or _SPARSE in said
    name = said.get(b"GNU.sparse.name", said.get(b"path", name))
    if b"size" in said:
        size = _decimal(said[b"size"])
    return _Header(stored_name(name), kind, size, sparse)


def _number(field: bytes) -> int:
    """Octal digits; or, with the first bit set, the rest as a binary number (GNU)."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    digits = field.partition(b"\0")[0].strip(b" ")
    try:
        return int(digits or b"0", 8)
    except ValueError as problem:
        raise BrokenArchive("no tar archive, or damaged") from problem


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 20:
        raise BrokenArchive("the tar archive is damaged: a size that is no number")
    return int(digits)


def _more(source: _Source, header: _Header) -> bytes:
    if header.size > _LONGEST_HEADER:
        raise BrokenArchive(f"the tar archive has a header of {header.size:,} bytes")
    data = source.read(_padded(header.size))
    if len(data) < header.size:
        raise BrokenArchive(_CUT)
    return data[: header.size]


def _records(data: bytes) -> dict[bytes, bytes]:
    """What an extended header says that matters here. It has lines of ``LENGTH KEY=VALUE``; the
    length is the whole line's."""
    found, at = {}, 0
    while at < len(data) and data[at]:
        length = _decimal(data[at : at + 21].partition(b" ")[0])
        if length < 5 or at + length > len(data):
            raise BrokenArchive("the tar archive is damaged: an extended header")
        key, _, value = data[at : at + length].partition(b" ")[2].partition(b"=")
        if key in (b"path", b"size", b"GNU.sparse.name"):
            found[key] = value.removesuffix(b"\n")
        elif key.startswith(b"GNU.sparse."):
            found[_SPARSE] = b""
        at += length
    return found


def _skip_map(source: _Source, block: bytes) -> None:
    """Where the holes of an old GNU sparse file are, in as many blocks as it takes."""
    more = block[482]
    while more:
        block = source.read(_BLOCK)
        if len(block) < _BLOCK:
            raise BrokenArchive(_CUT)
        more = block[504]


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
