"""How large a picture is, and where its samples stand: from the first bytes of its format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tegaki.metadata.containers.jpeg import FRAMES, MARKER
from tegaki.metadata.limits import Limits

_MODES = {2: "RGB", 4: "LA", 6: "RGBA"}  # PNG colour types (PNG 3rd edition, table 12), of 8 bits
_PALETTE = 3
_KEPT = (b"PLTE", b"tRNS")  # what else the samples of other colour types need
_MOST_KEPT = 2048  # bytes of them: a whole palette with alpha has 1,048
_OTHER_PIXELS = (b"VP8 ", b"ALPH", b"ANIM", b"ANMF")
_SOS = 0xDA


@dataclass(frozen=True, slots=True)
class Header:
    """What a PNG or lossless WebP says of its pixels.

    ``mode``: ``RGB``, ``RGBA``, ``LA`` or ``P``, or empty for samples of another kind. ``start``
    and ``end``: the bytes of IDAT or VP8L, whole chunks. ``extra``: chunks that stand before and
    are needed.
    """

    container: str
    width: int
    height: int
    mode: str
    interlaced: bool
    start: int
    end: int
    extra: bytes = b""


def png_chunks(data: bytes, at: int, limits: Limits) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk from ``at`` on; the last one may be cut by the file."""
    for _ in range(limits.blocks):
        if at + 12 > len(data):
            return
        (length,) = struct.unpack_from(">I", data, at)
        after = min(at + 12 + length, len(data))
        yield data[at + 4 : at + 8], at, after
        at = after


def png_header(data: bytes, limits: Limits) -> Header | None:
    if data[12:16] != b"IHDR" or len(data) < 33:
        return None
    width, height, depth, colour, interlace = struct.unpack_from(">IIBBxxB", data, 16)
    start = end = 0
    extra = b""
    for name, at, after in png_chunks(data, 33, limits):
        if name == b"IDAT":
            start, end = start or at, after
        elif start or name == b"IEND":
            break  # IDAT chunks are consecutive (PNG 3rd edition, section 5.6)
        elif name in _KEPT and len(extra) + after - at <= _MOST_KEPT:
            extra += data[at:after]
    if not start:
        return None
    mode = "P" if colour == _PALETTE else _MODES.get(colour, "") if depth == 8 else ""
    return Header("PNG", width, height, mode, interlace != 0, start, end, extra)


def webp_header(data: bytes, limits: Limits) -> Header | None:
    """A still picture's VP8L chunk, where that is what viewers show: within the RIFF data, no
    lossy picture (VP8) or frame (ANMF) before it, as large as the canvas."""
    if len(data) < 12:
        return None
    at, file_end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    canvas = None
    for _ in range(limits.blocks):
        if at + 13 > file_end:
            return None
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in _OTHER_PIXELS:
            return None
        if name == b"VP8X" and canvas is None:
            canvas = size_of(data, "WEBP", limits)
        if name == b"VP8L":
            break
        at += 8 + length + length % 2
    else:
        return None
    # WebP Lossless Bitstream Specification, section 3: signature, then 14 + 14 + 1 + 3 bits
    signature, fields = struct.unpack_from("<BI", data, at + 8)
    if signature != 0x2F or at + 8 + length > file_end:
        return None
    width, height, alpha = (fields & 0x3FFF) + 1, (fields >> 14 & 0x3FFF) + 1, fields >> 28 & 1
    if canvas not in (None, (width, height)):
        return None
    mode = "RGBA" if alpha else "RGB"
    return Header("WebP", width, height, mode, False, at, at + 8 + length)


def size_of(data: bytes, form: str, limits: Limits) -> tuple[int, int] | None:
    """Width and height by the header of a JPEG, GIF or WebP; ``None`` where there are none."""
    if form == "JPEG":
        return _jpeg_size(data, limits)
    if form == "GIF" and len(data) >= 10:
        width, height = struct.unpack_from("<HH", data, 6)
        return width, height
    if form == "WEBP" and data[12:16] == b"VP8X" and len(data) >= 30:
        sides = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return next(sides) + 1, next(sides) + 1
    if form == "WEBP" and data[12:16] == b"VP8 " and len(data) >= 30:  # RFC 6386, section 9.1
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes, limits: Limits) -> tuple[int, int] | None:
    at = 2
    for _ in range(limits.blocks):
        marker = MARKER.match(data, at)
        if marker is None or marker.end() + 7 > len(data) or marker[1][0] == _SOS:
            return None
        if marker[1][0] in FRAMES:  # T.81, B.2.2: length, precision, height, width
            height, width = struct.unpack_from(">HH", data, marker.end() + 3)
            return width, height
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return None
