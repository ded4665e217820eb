"""Near-duplicates: pictures whose 32 x 32 grey thumbnails look the same.

Thumbnails are compared by the cosine of their deviations from their own mean (without that, all
bright pictures resemble each other). From 0.97 on, two pictures are one picture with another
size, format, crop of a few pixels or small text; see ``THRESHOLD``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 32
THRESHOLD = 0.97
_BLOCK = 2048  # pictures compared at once: 16 MB of cosines

Thumbnails = npt.NDArray[np.float32]


def thumbnail(picture: Image.Image) -> npt.NDArray[np.float32]:
    """The direction of a picture's grey thumbnail: float32 ``(1024,)``, length 1.

    A picture of one flat colour has no direction: its thumbnail is zero and resembles nothing.
    """
    small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32).ravel()
    pixels = pixels - pixels.mean()
    length = float(np.linalg.norm(pixels))
    flat: npt.NDArray[np.float32] = np.zeros_like(pixels)
    return pixels / np.float32(length) if length > SIDE else flat


def near_duplicates(
    thumbnails: Thumbnails,
    threshold: float = THRESHOLD,
    progress: Callable[[int], None] = lambda _: None,
) -> list[tuple[int, int]]:
    """Pairs that link all pictures with a cosine of at least ``threshold``, at most n - 1.

    A pair ``(i, j)``, i < j, is left out where earlier pairs link i and j already: ten thousand
    frames of one scene have fifty million pairs.

    Args:
        thumbnails: float32 ``(n, 1024)``, each of length 1 or 0. Every pair is compared: n * n
            * 1024 operations, about a minute for 50,000 pictures on two cores.
        progress: called with the number of pictures done.
    """
    pairs: list[tuple[int, int]] = []
    linked = np.arange(len(thumbnails))  # one number for all that are linked so far
    for start in range(0, len(thumbnails), _BLOCK):
        block = thumbnails[start : start + _BLOCK]
        for other in range(start, len(thumbnails), _BLOCK):
            close = block @ thumbnails[other : other + _BLOCK].T >= threshold
            if other == start:
                close = np.triu(close, k=1)
            for i in np.flatnonzero(close.any(axis=1)).tolist():
                mates = other + np.flatnonzero(close[i])
                numbers, first = np.unique(linked[mates], return_index=True)
                new = first[numbers != linked[start + i]]
                pairs += [(start + i, j) for j in mates[new].tolist()]
                linked[np.isin(linked, numbers)] = linked[start + i]
        progress(start + len(block))
    return sorted(pairs)


def group_of_each(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """Group numbers ``0 .. count-1``: the smallest index among all that a picture leads to."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        a, b = sorted((root(i), root(j)))
        parent[b] = a
    return [root(i) for i in range(count)]
