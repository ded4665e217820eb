"""Pictures of formats that keep alpha to the bit, whatever becomes of the colours.

Lossy WebP stores alpha without loss by default, AVIF does at its highest quality, and TIFF keeps
all samples as they are: texts hidden in alpha outlive a conversion to any of them.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tegaki.metadata.limits import Limits

TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_VP8X_ALPHA, _VP8X_ANIMATION = 0x10, 0x02  # RFC 9649, section 2.7


def has_transparency(
    data: bytes, form: str, limits: Limits, decoded: Image.Image | None
) -> Image.Image | None:
    """The picture as RGBA or LA, 8 bits a sample; ``None`` without alpha, where it is damaged or
    over the limit of pixels, and for other formats.

    Args:
        decoded: the picture, where the caller has decoded it already.
    """
    try:
        picture = _opened(data, form)
        if picture is None or picture.mode not in ("RGBA", "LA"):
            return None
        if not 0 < picture.width * picture.height <= limits.pixels:
            return None
        if decoded is not None and (decoded.size, decoded.mode) == (picture.size, picture.mode):
            return decoded
        picture.load()
    except Exception:  # noqa: BLE001 - whatever a decoder raises, these pixels say nothing
        return None
    return picture


def _opened(data: bytes, form: str) -> Image.Image | None:
    """By the decoder of the format alone; nothing is decoded yet."""
    if form == "WEBP":
        bare = _bare_webp(data)
        return None if bare is None else WebPImageFile(io.BytesIO(bare))
    if form == "AVIF":
        return AvifImageFile(io.BytesIO(data))
    return TiffImageFile(io.BytesIO(data)) if data.startswith(TIFF_SIGNATURES) else None


def _bare_webp(data: bytes) -> bytes | None:
    """A still lossy WebP with alpha as a file of nothing but header, alpha and colours."""
    if len(data) < 30 or data[12:16] != b"VP8X" or data[20] & _VP8X_ANIMATION:
        return None
    found = dict(_chunks(data))
    if b"ALPH" not in found or b"VP8 " not in found:
        return None
    head = struct.pack("<4sIB", b"VP8X", 10, _VP8X_ALPHA) + data[21:30]
    body = b"WEBP" + head + found[b"ALPH"] + found[b"VP8 "]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The first chunks up to the colours, each with its header and padding, by name."""
    at, end = 30, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", data, at)
        after = at + 8 + length + length % 2
        if name in (b"ALPH", b"VP8 "):
            yield name, data[at : at + 8 + length] + b"\0" * (length % 2)
        if name == b"VP8 ":
            return
        at = after


_MOST_CHUNKS = 100  # before the colours: RFC 9649 knows four
