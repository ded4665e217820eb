"""What a file's structure says, read from its bytes: no pixel is decoded.

Damaged or hostile bytes give fewer facts, never an error: the decoder has the last word on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_Whole = npt.NDArray[np.int64]

_SOS, _DQT, _COM, _APP1, _APP13, _APP15 = 0xDA, 0xDB, 0xFE, 0xE1, 0xED, 0xEF
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # ITU-T T.81, table B.1
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


def read_header(data: bytes, format: str) -> Header:
    """The header of a file whose format is known."""
    if format == "JPEG":
        return _jpeg(data)
    if format == "PNG":
        depth, colour, interlace = (*data[24:26], *data[28:29], 0, 0, 0)[:3]
        text = sum(size for name, size in _png_chunks(data) if name not in _PNG_PICTURE)
        return Header(
            f"PNG colour type {colour}, {depth} bits, interlace {interlace}", metadata=text
        )
    if format == "WEBP":
        return _webp(data)
    return Header(format)


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


def _jpeg(data: bytes) -> Header:
    tables: dict[int, _Whole] = {}
    kind, sampling, luma, metadata = "JPEG", "", 0, 0
    for marker, body in _jpeg_segments(data):
        if marker == _DQT:
            tables |= _quantisation(body)
        elif marker in _SOF and len(body) >= 9:
            parts = [body[i : i + 3] for i in range(6, len(body) - 2, 3)]
            sampling = ", ".join(f"{part[1] >> 4}x{part[1] & 15}" for part in parts)
            way = "progressive" if marker in _PROGRESSIVE else "sequential"
            kind, luma = f"JPEG {way}, {len(parts)} components", parts[0][2]
        elif marker in (_COM, _APP15) or _APP1 <= marker <= _APP13:
            metadata += len(body)  # APP0 and APP14 say how to read the pixels
    quality = float(jpeg_quality(tables[luma])) if luma in tables else math.nan
    return Header(kind, quality, sampling, metadata)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers and contents up to the first scan."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _SOS or size < 2:
            return
        yield marker, data[at + 4 : at + 2 + size]
        at += 2 + size


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


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    at = 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], size
        at += 12 + size


def _webp(data: bytes) -> Header:
    kind, metadata, at = "WebP", 0, 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in (b"VP8 ", b"VP8L", b"ANMF"):
            kind = {b"VP8 ": "WebP lossy", b"VP8L": "WebP lossless"}.get(name, "WebP animated")
        metadata += size if name in _WEBP_METADATA else 0
        at += 8 + size + size % 2
    return Header(kind, metadata=metadata)
