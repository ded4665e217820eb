"""What a PNG says of its colours: the space that its samples are in, and the transparent one."""

from __future__ import annotations

import struct
import zlib

from tegaki.imaging.color_profiles import (
    LARGEST,
    Conversion,
    conversion_of,
    conversion_of_rgb,
)
from tegaki.imaging.color_spaces import (
    SRGB,
    Primaries,
    profile_of_code_points,
    profile_of_gamma,
)
from tegaki.imaging.png_rows import chunks

_SIGNATURE = 8  # bytes
_SIZES = {b"cICP": 4, b"iCCP": 0, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"tRNS": 0}
_GAMMA = 1 / 2.2  # of sRGB (PNG 3rd edition, 11.3.2.3)
_GAMMA_WITHIN = 0.05  # libpng's PNG_GAMMA_THRESHOLD: nobody sees less
_NAME = 80  # bytes that a profile's name may take, with its end (PNG 3rd edition, 11.3.2.3)


def png_conversion(data: bytes, mode: str) -> Conversion | None:
    """To sRGB; ``None`` where a PNG says nothing usable.

    What counts first (PNG 3rd edition, table 16): ``cICP``, ``iCCP``, ``sRGB``, ``gAMA`` with
    ``cHRM``.

    Args:
        mode: Pillow's, of the samples as they are stored.
    """
    said = color_chunks(data)
    found = _by_code_points(said.get(b"cICP", b""))
    if found is None and b"iCCP" in said:
        found = conversion_of(_inflated(said[b"iCCP"]), mode)
    if found is not None or b"sRGB" in said:
        return found
    return _by_gamma(said)


def color_chunks(data: bytes) -> dict[bytes, bytes]:
    """The first whole one of each kind of chunk that concerns colours, before the pixels."""
    found: dict[bytes, bytes] = {}
    for name, at, end in chunks(data, _SIGNATURE):
        if name == b"IDAT" or end > len(data):
            break
        if name in _SIZES and name not in found:
            body = data[at + 8 : end - 4]
            check = int.from_bytes(data[end - 4 : end], "big")
            if zlib.crc32(name + body) == check and _SIZES[name] in (0, len(body)):
                found[name] = body
    return found


def _by_code_points(body: bytes) -> Conversion | None:
    if not body:
        return None
    primaries, transfer, matrix, full = body
    if matrix != 0 or full > 1:  # RGB alone is allowed
        return None
    profile = profile_of_code_points(primaries, transfer, full_range=bool(full))
    return conversion_of_rgb(profile) if profile else None


def _by_gamma(said: dict[bytes, bytes]) -> Conversion | None:
    if b"gAMA" not in said:
        return None
    gamma = int.from_bytes(said[b"gAMA"], "big") / 100_000
    primaries = SRGB
    if b"cHRM" in said:
        x = [value / 100_000 for value in struct.unpack(">8I", said[b"cHRM"])]
        primaries = Primaries((x[2], x[3]), (x[4], x[5]), (x[6], x[7]), (x[0], x[1]))
    if abs(gamma / _GAMMA - 1) < _GAMMA_WITHIN and primaries.is_near(SRGB):
        return None
    profile = profile_of_gamma(gamma, primaries)
    return conversion_of_rgb(profile) if profile else None


def _inflated(body: bytes) -> bytes:
    """The profile in an ``iCCP`` chunk; empty where it is damaged or larger than any is used."""
    name = body.find(b"\0", 0, _NAME)
    if name < 0 or body[name + 1 : name + 2] != b"\0":
        return b""
    unpack = zlib.decompressobj()
    try:
        profile = unpack.decompress(body[name + 2 :], LARGEST + 1)
    except zlib.error:
        return b""
    return profile if unpack.eof else b""
