"""What a PNG says of its colours: the space that its samples are in, and the transparent one."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from tegaki.formats.png import PngFile
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

_SIZES = {b"cICP": 4, b"iCCP": 0, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"tRNS": 0}
_GAMMA = 1 / 2.2  # of sRGB (PNG 3rd edition, 11.3.2.3)
_GAMMA_WITHIN = 0.05  # libpng's PNG_GAMMA_THRESHOLD: nobody sees less
_NAME = 80  # bytes that a profile's name may take, with its end (PNG 3rd edition, 11.3.2.3)


def png_conversion(data: bytes, file: PngFile, mode: str) -> Conversion | None:
    """To sRGB; ``None`` where a PNG says nothing usable.

    What counts first (PNG 3rd edition, table 16): ``cICP``, ``iCCP``, ``sRGB``, ``gAMA`` with
    ``cHRM``.

    Args:
        file: the structure of ``data``.
        mode: Pillow's, of the samples as they are stored.
    """
    said = color_chunks(data, file)
    found = _by_code_points(said.get(b"cICP", b""))
    if found is None and b"iCCP" in said:
        found = conversion_of(_inflated(said[b"iCCP"]), mode)
    if found is not None or b"sRGB" in said:
        return found
    if b"gAMA" not in said:
        return None
    points = struct.unpack(">8I", said[b"cHRM"]) if b"cHRM" in said else ()
    gamma = int.from_bytes(said[b"gAMA"], "big") / 100_000
    return _by_gamma(gamma, [value / 100_000 for value in points])


def held_conversion(image: Image.Image) -> Conversion | None:
    """The same of a picture that Pillow has opened, in any format: by the profile in its ``info``,
    and by what that holds of a PNG's other chunks. Pillow does not read ``cICP``."""
    info = image.info
    profile, gamma = info.get("icc_profile"), info.get("gamma")
    found = conversion_of(profile, image.mode) if isinstance(profile, bytes) else None
    if found is not None or "srgb" in info or not isinstance(gamma, float):
        return found
    points = info.get("chromaticity")
    return _by_gamma(gamma, points if isinstance(points, tuple) else ())


def color_chunks(data: bytes, file: PngFile) -> dict[bytes, bytes]:
    """The first whole one of each kind of chunk that concerns colours, before the pixels."""
    found: dict[bytes, bytes] = {}
    for name, at, end in file.chunks:
        if name == b"IDAT":
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


def _by_gamma(gamma: float, x: Sequence[float]) -> Conversion | None:
    primaries = SRGB
    if len(x) == 8:
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
