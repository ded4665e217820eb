"""From stored samples to 8-bit sRGB on a background."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tegaki.imaging.color_profiles import Conversion


def to_rgb(
    image: Image.Image, background: tuple[int, int, int], conversion: Conversion | None = None
) -> tuple[Image.Image, bool]:
    """A picture or a band of one in mode ``RGB``, and whether any of it is transparent.

    Every pixel comes from its own samples alone, so bands put together are the whole.

    Args:
        conversion: to sRGB, of samples that are in another colour space.
    """
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return _srgb(image, conversion), False
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    colours = _srgb(with_alpha.convert("RGB"), conversion)
    if alpha.getextrema() == (255, 255):
        return colours, False
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(colours, mask=alpha)
    return canvas, True


def _srgb(colours: Image.Image, conversion: Conversion | None) -> Image.Image:
    if conversion is not None:
        return conversion.apply(colours)
    return colours if colours.mode == "RGB" else colours.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    samples = np.asarray(image).astype(np.uint16)
    grey = Image.fromarray((samples >> 8).astype(np.uint8))
    transparent = image.info.get("transparency")  # one sample value (PNG 3rd edition, 11.3.1.1)
    if isinstance(transparent, int):
        grey = grey.convert("LA")
        grey.putalpha(Image.fromarray(((samples != transparent) * 255).astype(np.uint8)))
    return grey
