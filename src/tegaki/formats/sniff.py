"""What a file is, by its first bytes. The extension is never asked."""

from __future__ import annotations

from tegaki.formats import gif, jpeg, png, tiff
from tegaki.formats.isobmff import AVIF_BRANDS, brands

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif",
    ".bmp", ".dib", ".tif", ".tiff", ".avif", ".avifs",
)  # fmt: skip
"""Names that promise a picture; used only to notice a folder with such a name."""

_MAGIC = (
    (jpeg.SIGNATURE, "JPEG"),
    (png.SIGNATURE, "PNG"),
    *((signature, "GIF") for signature in gif.SIGNATURES),
    *((signature, "TIFF") for signature in tiff.LAYOUTS),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # sizes of the known header kinds


def sniff(data: bytes) -> str | None:
    """``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP``, ``TIFF``, ``AVIF`` or ``None``."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return "AVIF" if brands(data) & AVIF_BRANDS else None
