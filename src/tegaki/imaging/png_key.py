"""The transparent colour of a PNG without an alpha channel (PNG 3rd edition, 11.3.1.1).

All bits of a sample count. Pillow 13 compares keys of 16-bit RGB with the high bytes, and keys of
grey below 8 bits with samples that it has scaled to 255.
"""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageFile
from PIL.PngImagePlugin import PngImageFile

_KEY = "transparency"  # in Pillow's info
_LOW_BYTES = "RGB;16L"  # Pillow's name for 16 bits whose second byte is the high one


def settle_key(image: Image.Image, depth: int) -> None:
    """Bring a key to the scale of Pillow's samples, in place.

    Args:
        image: as Pillow opened it.
        depth: bits a sample, as stored; 16 is left to :func:`deep_alpha` and to grey of 16 bits.
    """
    key, most = image.info.get(_KEY), (1 << depth) - 1
    if depth > 8 or not isinstance(key, int | tuple) or image.mode not in ("1", "L", "RGB"):
        return
    # Of more bits than a sample has, the lowest count.
    if isinstance(key, int):
        image.info[_KEY] = (key & most) * 255 // most
    else:
        image.info[_KEY] = tuple(value & most for value in key)


def deep_alpha(image: ImageFile.ImageFile, data: bytes) -> Image.Image | None:
    """Which pixels of a loaded 16-bit RGB PNG are opaque, mode ``L``; ``None`` without a key.

    Args:
        data: what it was opened from.
    """
    key = image.info.get(_KEY)
    if not isinstance(key, tuple) or image.mode != "RGB":
        return None
    low = PngImageFile(io.BytesIO(data))
    low.tile = [tile._replace(args=_LOW_BYTES) for tile in low.tile]
    low.load()
    other = Image.new("L", image.size, 0)
    for index, value in enumerate(key):
        for samples, byte in ((image, value >> 8), (low, value & 255)):
            differs = [255 * (level != byte) for level in range(256)]
            other = ImageChops.lighter(other, samples.getchannel(index).point(differs))
    return other
