"""What is inside of a file that gzip, bzip2 or xz packed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import TYPE_CHECKING, BinaryIO

from tegaki.errors import BrokenArchive

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MOST_MEMORY = 1 << 27  # xz -9 needs 65 MiB to be unpacked; a header may ask for 4 GiB
_CHUNK = 1 << 16


class Unpacked:
    """What is packed in a file, read forwards; damage comes as BrokenArchive."""

    def __init__(self, inner: io.BufferedIOBase) -> None:
        self._inner = inner

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        try:
            return self._inner.read(size)
        except (EOFError, zlib.error, lzma.LZMAError) as problem:
            raise BrokenArchive(f"the packed archive is damaged: {problem}") from problem
        except OSError as problem:
            if problem.errno is not None:  # the system's, not the format's
                raise
            raise BrokenArchive(f"the packed archive is damaged: {problem}") from problem


def unpacked(file: BinaryIO) -> Unpacked | None:
    """A stream of what is packed in a file, known by its first bytes; ``None`` if nothing is."""
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return Unpacked(gzip.GzipFile(fileobj=file))
    if head.startswith(b"BZh"):
        return Unpacked(bz2.BZ2File(file))
    return Unpacked(io.BufferedReader(_Xz(file))) if head == b"\xfd7zXZ\0" else None


class _Xz(io.RawIOBase):
    """One xz stream behind the other, in bounded memory: Python's own LZMAFile has no bound."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflater = _xz_inflater()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            packed = b""
            if self._inflater.eof:
                packed = self._next_stream()
                if not packed:
                    return 0
                self._inflater = _xz_inflater()
            elif self._inflater.needs_input:
                packed = self._file.read(_CHUNK)
                if not packed:
                    raise EOFError("it ends too early")
            data = self._inflater.decompress(packed, len(view))
            if data:
                view[: len(data)] = data
                return len(data)

    def _next_stream(self) -> bytes:
        """What comes behind the stream that has ended; streams may be padded with zeros."""
        packed = self._inflater.unused_data
        while not (packed := packed.lstrip(b"\0")):
            packed = self._file.read(_CHUNK)
            if not packed:
                return b""
        return packed


def _xz_inflater() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY)
