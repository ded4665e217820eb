"""Long pictures in tiles along their long side, and which of them show something.

A model sees one view of at most 1.6:1. Of a strip of comics that would be a few panels of its
middle, or a white gutter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from tegaki.imaging.crops import Cut, blank, cut_of
from tegaki.results.scoring_config import TilePolicy, ViewPolicy

_MOST_CUT = 64  # tiles, before blank ones are left out
_DIFFERENCE = 8  # levels of 255, as for blank pictures
_ENOUGH = 0.05  # of a tile's pixels that belong to a drawing
_SHARE = 0.25  # of those in the fullest tile, where none has enough


@dataclass(frozen=True, slots=True)
class Part:
    """What views are cut from: mode ``RGB``, shrunk as a :class:`ViewPolicy` says. ``box``: left,
    upper, right and lower edge in pixels of the upright picture."""

    picture: Image.Image
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, picture: Image.Image, cut: Cut) -> Part:
        """What a cut gave. Cuts of whole pictures begin and end between pixels."""
        left, upper, right, lower = map(int, cut.box)
        return cls(picture, (left, upper, right, lower))


def is_long(width: int, height: int, tiles: TilePolicy | None) -> bool:
    """Whether a picture of this size is judged in tiles."""
    return tiles is not None and max(width, height) >= tiles.from_aspect * min(width, height)


def cuts_of(width: int, height: int, views: ViewPolicy, tiles: TilePolicy | None) -> list[Cut]:
    """What is cut from a picture of this size: its middle, or tiles from its beginning to its end
    at even distances."""
    if tiles is None or not is_long(width, height, tiles):
        return [cut_of(width, height, views)]
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
        cuts.append(Cut(box, size[::-1] if width > height else size))
    return cuts


def with_drawing(parts: Sequence[Part], most: int, *, across: bool) -> tuple[Part, ...]:
    """The tiles that show something, at most so many, at even intervals.

    Args:
        across: they stand side by side, not one below the other.

    Raises:
        BlankPicture: none does.
    """
    shares = np.array([_drawn(part.picture, across) for part in parts])
    if shares.max() == 0:
        raise blank()
    kept = np.flatnonzero(shares >= min(_ENOUGH, _SHARE * float(shares.max())))
    if len(kept) > most:
        kept = kept[np.round(np.linspace(0, len(kept) - 1, most)).astype(int)]
    return tuple(parts[int(index)] for index in kept)


def _drawn(tile: Image.Image, across: bool) -> float:
    """Which share of the pixels differs from most others in its row (in its column, where tiles
    stand side by side). Gutters have none, also those that change colour on the way."""
    pixels = np.asarray(tile, np.int16)
    usual = np.median(pixels, axis=0 if across else 1, keepdims=True)
    return float((np.abs(pixels - usual) > _DIFFERENCE).any(axis=2).mean())


def judged_share(parts: Sequence[Part], width: int, height: int) -> float:
    """Which share of a picture of this size is in one of its parts."""
    seen = reached = 0
    side = 0 if width > height else 1
    for part in sorted(parts, key=lambda part: part.box[side]):
        start, end = part.box[side], part.box[side + 2]
        seen += max(0, end - max(start, reached))
        reached = max(reached, end)
    return seen / max(width, height)
