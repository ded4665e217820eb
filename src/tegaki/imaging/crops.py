"""From a picture to the squares that the network sees.

Every view is a square of the same size cut or squashed from the picture, never a picture with
bars: bars tell the network the aspect ratio, and in collected data the aspect alone tells drawn
from generated (AUC 0.81 on the training corpus), which says nothing about the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.errors import BlankPicture
from tegaki.results.scoring_config import CropPolicy

Extremes = npt.NDArray[np.int64]

_LANCZOS = Image.Resampling.LANCZOS
_BICUBIC = Image.Resampling.BICUBIC
_LANCZOS_SUPPORT = (
    3  # source pixels that Lanczos looks at for a target pixel, to either side, times scale
)
_FLAT = 8
_SAMPLE_SIDE = 64  # a side
# Swept on val with the first shipped model: corners added to the whole picture lift the AUC from
# 0.950 to 0.958, more of them or other squares bring nothing.
CORNER = 0.7

Tensor = npt.NDArray[np.float32]

Box = tuple[float, float, float, float]
"""Left, upper, right, lower, in pixels."""


@dataclass(frozen=True, slots=True)
class Crops:
    """The views of one picture. ``unique``: float32 ``(3, size, size)`` in [-1, 1], none twice (a
    square picture squashed is its centre); ``inverse``: for each named view its index there."""

    unique: tuple[Tensor, ...]
    inverse: tuple[int, ...]

    def stacked(self) -> Tensor:
        """All named views, of one size: float32 ``(n, 3, size, size)``."""
        return np.stack([self.unique[index] for index in self.inverse])


@dataclass(frozen=True, slots=True)
class CropPlan:
    """What views are cut from: a box of the picture, and the size it comes to."""

    box: Box
    size: tuple[int, int]

    @property
    def shrinks(self) -> bool:
        """Whether pixels are resampled; else the box is handed on as it is."""
        left, upper, right, lower = self.box
        return self.size != (right - left, lower - upper)

    def scaled(self, factor: int, shift: tuple[float, float]) -> CropPlan:
        """The same of a picture that was shrunk by a factor and begins ``shift`` pixels later."""
        left, upper, right, lower = (side / factor for side in self.box)
        right_by, down_by = shift
        box = (left + right_by, upper + down_by, right + right_by, lower + down_by)
        return CropPlan(box, self.size)


def plan_crops(width: int, height: int, policy: CropPolicy) -> CropPlan:
    """What :func:`normalise` keeps of a picture of this size."""
    short = min(width, height)
    longest = round(short * policy.max_aspect)
    crop_w, crop_h = min(width, longest), min(height, longest)
    left, top = (width - crop_w) // 2, (height - crop_h) // 2
    scale = min(1.0, policy.short_side / short)
    size = (round(crop_w * scale), round(crop_h * scale))
    return CropPlan((left, top, left + crop_w, top + crop_h), size)


def normalise(picture: Image.Image, policy: CropPolicy) -> Image.Image:
    """Cut to at most ``max_aspect`` and shrink to ``short_side``, as the corpus was stored.

    Args:
        picture: mode ``RGB``, at least one pixel on each side.

    Returns:
        Mode ``RGB``. A short side of at most ``short_side`` is left as it is.
    """
    return cut_from(picture, plan_crops(*picture.size, policy))


def cut_from(picture: Image.Image, plan: CropPlan) -> Image.Image:
    """A cut of a whole picture in mode ``RGB``."""
    width, height = picture.size
    if not plan.shrinks:
        return picture if plan.size == picture.size else picture.crop(plan.box)
    first, last = rows_needed(plan, height)
    rows = picture if last - first == height else picture.crop((0, first, width, last))
    return resize_height(resize_width(rows, plan), plan, first)


# Pillow shrinks in these two steps by itself, but which comes first depends on its version.


def rows_needed(plan: CropPlan, height: int) -> tuple[int, int]:
    """The first and the last row (exclusive) that views depend on."""
    _, upper, _, lower = plan.box
    reach = _LANCZOS_SUPPORT * (lower - upper) / plan.size[1] + 1 if plan.shrinks else 0
    return max(0, floor(upper - reach)), min(height, ceil(lower + reach))


def resize_width(rows: Image.Image, plan: CropPlan) -> Image.Image:
    """The first step, of any of the rows: their columns cut and shrunk."""
    box = (plan.box[0], 0, plan.box[2], rows.height)
    if not plan.shrinks:
        return rows.crop(box)
    return rows.resize((plan.size[0], rows.height), _LANCZOS, box=box)


def resize_height(rows: Image.Image, plan: CropPlan, first: int) -> Image.Image:
    """The second step, of all rows that are needed together, from the ``first`` on."""
    if not plan.shrinks:
        return rows
    box = (0, plan.box[1] - first, rows.width, plan.box[3] - first)
    return rows.resize(plan.size, _LANCZOS, box=box)


def refuse_blank(picture: Image.Image) -> None:
    """Raise :class:`BlankPicture` for an RGB picture of one colour: any verdict would be noise.

    It counts as one colour up to a difference of 8 levels in 255: JPEG stays below.
    """
    if is_flat(sampled_extremes(picture)) and is_flat(extremes(picture)):
        raise blank_error()


def extremes(picture: Image.Image) -> Extremes:
    """The lowest and the highest sample of each channel of an RGB picture: ``(3, 2)``."""
    return np.array(picture.getextrema())  # by far the fastest way


def sampled_extremes(picture: Image.Image) -> Extremes:
    """Those of a few thousand pixels: where they differ enough, no other needs to be asked."""
    return extremes(picture.resize((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.NEAREST))


def is_flat(ranges: Extremes) -> bool:
    """Whether a picture of these :func:`extremes` counts as one colour."""
    return bool((ranges[:, 1] - ranges[:, 0] <= _FLAT).all())


def blank_error() -> BlankPicture:
    """What to say of it."""
    return BlankPicture("one flat colour: nothing to judge")


def crop_boxes(width: int, height: int, policy: CropPolicy) -> dict[str, Box]:
    """Where each named view lies in a picture of this size.

    ``centre``: the centred square; ``squashed``: all of it; ``first`` and ``last``: the squares at
    the two ends of the long side. These four are one and the same for a square picture.
    ``upper-left`` and ``lower-right``: squares of 0.7 of the short side in these corners, which a
    picture of 320 pixels hands on pixel by pixel to views of 224. ``middle``: the centred square of
    the view's own size, pixel by pixel, or of the short side where that is less.
    """
    short = min(width, height)
    near = short * CORNER
    left, top = (width - short) / 2, (height - short) / 2
    own = min(policy.size_of("middle"), short) if "middle" in policy.names else short
    boxes = {
        "centre": (left, top, left + short, top + short),
        "squashed": (0.0, 0.0, float(width), float(height)),
        "first": (0.0, 0.0, float(short), float(short)),
        "last": (float(width - short), float(height - short), float(width), float(height)),
        "upper-left": (0.0, 0.0, near, near),
        "lower-right": (width - near, height - near, float(width), float(height)),
        "middle": ((width - own) / 2, (height - own) / 2, (width + own) / 2, (height + own) / 2),
    }
    return {name: boxes[name] for name in policy.names}


def to_tensor(crop: Image.Image) -> npt.NDArray[np.float32]:
    """One RGB view to float32 ``(3, height, width)`` in [-1, 1]: x / 127.5 - 1."""
    pixels = np.asarray(crop, dtype=np.float32)
    scaled: npt.NDArray[np.float32] = pixels.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)
    return scaled


def make_crops(picture: Image.Image, policy: CropPolicy) -> Crops:
    """The views of a picture, each distinct one once.

    Args:
        picture: mode ``RGB``, of any size.
    """
    small = normalise(picture, policy)
    boxes = crop_boxes(*small.size, policy)
    named = [(box, policy.size_of(name)) for name, box in boxes.items()]
    unique = list(dict.fromkeys(named))
    tensors = tuple(to_tensor(_square(small, box, side)) for box, side in unique)
    return Crops(tensors, tuple(map(unique.index, named)))


def _square(picture: Image.Image, box: Box, side: int) -> Image.Image:
    """A box of the picture as a square, columns first: which comes first in one call depends on
    Pillow's version."""
    left, upper, right, lower = box
    if (right - left, lower - upper) == (side, side) and all(x.is_integer() for x in box):
        return picture.crop((int(left), int(upper), int(right), int(lower)))
    columns = picture.resize((side, picture.height), _BICUBIC, box=(left, 0, right, picture.height))
    return columns.resize((side, side), _BICUBIC, box=(0, upper, side, lower))
