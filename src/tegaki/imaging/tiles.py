"""Long pictures in tiles along their long side, and which of them show something.

A model sees one view of at most 1.6:1. Of a strip of comics that would be a few panels of its
middle, or a white gutter. AUC on 160 strips of 3 to 6 ``val`` pictures of one label with gutters,
by the fast model: the middle 0.795; tiles of 1:1 by the mean of their logits 0.997, by the median
0.993, by the largest 0.992; tiles of 1.3:1 0.991 and of 1.6:1 0.974 by the mean. The largest logit
would call fewer than a third of the drawn strips drawn. By the careful model, on 40 strips: the
middle 0.920, tiles of 1:1 by the mean 0.993.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from tegaki.errors import BlankPicture
from tegaki.imaging.crops import CropPlan, plan_crops
from tegaki.results.scoring_config import CropPolicy, TilePolicy

_MOST_CUT = 64  # tiles, before blank ones are left out
_DIFFERENCE = 8  # levels of 255, as for blank pictures
_LINES = 0.02  # of a row's pixels: what frames of pages have, and no drawing
# Of a tile's rows that belong to a drawing. Tiles share a quarter with the next one: where fewer
# rows than this are drawn at the edge of a tile, the next one has them, and what belongs to them.
_ENOUGH = 0.3
_SHARE = 0.5  # of those in the fullest tile, where none has enough


@dataclass(frozen=True, slots=True)
class Part:
    """What views are cut from: mode ``RGB``, shrunk as a :class:`CropPolicy` says. ``box``: left,
    upper, right and lower edge in pixels of the upright picture."""

    picture: Image.Image
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, picture: Image.Image, plan: CropPlan) -> Part:
        """What a cut gave. Cuts of whole pictures begin and end between pixels."""
        left, upper, right, lower = map(int, plan.box)
        return cls(picture, (left, upper, right, lower))


def is_long(width: int, height: int, tiles: TilePolicy | None) -> bool:
    """Whether a picture of this size is judged in tiles."""
    return tiles is not None and max(width, height) >= tiles.from_aspect * min(width, height)


def cuts_of(width: int, height: int, views: CropPolicy, tiles: TilePolicy | None) -> list[CropPlan]:
    """What is cut from a picture of this size: its middle, or tiles from its beginning to its end
    at even distances."""
    if tiles is None or not is_long(width, height, tiles):
        return [plan_crops(width, height, views)]
    short, long = min(width, height), max(width, height)
    length = round(short * tiles.aspect)
    count = min(_MOST_CUT, 1 + ceil((long - length) / (length * tiles.step)))
    scale = min(1.0, views.short_side / short)
    size = (round(short * scale), round(length * scale))
    cuts = []
    for index in range(count):
        start = round(index * (long - length) / (count - 1))
        box = (0, start, short, start + length)
        if width > height:
            box = (start, 0, start + length, short)
        cuts.append(CropPlan(box, size[::-1] if width > height else size))
    return cuts


def parts_judged(
    parts: Sequence[Part], width: int, height: int, tiles: TilePolicy | None
) -> tuple[Part, ...]:
    """Of what was cut from a picture of this size: the tiles of a long one that show something, at
    most so many as the policy says, at even intervals; all of any other.

    Raises:
        BlankPicture: no tile shows anything.
    """
    if tiles is None or not is_long(width, height, tiles):
        return tuple(parts)
    side_by_side = width > height
    each = np.array([_drawn(part.picture, side_by_side) for part in parts])
    shares = each[:, 0] if each[:, 0].any() else each[:, 1]
    if not shares.any():
        raise BlankPicture("none of its parts shows anything: nothing to judge")
    kept = np.flatnonzero(shares >= min(_ENOUGH, _SHARE * float(shares.max())))
    if len(kept) > tiles.most:
        kept = kept[np.round(np.linspace(0, len(kept) - 1, tiles.most)).astype(int)]
    return tuple(parts[int(index)] for index in kept)


def _drawn(tile: Image.Image, side_by_side: bool) -> tuple[float, float]:
    """Which share of the rows (of the columns, where tiles stand side by side) belongs to a
    drawing, and which share of the pixels: those that differ from most others in their row.
    Gutters have none, also those that change colour on the way."""
    pixels = np.asarray(tile, np.int16)
    usual = np.median(pixels, axis=0 if side_by_side else 1, keepdims=True)
    differs = (np.abs(pixels - usual) > _DIFFERENCE).any(axis=2)
    rows = differs.mean(axis=0 if side_by_side else 1)
    return float((rows > _LINES).mean()), float(rows.mean())


def judged_share(parts: Sequence[Part], width: int, height: int) -> float:
    """Which share of a picture of this size is in one of its parts."""
    seen = reached = 0
    side = 0 if width > height else 1
    for part in sorted(parts, key=lambda part: part.box[side]):
        start, end = part.box[side], part.box[side + 2]
        seen += max(0, end - max(start, reached))
        reached = max(reached, end)
    return seen / max(width, height)
