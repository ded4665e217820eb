"""Members of zip archives, by their central directory.

Numbers of sections are those of PKWARE's APPNOTE 6.3.10. Python's own zipfile holds the whole
directory in memory (half a kilobyte a member), and inflates some methods without a bound.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from tegaki.errors import ArchiveBomb, BrokenArchive, EmptyFile, EncryptedArchive, PictureError
from tegaki.imaging import open_file, too_large
from tegaki.sources.archives.member import (
    ArchiveSnapshot,
    InflationBudget,
    Member,
    is_ignored,
    stored_name,
    translate_errors,
    unreadable_member,
)

_END = struct.Struct("<4s4H2LH")  # 4.3.16
_LOCATOR64 = struct.Struct("<4sLQL")  # 4.3.15
_END64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_ENTRY = struct.Struct("<4s6H3L5H2L")  # 4.3.12
_LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7
_LONGEST_COMMENT = 0xFFFF
_IN_EXTRA = 0xFFFFFFFF  # 4.5.3: the number stands in the extra field
_ENCRYPTED = 1  # 4.4.4: bit 0 of the flags
_STORED, _DEFLATED = 0, 8  # 4.4.5
_OTHERS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the central directory stands; ``shift``: bytes before the archive's own first."""

    start: int
    size: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def zip_members(path: str, max_bytes: int) -> Iterator[Member]:
    """See :func:`tegaki.sources.archives.members`. Members are read where they stand, when
    asked."""
    with open_file(path) as stream, translate_errors(path):
        snapshot = ArchiveSnapshot.of(path, stream)
        directory = _directory(stream, snapshot.size)
        _refuse_encrypted(stream, directory)
        budget, room = InflationBudget(snapshot.size), directory.start
        for entry in _entries(stream, directory):
            if is_ignored(entry.name):
                continue
            problem = _problem(entry, directory, max_bytes)
            if problem:
                yield unreadable_member(entry.name, problem)
                continue
            # Members that stand side by side are together no longer than the archive.
            room -= _LOCAL.size + entry.packed
            if room < 0:
                raise ArchiveBomb("members overlap each other; the rest is not read")
            budget.spend(entry.size)
            yield Member(entry.name, partial(_read, snapshot, entry), entry.size)


def _directory(stream: BinaryIO, size: int) -> _Directory:
    if not size:
        raise EmptyFile("the file is empty")
    first = max(0, size - _END.size - _LONGEST_COMMENT)
    stream.seek(first)
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    while at >= 0 and len(tail) - at < _END.size:
        at = tail.rfind(b"PK\5\6", 0, at)
    if at < 0:
        raise BrokenArchive("no zip archive, or its end is missing")
    _, disk, _, _, _, length, offset, _ = _END.unpack_from(tail, at)
    large = _zip64(stream, first + at)
    if disk and not large:
        raise BrokenArchive("one part of a zip archive that was split")
    end, length, offset = large or (first + at, length, offset)
    shift = end - length - offset
    if shift < 0:
        raise BrokenArchive("the zip archive's directory is damaged")
    return _Directory(end - length, length, shift)


def _zip64(stream: BinaryIO, end: int) -> tuple[int, int, int] | None:
    """Where the directory ends, its length and offset; ``None`` if the archive is small."""
    at = end - _LOCATOR64.size - _END64.size
    if at < 0:
        return None
    stream.seek(at)
    record = stream.read(_END64.size + 4)
    if len(record) < _END64.size + 4 or record[_END64.size :] != b"PK\6\7":
        return None
    signature, *_, length, offset = _END64.unpack_from(record)
    return (at, length, offset) if signature == b"PK\6\6" else None


def _entries(stream: BinaryIO, directory: _Directory) -> Iterator[_Entry]:
    stream.seek(directory.start)
    left = directory.size
    while left > 0:
        head = stream.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(b"PK\1\2"):
            raise BrokenArchive("the zip archive's directory is damaged")
        (
            _, _, _, flags, method, _, _, crc, packed, size, of_name, of_extra, of_comment,
            _, _, _, offset,
        ) = _ENTRY.unpack(head)  # fmt: skip
        rest = stream.read(of_name + of_extra + of_comment)
        left -= len(head) + len(rest)
        extra = rest[of_name : of_name + of_extra]
        size, packed, offset = _wide((size, packed, offset), extra)
        name = stored_name(rest[:of_name])
        yield _Entry(name, flags, method, crc, packed, size, offset + directory.shift)


def _wide(numbers: tuple[int, int, int], extra: bytes) -> tuple[int, int, int]:
    """4.5.3: numbers that do not fit into 32 bits stand in the extra field, in this order."""
    if _IN_EXTRA not in numbers:
        return numbers
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{min(length, len(extra) - 4) // 8}Q", extra, 4))
            size, packed, offset = (next(wide, n) if n == _IN_EXTRA else n for n in numbers)
            return size, packed, offset
        extra = extra[4 + length :]
    return numbers


def _refuse_encrypted(stream: BinaryIO, directory: _Directory) -> None:
    """One password is one error, not as many as there are members."""
    files = (e for e in _entries(stream, directory) if not is_ignored(e.name))
    first = next(files, None)
    if first and first.flags & _ENCRYPTED and all(e.flags & _ENCRYPTED for e in files):
        raise EncryptedArchive("the archive needs a password; unpack it to have it scanned")


def _problem(entry: _Entry, directory: _Directory, max_bytes: int) -> PictureError | None:
    if entry.flags & _ENCRYPTED:
        return EncryptedArchive("needs a password; unpack the archive to have it scanned")
    if entry.method not in (_STORED, _DEFLATED):
        how = _OTHERS.get(entry.method, f"method {entry.method}")
        return BrokenArchive(f"packed by {how}, which is not read here; unpack the archive")
    if entry.offset + _LOCAL.size + entry.packed > directory.start:
        return BrokenArchive("reaches beyond the archive's end")
    return too_large(entry.size, max_bytes) if entry.size > max_bytes else None


def _read(snapshot: ArchiveSnapshot, entry: _Entry) -> bytes:
    with snapshot.opened(entry.offset) as stream:
        head = stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            raise BrokenArchive("does not stand where the archive's directory says")
        *_, of_name, of_extra = _LOCAL.unpack(head)
        stream.seek(of_name + of_extra, os.SEEK_CUR)
        if entry.method == _STORED:
            data = stream.read(min(entry.packed, entry.size + 1))
        else:
            data = _inflate(stream, entry)
    if len(data) > entry.size:
        raise BrokenArchive(f"has more than the {entry.size:,} bytes that the archive says")
    if len(data) < entry.size or zlib.crc32(data) != entry.crc:
        raise BrokenArchive("is damaged in the archive")
    return data


def _inflate(stream: BinaryIO, entry: _Entry) -> bytes:
    """At most one byte more than the entry says."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts, packed, left = [], entry.packed, entry.size + 1
    try:
        while packed > 0 and left > 0 and not inflater.eof:
            chunk = stream.read(min(packed, _CHUNK))
            if not chunk:
                break
            packed -= len(chunk)
            parts.append(inflater.decompress(chunk, left))
            left -= len(parts[-1])
    except zlib.error as problem:
        raise BrokenArchive("is damaged in the archive") from problem
    return b"".join(parts)
