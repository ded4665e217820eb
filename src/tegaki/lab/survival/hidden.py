"""Marks hidden in pixels, as their writers hide them, and the picture that they are hidden in."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Pixels = npt.NDArray[np.uint8]
SIDE = 512
_STEP = 36  # invisible-watermark's scale of the U channel (imwatermark/dwtDct.py)


def drawn_picture() -> Pixels:
    """uint8 ``(512, 512, 3)``: outlined shapes over a gradient, always the same."""
    ramp = np.linspace(60, 200, SIDE)
    ground = np.stack(
        [
            np.add.outer(ramp, ramp) / 2,
            np.add.outer(ramp, ramp[::-1]) / 2,
            np.tile(ramp, (SIDE, 1)),
        ],
        axis=2,
    )
    image = Image.fromarray(ground.astype(np.uint8))
    brush = ImageDraw.Draw(image)
    rng = np.random.default_rng(7)
    for x, y, size in rng.integers((0, 0, 20), (SIDE, SIDE, 90), (40, 3)).tolist():
        colour = tuple(rng.integers(60, 200, 3).tolist())
        brush.ellipse((x, y, x + size, y + size), fill=colour, outline=(50, 40, 60), width=3)
    return np.array(image, np.uint8)


def hide_text(rgb: Pixels, text: str, in_alpha: bool) -> Pixels:
    """A copy with a text in the lowest bits ("stealth pnginfo"), packed with gzip.

    Returns uint8 ``(height, width, 4)`` with the text in alpha, or ``(height, width, 3)``.
    """
    payload = gzip.compress(text.encode(), mtime=0)
    magic = b"stealth_pngcomp" if in_alpha else b"stealth_rgbcomp"
    message = magic + struct.pack(">I", len(payload) * 8) + payload
    bits = np.unpackbits(np.frombuffer(message, np.uint8))
    if in_alpha:
        rgb = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    columns = rgb.transpose(1, 0, 2).copy()  # the text runs down each column
    carrier = columns[:, :, 3:] if in_alpha else columns
    flat = carrier.reshape(-1)
    flat[: bits.size] = flat[: bits.size] & 254 | bits
    columns[:, :, 3 if in_alpha else 0 :] = flat.reshape(carrier.shape)
    return np.ascontiguousarray(columns.transpose(1, 0, 2))


def add_watermark(rgb: Pixels, bits: tuple[bool, ...]) -> Pixels:
    """A copy with a mark of ``invisible-watermark``, method ``dwtDct``.

    A bit stands in the largest coefficient but the first of each 4 x 4 block of the low pass of U
    (``ShieldMnt/invisible-watermark:imwatermark/dwtDct.py``).
    """
    r, g, b = (rgb[:, :, channel].astype(np.float64) for channel in range(3))
    y = np.rint(0.299 * r + 0.587 * g + 0.114 * b)
    v = np.rint(0.877 * (r - y) + 128)
    u = np.rint(0.492 * (b - y) + 128)
    low = (u[0::2, 0::2] + u[0::2, 1::2] + u[1::2, 0::2] + u[1::2, 1::2]) / 2
    marked = _marked_blocks(low, bits)
    u = np.floor(u + np.repeat(np.repeat((marked - low) / 2, 2, axis=0), 2, axis=1)) - 128
    v -= 128
    made = np.stack([y + 1.14 * v, y - 0.395 * u - 0.581 * v, y + 2.032 * u], axis=2)
    return np.asarray(np.clip(np.rint(made), 0, 255), np.uint8)


def _marked_blocks(low: npt.NDArray[np.float64], bits: tuple[bool, ...]) -> npt.NDArray[np.float64]:
    down, across = low.shape[0] // 4, low.shape[1] // 4
    blocks = low.reshape(down, 4, across, 4).transpose(0, 2, 1, 3).reshape(-1, 16).copy()
    rows = np.arange(len(blocks))
    places = 1 + np.argmax(np.abs(blocks[:, 1:]), axis=1)
    values = blocks[rows, places]
    wanted = np.asarray(bits, np.float64)[rows % len(bits)]
    blocks[rows, places] = np.sign(values) * (np.abs(values) // _STEP + 0.25 + wanted / 2) * _STEP
    return blocks.reshape(down, across, 4, 4).transpose(0, 2, 1, 3).reshape(low.shape)
