"""From stored samples to 8-bit RGB on a background."""

from __future__ import annotations

import numpy as np
from PIL import Image


def to_rgb(image: Image.Image, background: tuple[int, int, int]) -> tuple[Image.Image, bool]:
    """A picture or a band of one in mode ``RGB``, and whether any of it is transparent.

    Every pixel comes from its own samples alone, so bands put together are the whole.
    """
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB"), False
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return with_alpha.convert("RGB"), False
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(with_alpha, mask=alpha)
    return canvas, True


def _eight_bits(image: Image.Image) -> Image.Image:
    samples = np.asarray(image).astype(np.uint16)
    grey = Image.fromarray((samples >> 8).astype(np.uint8))
    transparent = image.info.get("transparency")  # one sample value (PNG 3rd edition, 11.3.1.1)
    if isinstance(transparent, int):
        grey = grey.convert("LA")
        grey.putalpha(Image.fromarray(((samples != transparent) * 255).astype(np.uint8)))
    return grey
