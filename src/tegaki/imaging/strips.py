"""From the stored samples of a large picture to what views are cut from, in bands of rows.

The whole of a 100-megapixel picture in RGB takes 400 MB. Here it is never there: every band is
laid on the background, shrunk across to a few hundred columns and let go; what is left of all is
shrunk down in one step. So are pictures that are held whole, and the bits are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil

import numpy as np
from PIL import Image

from tegaki.imaging.color import to_rgb
from tegaki.imaging.crops import (
    CropPlan,
    Extremes,
    blank_error,
    extremes,
    is_flat,
    resize_height,
    resize_width,
    rows_needed,
    sampled_extremes,
)

_PIXELS = 1 << 20  # of a band


def strip_height(width: int) -> int:
    """How many rows of this width a band has."""
    return max(1, _PIXELS // width)


def upright_size(size: tuple[int, int], method: Image.Transpose | None) -> tuple[int, int]:
    """Width and height of the upright picture; ``method`` is what makes it upright."""
    return (size[1], size[0]) if method in _SIDEWAYS else size


def upright_strips(image: Image.Image, method: Image.Transpose | None) -> Iterator[Image.Image]:
    """The upright picture from its top to its bottom; see :func:`upright_size`."""
    width, height = image.size
    turned = method in _SIDEWAYS
    if method is None and image.mode == "RGB":  # nothing to be done that would copy it
        yield image
        return
    columns, all_rows = upright_size(image.size, method)
    backwards = method in _FROM_THE_END
    rows = strip_height(columns)
    for top in range(0, all_rows, rows):
        first, last = top, min(top + rows, all_rows)
        if backwards:
            first, last = all_rows - last, all_rows - first
        box = (first, 0, last, height) if turned else (0, first, width, last)
        strip = image.crop(box)
        yield strip if method is None else strip.transpose(method)


_SIDEWAYS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
_MIRRORED = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
)
"""Where the left column of the upright picture is the last column or row that is stored."""
_FROM_THE_END = (
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
"""Where the top row of the upright picture is the last row or column that is stored."""


def upright_offset(
    stored: tuple[int, int], factor: int, method: Image.Transpose | None
) -> tuple[float, float]:
    """Where an upright picture begins whose stored one was shrunk by a factor.

    What is left over of the last column and row that are stored is not a whole pixel; upright it
    may be in the first ones.
    """
    left_over = [ceil(side / factor) - side / factor for side in upright_size(stored, method)]
    return (
        left_over[0] if method in _MIRRORED else 0.0,
        left_over[1] if method in _FROM_THE_END else 0.0,
    )


def crop_strips(
    strips: Iterable[Image.Image],
    size: tuple[int, int],
    plan: CropPlan,
    background: tuple[int, int, int],
) -> tuple[Image.Image, bool]:
    """What is cut from a picture, mode ``RGB``, to the bit as
    :func:`tegaki.imaging.crops.normalise` gives it, and whether it is transparent anywhere.

    Args:
        strips: the whole upright picture, from its top to its bottom.
        size: its width and height.

    Raises:
        BlankPicture: all of it is one flat colour.
    """
    first, last = rows_needed(plan, size[1])
    kept = Image.new("RGB", (plan.size[0], last - first))
    seen: Extremes | None = None
    transparent, top = False, 0
    for stored in strips:
        strip, has_alpha = to_rgb(stored, background)
        transparent |= has_alpha
        if seen is None or is_flat(seen):
            seen = _both(seen, sampled_extremes(strip))
            seen = _both(seen, extremes(strip)) if is_flat(seen) else seen
        upper, lower = max(first, top), min(last, top + stored.height)
        if upper < lower:
            if upper > top or lower < top + stored.height:
                strip = strip.crop((0, upper - top, strip.width, lower - top))
            kept.paste(resize_width(strip, plan), (0, upper - first))
        top += stored.height
    if seen is not None and is_flat(seen):
        raise blank_error()
    return resize_height(kept, plan, first), transparent


def _both(seen: Extremes | None, new: Extremes) -> Extremes:
    if seen is None:
        return new
    return np.stack([np.minimum(seen[:, 0], new[:, 0]), np.maximum(seen[:, 1], new[:, 1])], axis=1)
