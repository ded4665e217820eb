"""What a file is, by its first bytes. The extension is never asked."""

from __future__ import annotations

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif",
    ".bmp", ".dib", ".tif", ".tiff", ".avif", ".avifs",
)  # fmt: skip
"""Names that promise a picture; used only to notice a folder with such a name."""

_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # BigTIFF
    (b"MM\x00+", "TIFF"),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # sizes of the known header kinds
_AVIF_BRANDS = (b"avif", b"avis")


def sniff(data: bytes) -> str | None:
    """``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP``, ``TIFF``, ``AVIF`` or ``None``."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and _has_avif_brand(data):
        return "AVIF"
    return None


def _has_avif_brand(data: bytes) -> bool:
    # ISO/IEC 14496-12, section 4.3: size, "ftyp", major brand, version, compatible brands.
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[i : i + 4] for i in range(16, end, 4))]
    return any(brand in _AVIF_BRANDS for brand in brands)


def bytes_promised(data: bytes, name: str) -> int:
    """How long the file says it is, where its header says so, else 0."""
    if name == "WEBP" and len(data) >= 12:
        return 8 + int.from_bytes(data[4:8], "little")
    return _end_of_boxes(data) if name == "AVIF" else 0


def _end_of_boxes(data: bytes) -> int:
    # ISO/IEC 14496-12, section 4.2: size 1 has a 64-bit size behind it, 0 reaches to the end.
    at = 0
    while data[at + 4 : at + 8].isalnum():  # what is no box is left to the decoder
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            break
        at += size
    return at
