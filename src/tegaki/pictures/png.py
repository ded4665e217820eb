"""PNG by its chunks: without what is no pixel, and in bands of rows."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

_SIGNATURE = 8  # bytes
_TEXT = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"caBX"))
_PIXELS = frozenset((b"IDAT", b"fdAT"))
_PALETTE = (b"PLTE", b"tRNS")
_MOST_PALETTE = 2048  # bytes: a whole palette with alpha has 1,048
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type (PNG 3rd edition, table 12)


def without_text(data: bytes) -> bytes:
    """The same PNG without text, profile and C2PA chunks; damaged structure is left as it is.

    The decoder inflates them and gives up on a picture whose workflow or prompt is larger than its
    limit. What is decoded does not depend on them: orientation is read from EXIF chunks alone, and
    profiles are not applied.
    """
    return _without(data, _TEXT)


class Rows:
    """A PNG that can be decoded in bands of rows: 8 bits a sample, not interlaced.

    Attributes:
        skeleton: the file without texts and pixels; it says everything else.
    """

    def __init__(self, data: bytes, first: int, palette: bytes) -> None:
        self._data, self._first, self._palette = data, first, palette
        self._width, self._height = struct.unpack_from(">II", data, 16)
        self._channels = _CHANNELS[data[25]]
        self.skeleton = _without(data, _TEXT | _PIXELS)

    @classmethod
    def of(cls, data: bytes, least: int) -> Rows | None:
        """``None``: another kind of PNG, one whose structure is odd, or fewer than ``least``
        pixels."""
        if data[12:16] != b"IHDR" or len(data) < 33:
            return None
        width, height, depth, colour, interlaced = struct.unpack_from(">IIBBxxB", data, 16)
        if width * height < least or depth != 8 or colour not in _CHANNELS or interlaced:
            return None
        palette = b""
        for name, at, end in _chunks(data, _SIGNATURE):
            if name == b"IDAT":
                return cls(data, at, palette)
            if name in _PALETTE:
                palette += data[at : min(end, at + _MOST_PALETTE)]
                if len(palette) > _MOST_PALETTE:
                    break
        return None

    def bands(self, rows: int) -> Iterator[Image.Image]:
        """The picture from its top to its bottom, as Pillow decodes it, ``rows`` rows at a time.

        A row's bytes may be differences to the row above. So each band is decoded as a picture of
        its own, whose first row is the last one of the band before.

        Raises:
            zlib.error, OSError: the pixels are damaged, or end too early.
        """
        stride, above = 1 + self._width * self._channels, b""
        inflated = _Inflated(self._data, self._first)
        for top in range(0, self._height, rows):
            count = min(rows, self._height - top)
            band = self._decoded(above + inflated.take(count * stride), count + bool(above))
            if above:
                band = band.crop((0, 1, self._width, 1 + count))
            above = b"\0" + band.crop((0, count - 1, self._width, count)).tobytes()
            yield band

    def _decoded(self, filtered: bytes, height: int) -> Image.Image:
        header = self._data[16:20] + struct.pack(">I", height) + self._data[24:29]
        parts = (
            self._data[:_SIGNATURE], _chunk(b"IHDR", header), self._palette,
            _chunk(b"IDAT", zlib.compress(filtered, 0)), _chunk(b"IEND", b""),
        )  # fmt: skip
        band = PngImageFile(io.BytesIO(b"".join(parts)))
        band.load()
        return band


class _Inflated:
    """What consecutive IDAT chunks hold (PNG 3rd edition, section 5.6), little by little."""

    def __init__(self, data: bytes, first: int) -> None:
        self._data, self._chunks = memoryview(data), _chunks(data, first)
        self._inflate = zlib.decompressobj()
        self._waiting: bytes | memoryview = b""

    def take(self, size: int) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            if not self._waiting:
                self._waiting = self._next()
            taken += self._inflate.decompress(self._waiting, size - len(taken))
            self._waiting = self._inflate.unconsumed_tail
        return bytes(taken)

    def _next(self) -> memoryview:
        name, at, end = next(self._chunks, (b"", 0, 0))
        if name != b"IDAT" or self._inflate.eof:
            raise OSError("image file is truncated")
        return self._data[at + 8 : end - 4]


def _without(data: bytes, names: frozenset[bytes]) -> bytes:
    kept: list[memoryview] = []
    view = memoryview(data)
    start = _SIGNATURE
    for name, at, end in _chunks(data, _SIGNATURE):
        if name in names and end <= len(data):
            if at > start:
                kept.append(view[start:at])
            start = end
    if start == _SIGNATURE:
        return data
    return b"".join([view[:_SIGNATURE], *kept, view[start:]])


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk from ``at`` on; the last one may be cut by the file."""
    view = memoryview(data)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        yield bytes(view[at + 4 : at + 8]), at, end
        at = end


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(name))
    return b"".join([struct.pack(">I", len(body)), name, body, struct.pack(">I", check)])
