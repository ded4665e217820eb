"""Where the samples of lossless files stand, and of what kind they are."""

from __future__ import annotations

from dataclasses import dataclass

from tegaki.formats import Structure
from tegaki.formats.png import PngFile
from tegaki.formats.webp import EXTENDED, FRAME, LOSSLESS, LOSSY, WebpFile, lossless_size

_MODES = {2: "RGB", 4: "LA", 6: "RGBA"}  # PNG colour types (PNG 3rd edition, table 12), of 8 bits
_PALETTE = 3
_KEPT = (b"PLTE", b"tRNS")  # what else the samples of other colour types need
_MOST_KEPT = 2048  # bytes of them: a whole palette with alpha has 1,048
_OTHER_PIXELS = (LOSSY, b"ALPH", b"ANIM", FRAME)


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


def header_of(file: Structure | None, data: bytes) -> Header | None:
    """``None`` for other formats, other kinds of WebP, and what is damaged."""
    if isinstance(file, PngFile):
        return _of_png(file, data)
    return _of_webp(file, data) if isinstance(file, WebpFile) else None


def _of_png(file: PngFile, data: bytes) -> Header | None:
    if file.header is None or file.pixels is None:
        return None
    width, height, depth, colour, interlace = file.header
    start, end = file.pixels
    extra = b""
    for kind, at, after in file.chunks:
        if at >= start:
            break
        if kind in _KEPT and len(extra) + after - at <= _MOST_KEPT:
            extra += data[at:after]
    mode = "P" if colour == _PALETTE else _MODES.get(colour, "") if depth == 8 else ""
    return Header("PNG", width, height, mode, interlace != 0, start, end, extra)


def _of_webp(file: WebpFile, data: bytes) -> Header | None:
    """A still picture's VP8L chunk, where that is what viewers show: within the RIFF data, no
    lossy picture (VP8) or frame (ANMF) before it, as large as the canvas."""
    picture = next((c for c in file.chunks if c.kind == LOSSLESS or c.kind in _OTHER_PIXELS), None)
    if picture is None or picture.kind != LOSSLESS:
        return None
    _, start, end = picture
    sides = lossless_size(data, start)
    if sides is None:
        return None
    width, height, alpha = sides
    if file.chunks[0].kind == EXTENDED and file.size != (width, height):
        return None
    return Header("WebP", width, height, "RGBA" if alpha else "RGB", False, start, end)
