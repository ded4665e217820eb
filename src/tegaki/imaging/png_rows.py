"""PNG by its chunks: without what is no pixel, and in bands of rows."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, putchunk

from tegaki.imaging.png_key import settle_key

_SIGNATURE = 8  # bytes
_TEXT = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"caBX"))
_IHDR = b"\0\0\0\x0dIHDR"
_BODY = 33  # behind the signature and IHDR
_IEND = bytes.fromhex("0000000049454e44ae426082")
_ODD = frozenset((b"IHDR", b"acTL", b"fcTL", b"fdAT", b"DDAT"))
_INDEXED = 3  # the colour type
_PALETTE = (b"PLTE", b"tRNS")
_MOST_PALETTE = 2048  # bytes: a whole palette with alpha has 1,048
_MOST_OTHERS = 1000  # chunks that are neither texts nor pixels; real files have a dozen
_AT_ONCE = 1 << 16  # bytes: zlib copies what it does not come to, each time
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type (PNG 3rd edition, table 12)


def without_text(data: bytes) -> bytes:
    """The same PNG without text, profile and C2PA chunks; damaged structure is left as it is.

    The decoder inflates them and gives up on a picture whose workflow or prompt is larger than its
    limit. What is decoded does not depend on them: orientation is read from EXIF chunks alone, and
    profiles by :mod:`tegaki.imaging.png_color`.
    """
    kept: list[memoryview] = []
    view = memoryview(data)
    start = _SIGNATURE
    for name, at, end in chunks(data, _SIGNATURE):
        if name in _TEXT and end <= len(data):
            if at > start:
                kept.append(view[start:at])
            start = end
    if start == _SIGNATURE:
        return data
    return b"".join([view[:_SIGNATURE], *kept, view[start:]])


class Rows:
    """A PNG that can be decoded in bands of rows: 8 bits a sample, not interlaced, and built so
    that there is no doubt which pixels it stands for.

    Attributes:
        skeleton: the file without texts and pixels; it says everything else.
    """

    def __init__(self, data: bytes, first: int, others: list[tuple[bytes, bytes]]) -> None:
        self._data, self._first = data, first
        self._width, self._height = struct.unpack_from(">II", data, 16)
        self._channels = _CHANNELS[data[25]]
        self._palette = b"".join(chunk for name, chunk in others if name in _PALETTE)
        kept = (chunk for _, chunk in others)
        self.skeleton = b"".join([data[:_BODY], *kept, _IEND])

    @classmethod
    def of(cls, data: bytes, least: int) -> Rows | None:
        """``None``: another kind of PNG, an animated or an oddly built one, or fewer than
        ``least`` pixels."""
        if data[_SIGNATURE:16] != _IHDR or len(data) < _BODY:
            return None
        width, height, depth, colour, interlaced = struct.unpack_from(">IIBBxxB", data, 16)
        if width * height < least or depth != 8 or colour not in _CHANNELS or interlaced:
            return None
        plain = _plain_chunks(data)
        if plain is None:
            return None
        first, others = plain
        palette = [(name, len(chunk)) for name, chunk in others if name in _PALETTE]
        if sum(size for _, size in palette) > _MOST_PALETTE:
            return None
        if colour == _INDEXED and not any(name == b"PLTE" for name, _ in palette):
            return None
        return cls(data, first, others)

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
        whole = io.BytesIO()
        whole.write(self._data[:_SIGNATURE])
        putchunk(whole, b"IHDR", header)
        whole.write(self._palette)
        putchunk(whole, b"IDAT", zlib.compress(filtered, 0))
        whole.write(_IEND)
        whole.seek(0)
        band = PngImageFile(whole)
        band.load()
        settle_key(band, 8)
        return band


class _Inflated:
    """What consecutive IDAT chunks hold (PNG 3rd edition, section 5.6), little by little."""

    def __init__(self, data: bytes, first: int) -> None:
        self._packed = _packed(data, first)
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
        some = None if self._inflate.eof else next(self._packed, None)
        if some is None:
            raise OSError("image file is truncated")
        return some


def _plain_chunks(data: bytes) -> tuple[int, list[tuple[bytes, bytes]]] | None:
    """Where the pixels begin, and name and bytes of all chunks but them and texts; ``None`` where
    order or kind leave a doubt which pixels are meant, or something else is cut than pixels."""
    first, before, end = 0, b"", _BODY
    others = []
    for name, at, end in chunks(data, _BODY):
        if name == b"IDAT":
            if first and before != name:
                return None
            first = first or at
        elif name == b"IEND":
            break
        elif end > len(data) or name in _ODD or (first and name in _PALETTE):
            return None
        elif name not in _TEXT:
            others.append((name, data[at:end]))
            if len(others) > _MOST_OTHERS:
                return None
        before = name
    else:
        cut = data[end + 4 : end + 8]
        first = first if len(cut) < len(b"IEND") or cut == b"IEND" else 0
    return (first, others) if first else None


def _packed(data: bytes, first: int) -> Iterator[memoryview]:
    view = memoryview(data)
    for name, at, end in chunks(data, first):
        if name != b"IDAT":
            return
        body = view[at + 8 : end - 4]
        for start in range(0, len(body), _AT_ONCE):
            yield body[start : start + _AT_ONCE]


def chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk from ``at`` on; the last one may be cut by the file."""
    view = memoryview(data)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        yield bytes(view[at + 4 : at + 8]), at, end
        at = end
