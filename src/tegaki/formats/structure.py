"""What a file's structure says of how it was made: no pixel is decoded.

Damaged or hostile bytes give fewer facts, never an error: the decoder has the last word on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tegaki.formats.jpeg import APP1, APP13, APP15, COM, DQT, FRAMES, SOS, JpegFile
from tegaki.formats.png import PngFile
from tegaki.formats.walk import Structure
from tegaki.formats.webp import FRAME, LOSSLESS, LOSSY, PIXELS, WebpFile

_Whole = npt.NDArray[np.int64]

_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
# ITU-T T.81, table K.1 (luminance), in the zigzag order of files.
_K1 = np.array(
    (
        16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49,
        35, 37, 29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56,
        80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
    )
)  # fmt: skip
_PNG_PICTURE = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"bKGD", b"sBIT")
)
_WEBP_METADATA = frozenset((b"EXIF", b"XMP ", b"ICCP"))


@dataclass(frozen=True, slots=True)
class Header:
    """``kind``: the variant of the format. ``quality``: JPEG 1-100, estimated, else NaN.

    ``subsampling``: the JPEG components' sampling factors, else empty. ``metadata``: bytes of
    EXIF, XMP, text, profiles and comments.
    """

    kind: str
    quality: float = math.nan
    subsampling: str = ""
    metadata: int = 0


def read_header(data: bytes, file: Structure | None, format: str) -> Header:
    """The header of a file.

    Args:
        file: its structure; ``None``: of a format that has no walker, which ``format`` names.
    """
    if isinstance(file, JpegFile):
        return _jpeg(data, file)
    if isinstance(file, PngFile):
        _, _, depth, colour, interlace = file.header or (0, 0, 0, 0, 0)
        text = sum(c.end - c.start - 12 for c in file.chunks if c.kind not in _PNG_PICTURE)
        return Header(
            f"PNG colour type {colour}, {depth} bits, interlace {interlace}", metadata=text
        )
    return _webp(file) if isinstance(file, WebpFile) else Header(format)


def jpeg_quality(table: _Whole) -> int:
    """The quality 1-100 whose table of the Independent JPEG Group is nearest to a luminance table.

    Args:
        table: int ``(64,)`` in zigzag order.
    """
    return int(np.abs(_IJG - table).sum(axis=1).argmin()) + 1


def _ijg_tables() -> _Whole:
    # libjpeg, jcparam.c: jpeg_quality_scaling and jpeg_add_quant_table.
    quality = np.arange(1, 101)[:, np.newaxis]
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    tables: _Whole = np.clip((_K1 * scale + 50) // 100, 1, 255)
    return tables


_IJG = _ijg_tables()


def _jpeg(data: bytes, file: JpegFile) -> Header:
    tables: dict[int, _Whole] = {}
    kind, sampling, luma, metadata = "JPEG", "", 0, 0
    for segment in file.segments:
        marker, body = segment.code, data[segment.body : segment.end]
        if marker == SOS:
            break
        if marker == DQT:
            tables |= _quantisation(body)
        elif marker in FRAMES and len(body) >= 9:
            parts = [body[i : i + 3] for i in range(6, len(body) - 2, 3)]
            sampling = ", ".join(f"{part[1] >> 4}x{part[1] & 15}" for part in parts)
            way = "progressive" if marker in _PROGRESSIVE else "sequential"
            kind, luma = f"JPEG {way}, {len(parts)} components", parts[0][2]
        elif marker in (COM, APP15) or APP1 <= marker <= APP13:
            metadata += len(body)  # APP0 and APP14 say how to read the pixels
    quality = float(jpeg_quality(tables[luma])) if luma in tables else math.nan
    return Header(kind, quality, sampling, metadata)


def _quantisation(body: bytes) -> dict[int, _Whole]:
    tables = {}
    while body:
        wide, name = body[0] >> 4, body[0] & 15
        size = 128 if wide else 64
        if len(body) < 1 + size:
            break
        values = np.frombuffer(body[1 : 1 + size], dtype=">u2" if wide else "u1")
        tables[name] = values.astype(np.int64)
        body = body[1 + size :]
    return tables


def _webp(file: WebpFile) -> Header:
    kinds = [chunk.kind for chunk in file.chunks if chunk.kind in PIXELS]
    kind = {LOSSY: "WebP lossy", LOSSLESS: "WebP lossless", FRAME: "WebP animated"}
    metadata = sum(c.end - c.start - 8 for c in file.chunks if c.kind in _WEBP_METADATA)
    return Header(kind[kinds[-1]] if kinds else "WebP", metadata=metadata)
