"""Pictures of formats that keep alpha to the bit, whatever becomes of the colours.

Lossy WebP stores alpha without loss by default, AVIF does at its highest quality, and TIFF keeps
all samples as they are: texts hidden in alpha outlive a conversion to any of them.
"""

from __future__ import annotations

import io
import struct

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tegaki.formats import Structure
from tegaki.formats.webp import LOSSY, WebpFile
from tegaki.metadata.limits import Limits

_VP8X_ALPHA = 0x10  # RFC 9649, section 2.7


def has_transparency(
    data: bytes, file: Structure | None, limits: Limits, decoded: Image.Image | None
) -> Image.Image | None:
    """The picture as RGBA or LA, 8 bits a sample; ``None`` without alpha, where it is damaged or
    over the limit of pixels, and for other formats.

    Args:
        decoded: the picture, where the caller has decoded it already.
    """
    try:
        picture = _opened(data, file)
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


def _opened(data: bytes, file: Structure | None) -> Image.Image | None:
    """By the decoder of the format alone; nothing is decoded yet."""
    if isinstance(file, WebpFile):
        bare = _bare_webp(data, file)
        return None if bare is None else WebPImageFile(io.BytesIO(bare))
    form = "" if file is None else file.format
    if form == "AVIF":
        return AvifImageFile(io.BytesIO(data))
    return TiffImageFile(io.BytesIO(data)) if form == "TIFF" else None


def _bare_webp(data: bytes, file: WebpFile) -> bytes | None:
    """A still lossy WebP with alpha as a file of nothing but header, alpha and colours."""
    if not file.is_extended or file.animated or file.size is None:
        return None
    found: dict[bytes, bytes] = {}
    for kind, start, end in file.chunks[: _MOST_CHUNKS + 1]:
        if kind in (b"ALPH", LOSSY):
            found[kind] = data[start:end] + b"\0" * ((end - start) % 2)
        if kind == LOSSY:
            break
    if b"ALPH" not in found or LOSSY not in found:
        return None
    head = struct.pack("<4sIB", b"VP8X", 10, _VP8X_ALPHA) + data[21:30]
    body = b"WEBP" + head + found[b"ALPH"] + found[LOSSY]
    return b"RIFF" + struct.pack("<I", len(body)) + body


_MOST_CHUNKS = 100  # before the colours: RFC 9649 knows four
