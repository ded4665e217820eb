"""Writers of marks in pixels, from the descriptions of the formats and slow on purpose.

They share nothing with ``tegaki.metadata``: a mistake in its reading cannot hide in them.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


def hide(pixels: Pixels, magic: str, payload: bytes, claimed: int | None = None) -> Pixels:
    """A copy with a stealth text: bit by bit, down each column, columns left to right.

    ``claimed``: the length field, in bits, if it shall not be that of the payload.
    """
    length = len(payload) * 8 if claimed is None else claimed
    message = magic.encode("ascii") + struct.pack(">I", length) + payload
    bits = [byte >> shift & 1 for byte in message for shift in range(7, -1, -1)]
    channels = (0, 1, 2) if "rgb" in magic else (3,)
    marked, at = pixels.copy(), 0
    for x in range(pixels.shape[1]):
        for y in range(pixels.shape[0]):
            for channel in channels:
                if at < len(bits):
                    marked[y, x, channel] = int(marked[y, x, channel]) & 254 | bits[at]
                    at += 1
    assert at == len(bits), "the picture is too small for this text"
    return marked


def payload_of(magic: str, text: str) -> bytes:
    raw = text.encode("utf-8")
    return gzip.compress(raw) if magic.endswith("comp") else raw


def png(pixels: Pixels, filters: Sequence[int] = (0,), idat: int = 1 << 30) -> bytes:
    """A PNG whose row ``y`` has filter ``filters[y % len(filters)]``, in chunks of ``idat`` bytes.

    PNG 3rd edition, sections 5 and 9.2.
    """
    height, width, channels = pixels.shape
    raw, above = bytearray(), bytes(width * channels)
    for y in range(height):
        kind, row = filters[y % len(filters)], pixels[y].tobytes()
        raw.append(kind)
        for i, value in enumerate(row):
            left = row[i - channels] if i >= channels else 0
            corner = above[i - channels] if i >= channels else 0
            raw.append((value - _predicted(kind, left, above[i], corner)) & 255)
        above = row
    packed = zlib.compress(bytes(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    pieces = [packed[at : at + idat] for at in range(0, len(packed), idat)]
    return png_of_chunks([(b"IHDR", header), *((b"IDAT", piece) for piece in pieces)])


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        p = left + up - corner
        return min((left, up, corner), key=lambda value: abs(p - value))
    return (0, left, up, (left + up) // 2)[kind]


def png_of_chunks(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Signature, these chunks, ``IEND``."""
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in [*chunks, (b"IEND", b"")]:
        check = zlib.crc32(name + content)
        data += struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
    return data


def lossless_webp(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", lossless=True, exact=True)
    return buffer.getvalue()


def watermark(rgb: Pixels, bits: Sequence[int], method: str = "dwtDct") -> Pixels:
    """A copy with a mark of ``invisible-watermark``: as OpenCV rounds, block after block."""
    yuv = _to_yuv(rgb)
    height, width = (side // 4 * 4 for side in rgb.shape[:2])
    u = yuv[:height, :width, 1]
    a, b, c, d = u[0::2, 0::2], u[0::2, 1::2], u[1::2, 0::2], u[1::2, 1::2]
    low, across, down, both = (
        (a + b + c + d) / 2,
        (a - b + c - d) / 2,
        (a + b - c - d) / 2,
        (a - b - c + d) / 2,
    )
    number = 0
    for y in range(low.shape[0] // 4):
        for x in range(low.shape[1] // 4):
            block = low[4 * y : 4 * y + 4, 4 * x : 4 * x + 4]
            block[:] = _MARKERS[method](block, bits[number % len(bits)])
            number += 1
    u[0::2, 0::2], u[0::2, 1::2] = (
        (low + across + down + both) / 2,
        (low - across + down - both) / 2,
    )
    u[1::2, 0::2], u[1::2, 1::2] = (
        (low + across - down - both) / 2,
        (low - across - down + both) / 2,
    )
    yuv[:height, :width, 1] = np.floor(u)  # floats put into an array of bytes
    return _to_rgb(yuv)


def _marked(value: float, bit: int) -> float:
    return (value // 36 + 0.25 + 0.5 * bit) * 36


def _mark_coefficient(block: npt.NDArray[np.float64], bit: int) -> npt.NDArray[np.float64]:
    flat = block.flatten()
    place = 1 + int(np.argmax(np.abs(flat[1:])))
    flat[place] = np.sign(flat[place]) * _marked(abs(flat[place]), bit)
    return flat.reshape(4, 4)


def _mark_singular_value(block: npt.NDArray[np.float64], bit: int) -> npt.NDArray[np.float64]:
    left, values, right = np.linalg.svd(block)
    values[0] = _marked(values[0], bit)
    return np.asarray(left @ np.diag(values) @ right)


_MARKERS = {"dwtDct": _mark_coefficient, "dwtDctSvd": _mark_singular_value}


def _to_yuv(rgb: Pixels) -> npt.NDArray[np.float64]:
    r, g, b = (rgb[:, :, channel].astype(np.float64) for channel in range(3))
    y = np.rint(0.299 * r + 0.587 * g + 0.114 * b)
    return np.stack([y, np.rint(0.492 * (b - y) + 128), np.rint(0.877 * (r - y) + 128)], axis=2)


def _to_rgb(yuv: npt.NDArray[np.float64]) -> Pixels:
    y, u, v = yuv[:, :, 0], yuv[:, :, 1] - 128, yuv[:, :, 2] - 128
    rgb = np.stack([y + 1.14 * v, y - 0.395 * u - 0.581 * v, y + 2.032 * u], axis=2)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
