"""Whether a file shows one picture only: a signature vouches for one, and viewers show them all."""

from __future__ import annotations

import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 20_000
_VP8X_ANIMATION = 0x02  # RFC 9649, section 2.7: of the byte of flags


def is_still(data: bytes) -> bool:
    """Whether a PNG, a WebP or a JPEG shows one picture; of others it is not known."""
    if data.startswith(_PNG):
        return _is_still_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return data[12:16] != b"VP8X" or not data[20:21] or not data[20] & _VP8X_ANIMATION
    return data.startswith(b"\xff\xd8")


def _is_still_png(data: bytes) -> bool:
    """No acTL before the first IDAT (PNG, third edition, section 11.3.6.1)."""
    at = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in (b"acTL", b"IDAT"):
            return bool(kind == b"IDAT")
        at += 12 + length
    return False
