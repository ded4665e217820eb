"""Whether a file shows one picture only: a signature vouches for one, and viewers show them all."""

from __future__ import annotations

from tegaki.metadata.containers.headers import png_chunks
from tegaki.metadata.containers.png import SIGNATURE
from tegaki.metadata.limits import DEFAULT

_VP8X_ANIMATION = 0x02  # RFC 9649, section 2.7: of the byte of flags


def is_still(data: bytes) -> bool:
    """Whether a PNG, a WebP or a JPEG shows one picture; of others it is not known."""
    if data.startswith(SIGNATURE):
        return _is_still_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return data[12:16] != b"VP8X" or not data[20:21] or not data[20] & _VP8X_ANIMATION
    return data.startswith(b"\xff\xd8")


def _is_still_png(data: bytes) -> bool:
    """No acTL before the first IDAT (PNG, third edition, section 11.3.6.1)."""
    for kind, _, _ in png_chunks(data, len(SIGNATURE), DEFAULT):
        if kind in (b"acTL", b"IDAT"):
            return kind == b"IDAT"
    return False
