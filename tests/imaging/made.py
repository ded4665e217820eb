"""Pictures of kinds that Pillow does not write, chunk by chunk."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import png
from PIL import Image

from tegaki.imaging.color_spaces import profile_of_code_points

P3, REC2020 = 12, 9  # ITU-T H.273, table 2
SRGB_CURVE, LINEAR, PQ, HLG = 13, 8, 16, 18  # the same, table 3
# Columns: XYZ of red, green and blue (IEC 61966-2-1; SMPTE EG 432-1).
_XYZ = {
    "sRGB": [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
    "P3": [[0.4866, 0.2657, 0.1982], [0.2290, 0.6917, 0.0793], [0.0, 0.0451, 1.0439]],
}


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(data: bytes, *added: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    return data[:33] + b"".join(added) + data[33:]


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> bytes:
    return chunk(b"cICP", bytes((primaries, transfer, matrix, full)))


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def p3_profile() -> bytes:
    profile = profile_of_code_points(P3, SRGB_CURVE, full_range=True)
    assert profile
    return profile


def grey_profile(gamma: float) -> bytes:
    """A grey profile (ICC.1:2022, 8.3.2) of samples that are light to the power of ``1/gamma``."""
    curve = b"curv" + struct.pack(">IIH2x", 0, 1, round(gamma * 256))
    white = b"XYZ " + struct.pack(">I3i", 0, 63190, 65536, 54061)
    start = 128 + 4 + 24
    table = struct.pack(">I", 2)
    table += b"wtpt" + struct.pack(">II", start, 20) + b"kTRC" + struct.pack(">II", start + 20, 16)
    total = start + 36
    head = struct.pack(">I4xI4s4s4s12x4s", total, 0x04400000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    return (head.ljust(68, b"\0") + white[8:]).ljust(128, b"\0") + table + white + curve


def other_model(profile: bytes, model: bytes) -> bytes:
    """A profile that says to be of another colour model."""
    return profile[:16] + model + profile[20:]


def in_p3(picture: Image.Image) -> Image.Image:
    """The same colours in Display P3, computed beside littleCMS."""
    light = _to_light(np.asarray(picture, np.float64) / 255)
    resize_width = np.linalg.solve(np.array(_XYZ["P3"]), np.array(_XYZ["sRGB"]))
    return _picture(light @ resize_width.T)


def _to_light(samples: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def _picture(light: Any) -> Image.Image:
    light = np.clip(light, 0, 1)
    samples = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.round(samples * 255).astype(np.uint8))


def light_to_the(power: float, picture: Image.Image) -> Image.Image:
    """The same colours, as samples that are light to a power."""
    light = _to_light(np.asarray(picture, np.float64) / 255)
    return Image.fromarray(np.round(light**power * 255).astype(np.uint8))


def in_pq(picture: Image.Image) -> list[list[int]]:
    """Rows of 16-bit samples in PQ, white at 203 nits (ITU-R BT.2100, table 4)."""
    light = _to_light(np.asarray(picture, np.float64) / 255) * 203 / 10_000
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    samples = ((c1 + c2 * light**m1) / (1 + c3 * light**m1)) ** m2
    rows: list[list[int]] = np.round(samples * 65535).astype(int).reshape(len(light), -1).tolist()
    return rows


def written(rows: Sequence[Sequence[int]], width: int, **options: Any) -> bytes:
    """A PNG by pypng, which knows every kind."""
    buffer = io.BytesIO()
    png.Writer(width, len(rows), **options).write(buffer, rows)
    return buffer.getvalue()


def deep_with_key(size: int, interlace: bool = False) -> bytes:
    """16-bit RGB: left the transparent colour, right one that differs in a low byte alone."""
    key = (0x1234, 0x5678, 0x9ABC)
    other = (0x1234, 0x5678, 0x9ABD)
    row = [*key * (size // 2), *other * (size - size // 2)]
    return written(
        [row] * size, size, greyscale=False, bitdepth=16, transparent=key, interlace=interlace
    )


def hidden_default(shown: Sequence[Image.Image], hidden: Image.Image, **options: Any) -> bytes:
    """An APNG whose default picture is no frame."""
    return saved(
        hidden,
        "PNG",
        save_all=True,
        default_image=True,
        append_images=list(shown),
        **options,
    )


def small_first_frame(colour: str = "red") -> bytes:
    """A GIF of 120 x 100 whose one frame has 60 x 50 pixels, at 30, 20."""
    data = bytearray(saved(Image.new("P", (60, 50), 0), "GIF"))
    data[6:10] = struct.pack("<HH", 120, 100)
    at = data.index(b",\0\0\0\0")
    data[at + 1 : at + 5] = struct.pack("<HH", 30, 20)
    data[13:16] = bytes(Image.new("RGB", (1, 1), colour).tobytes())
    return bytes(data)
