"""A member of an archive, and the bounds that hold for archives of every kind."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from tegaki.errors import ArchiveBomb, PictureError, UnreadableFile
from tegaki.imaging import open_file, system_error

SEPARATOR = "::"
"""Between an archive's path and a member's name, where the two are shown as one path."""

# Pictures are compressed already: archives of them inflate to little more than their size. What
# is small may be all air: flat bitmaps, say.
_RATIO = 100
_SLACK = 1 << 30
_LONGEST = 1000  # bytes of a name; PostgreSQL's keys end at 2,704
_LITTER = (b"__MACOSX", b"Thumbs.db", b"desktop.ini")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive.

    Attributes:
        name: as the archive spells it; nothing is ever made under it.
        read: gives its bytes, in any thread, as often as is wished; raises PictureError.
        size: so many bytes, where the archive is right.
        buffered_member: so many bytes are in memory already, and stay there as long as this does.
    """

    name: bytes
    read: Callable[[], bytes]
    size: int = 0
    buffered: int = 0


def unreadable_member(name: bytes, problem: PictureError) -> Member:
    """A member that cannot be read."""

    def read() -> bytes:
        raise problem

    return Member(name, read)


def buffered_member(name: bytes, data: bytes) -> Member:
    """A member that had to be read when it came up."""
    return Member(name, lambda: data, len(data), len(data))


def stored_name(raw: bytes) -> bytes:
    """A member's name: to the first NUL, and the end of an overlong one as its hash."""
    name = raw.partition(b"\0")[0]
    if len(name) <= _LONGEST:
        return name
    return name[: _LONGEST - 20] + b"..." + hashlib.sha256(name).hexdigest()[:16].encode()


def is_ignored(name: bytes) -> bool:
    """Whether it is a folder, hidden, or what a system left there."""
    if name.endswith(b"/"):
        return True
    return any(
        part in _LITTER or (part.startswith(b".") and part not in (b".", b".."))
        for part in name.split(b"/")
    )


class InflationBudget:
    """How much an archive may inflate to, all in all."""

    def __init__(self, archive_bytes: int) -> None:
        self._most = self._left = _SLACK + _RATIO * archive_bytes

    def spend(self, size: int) -> None:
        """So many bytes come out.

        Raises:
            ArchiveBomb: that is more than an honest archive of this size would hold.
        """
        self._left -= size
        if self._left < 0:
            raise ArchiveBomb(
                f"inflates to more than {self._most:,} bytes, which no archive of pictures of "
                "this size does; the rest is not read"
            )


@dataclass(frozen=True, slots=True)
class ArchiveSnapshot:
    """An archive as it was when its members were listed."""

    path: str
    status: tuple[int, int, int, int]

    @classmethod
    def of(cls, path: str, stream: BinaryIO) -> ArchiveSnapshot:
        return cls(path, _status(stream))

    @property
    def size(self) -> int:
        return self.status[2]

    @contextmanager
    def opened(self, offset: int) -> Iterator[BinaryIO]:
        """The archive once more, at an offset.

        Raises:
            PictureError: it is no longer what it was.
        """
        with open_file(self.path) as stream, translate_errors(self.path):
            if _status(stream) != self.status:
                raise UnreadableFile("the archive was changed while it was scanned")
            stream.seek(offset)
            yield stream


def _status(stream: BinaryIO) -> tuple[int, int, int, int]:
    status = os.fstat(stream.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def translate_errors(path: str) -> Iterator[None]:
    """The system's errors, typed."""
    try:
        yield
    except OSError as problem:
        raise system_error(path, problem) from problem
