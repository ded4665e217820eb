"""PNG by its chunks: without what is no pixel, and in bands of rows."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image
from PIL.PngImagePlugin import PngImageFile, putchunk

from tegaki.formats.png import BODY, SIGNATURE, PngFile, pixel_pieces
from tegaki.imaging.png_key import settle_key

TEXT = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"caBX"))
"""What the decoder is not given; see :func:`without_text`."""
_IEND = bytes.fromhex("0000000049454e44ae426082")
_ODD = frozenset((b"IHDR", b"acTL", b"fcTL", b"fdAT", b"DDAT"))
_INDEXED = 3  # the colour type
_PALETTE = (b"PLTE", b"tRNS")
_MOST_PALETTE = 2048  # bytes: a whole palette with alpha has 1,048
_MOST_OTHERS = 1000  # chunks that are neither texts nor pixels; real files have a dozen
_AT_ONCE = 1 << 16  # bytes: zlib copies what it does not come to, each time
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type (PNG 3rd edition, table 12)


def without_text(data: bytes, file: PngFile) -> bytes:
    """The same PNG without text, profile and C2PA chunks; damaged structure is left as it is.

    The decoder inflates them and gives up on a picture whose workflow or prompt is larger than its
    limit. What is decoded does not depend on them: orientation is read from EXIF chunks alone, and
    profiles by :mod:`tegaki.imaging.png_color`.
    """
    kept: list[memoryview] = []
    view = memoryview(data)
    start = len(SIGNATURE)
    for kind, at, end in file.chunks:
        if kind in TEXT:
            if at > start:
                kept.append(view[start:at])
            start = end
    if start == len(SIGNATURE):
        return data
    return b"".join([view[: len(SIGNATURE)], *kept, view[start:]])


class PngStrips:
    """A PNG that can be decoded in bands of rows: 8 bits a sample, not interlaced, and built so
    that there is no doubt which pixels it stands for.

    Attributes:
        skeleton: the file without texts and pixels; it says everything else.
    """

    def __init__(self, data: bytes, file: PngFile, others: list[tuple[bytes, bytes]]) -> None:
        assert file.header is not None
        assert file.pixels is not None
        self._data, self._pixels = data, file.pixels
        self._width, self._height = file.header.width, file.header.height
        self._channels = _CHANNELS[file.header.colour]
        self._palette = b"".join(chunk for name, chunk in others if name in _PALETTE)
        chunks = (chunk for _, chunk in others)
        self.skeleton = b"".join([data[:BODY], *chunks, _IEND])

    @classmethod
    def from_bytes(cls, data: bytes, file: PngFile, least: int) -> PngStrips | None:
        """``None``: another kind of PNG, an animated or an oddly built one, or fewer than
        ``least`` pixels."""
        if file.header is None:
            return None
        width, height, depth, colour, interlace = file.header
        if width * height < least or depth != 8 or colour not in _CHANNELS or interlace:
            return None
        others = _plain_chunks(data, file)
        if others is None:
            return None
        palette = [(name, len(chunk)) for name, chunk in others if name in _PALETTE]
        if sum(size for _, size in palette) > _MOST_PALETTE:
            return None
        if colour == _INDEXED and not any(name == b"PLTE" for name, _ in palette):
            return None
        return cls(data, file, others)

    def strips(self, rows: int) -> Iterator[Image.Image]:
        """The picture from its top to its bottom, as Pillow decodes it, ``rows`` rows at a time.

        A row's bytes may be differences to the row above. So each band is decoded as a picture of
        its own, whose first row is the last one of the band before.

        Raises:
            zlib.error, OSError: the pixels are damaged, or end too early.
        """
        stride, above = 1 + self._width * self._channels, b""
        inflated = _Inflated(self._data, self._pixels)
        for top in range(0, self._height, rows):
            count = min(rows, self._height - top)
            strip = self._decoded(above + inflated.take(count * stride), count + bool(above))
            if above:
                strip = strip.crop((0, 1, self._width, 1 + count))
            above = b"\0" + strip.crop((0, count - 1, self._width, count)).tobytes()
            yield strip

    def _decoded(self, filtered: bytes, height: int) -> Image.Image:
        header = self._data[16:20] + struct.pack(">I", height) + self._data[24:29]
        whole = io.BytesIO()
        whole.write(SIGNATURE)
        putchunk(whole, b"IHDR", header)
        whole.write(self._palette)
        putchunk(whole, b"IDAT", zlib.compress(filtered, 0))
        whole.write(_IEND)
        whole.seek(0)
        strip = PngImageFile(whole)
        strip.load()
        settle_key(strip, 8)
        return strip


class _Inflated:
    """What the IDAT chunks hold, little by little."""

    def __init__(self, data: bytes, pixels: tuple[int, int]) -> None:
        self._packed = _packed(data, pixels)
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


def _plain_chunks(data: bytes, file: PngFile) -> list[tuple[bytes, bytes]] | None:
    """Name and bytes of all chunks but pixels and texts; ``None`` where order or kind leave a doubt
    which pixels are meant, or something else is cut than pixels."""
    if file.pixels is None or not _ends_plainly(data, file):
        return None
    first, _ = file.pixels
    others: list[tuple[bytes, bytes]] = []
    for name, at, after in file.chunks[1:]:
        if name == b"IDAT":
            if at > first:
                return None
        elif name in _ODD or (at > first and name in _PALETTE):
            return None
        elif name not in TEXT and name != b"IEND":
            others.append((name, data[at:after]))
            if len(others) > _MOST_OTHERS:
                return None
    return others


def _ends_plainly(data: bytes, file: PngFile) -> bool:
    """With IEND, or cut in the pixels or in the last bytes, where nothing but IEND is missing."""
    if file.end is not None:
        return True
    if file.cut is not None:
        return file.cut.kind == b"IDAT" and file.pixels is not None and file.pixels[1] == len(data)
    rest = data[file.chunks[-1].end :]
    return len(rest) < 12 and (len(rest) < 8 or rest[4:8] == b"IEND")


def _packed(data: bytes, pixels: tuple[int, int]) -> Iterator[memoryview]:
    for body in pixel_pieces(data, *pixels):
        for start in range(0, len(body), _AT_ONCE):
            yield body[start : start + _AT_ONCE]
