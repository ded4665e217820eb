"""From the stored samples of a large picture to what views are cut from, in bands of rows.

The whole of a 100-megapixel picture in RGB takes 400 MB. Here it is never there: every band is
laid on the background, shrunk across to a few hundred columns and let go; what is left of all is
shrunk down in one step. So are pictures that are held whole, and the bits are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

import numpy as np
from PIL import Image

from tegaki.imaging.color import to_rgb
from tegaki.imaging.color_profiles import Conversion
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
    cuts: Sequence[CropPlan],
    background: tuple[int, int, int],
    conversion: Conversion | None = None,
) -> tuple[list[Image.Image], bool]:
    """What is cut from a picture, mode ``RGB``, to the bit as
    :func:`tegaki.imaging.crops.cut_from` gives it, and whether it is transparent anywhere.

    Args:
        strips: the whole upright picture, from its top to its bottom.
        size: its width and height.
        conversion: to sRGB, as in :func:`tegaki.imaging.color.to_rgb`.

    Raises:
        BlankPicture: all of it is one flat colour.
    """
    fitted = [_Fitted(plan, size[1]) for plan in cuts]
    seen: Extremes | None = None
    transparent, top = False, 0
    for stored in strips:
        strip, has_alpha = to_rgb(stored, background, conversion)
        transparent |= has_alpha
        if seen is None or is_flat(seen):
            seen = _both(seen, sampled_extremes(strip))
            seen = _both(seen, extremes(strip)) if is_flat(seen) else seen
        for each in fitted:
            each.add(strip, top)
        top += stored.height
    if seen is not None and is_flat(seen):
        raise blank_error()
    return [each.done() for each in fitted], transparent


class _Fitted:
    """One cut, as bands come in. Before its first row and after its last one it takes no memory
    but for the result."""

    def __init__(self, plan: CropPlan, height: int) -> None:
        self._cut = plan
        self._first, self._last = rows_needed(plan, height)
        self._kept: Image.Image | None = None
        self._result: Image.Image | None = None

    def add(self, strip: Image.Image, top: int) -> None:
        """Take what is needed of the next band, whose first row is ``top``."""
        upper, lower = max(self._first, top), min(self._last, top + strip.height)
        if upper >= lower:
            return
        if self._kept is None:
            self._kept = Image.new("RGB", (self._cut.size[0], self._last - self._first))
        if upper > top or lower < top + strip.height:
            strip = strip.crop((0, upper - top, strip.width, lower - top))
        self._kept.paste(resize_width(strip, self._cut), (0, upper - self._first))
        if lower == self._last:
            self._result, self._kept = resize_height(self._kept, self._cut, self._first), None

    def done(self) -> Image.Image:
        """The cut, once all bands have come."""
        if self._result is None:
            raise OSError("image file is truncated")
        return self._result


def _both(seen: Extremes | None, new: Extremes) -> Extremes:
    if seen is None:
        return new
    return np.stack([np.minimum(seen[:, 0], new[:, 0]), np.maximum(seen[:, 1], new[:, 1])], axis=1)
