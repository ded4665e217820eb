"""Other grounds for what stands on white: cut-outs are drawn and generated alike.

Much of what people draw stands on white paper, and few generators leave a ground white. Where the
ground of one label is white more often than that of the other, a model earns something with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter
from scipy import ndimage

Rng = np.random.Generator
Mask = npt.NDArray[np.bool_]
Colours = npt.NDArray[np.float32]

_WHITE = 243  # of 255, in every channel
_EDGE = 0.5  # share of the picture's edge that is white where a picture stands on white
_LEAST, _MOST = 0.1, 0.95  # share of the picture that such a ground takes
_SOFT = 0.8  # pixels by which its border is blurred


def white_ground(picture: Image.Image) -> Mask | None:
    """The white ground of an RGB picture, bool ``(height, width)``; None where there is none.

    The ground is what is white and joined to the edge: eyes and shirts stay.
    """
    white = np.asarray(picture).min(axis=2) >= _WHITE
    edge = _edge(white)
    if edge.mean() < _EDGE:
        return None
    parts, _ = ndimage.label(white)
    touching = np.unique(_edge(parts))
    ground: Mask = np.isin(parts, touching[touching > 0])
    return ground if _LEAST <= ground.mean() <= _MOST else None


def other_ground(picture: Image.Image, rng: Rng) -> Image.Image:
    """An RGB picture on another ground drawn at random; where it stands on none, as it is."""
    ground = white_ground(picture)
    if ground is None:
        return picture
    mask = Image.fromarray(ground.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(_SOFT))
    kinds: tuple[Callable[[int, int, Rng], Colours], ...] = (_flat, _gradient, _clouds)
    drawn = kinds[int(rng.integers(len(kinds)))](picture.width, picture.height, rng)
    # Multiplied, as paint on tinted paper: shadows and soft lines at the border stay.
    pixels = np.asarray(picture, np.float32)
    tinted = pixels * drawn / 255
    share = np.asarray(mask, np.float32)[:, :, None] / 255
    return Image.fromarray(np.rint(pixels + (tinted - pixels) * share).astype(np.uint8))


def _edge(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def _colour(rng: Rng) -> Colours:
    found: Colours = rng.uniform(20, 250, 3).astype(np.float32)
    return found


def _flat(width: int, height: int, rng: Rng) -> Colours:
    return np.broadcast_to(_colour(rng), (height, width, 3))


def _gradient(width: int, height: int, rng: Rng) -> Colours:
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    way = np.cos(angle) * x / width + np.sin(angle) * y / height
    return _between(way, rng)


def _clouds(width: int, height: int, rng: Rng) -> Colours:
    coarse = rng.integers(0, 256, (int(rng.integers(3, 9)),) * 2, dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return _between(np.asarray(smooth, np.float32), rng)


def _between(way: npt.NDArray[np.float32], rng: Rng) -> Colours:
    share = (way - way.min()) / max(float(np.ptp(way)), 1e-6)
    low, high = _colour(rng), _colour(rng)
    found: Colours = low + share[:, :, None] * (high - low)
    return found
