"""The seed's look at a picture: 224 x 224 with black bars, and its views at test time.

Only recipes that rebuild the seed use it. The bars tell the network the aspect ratio, which in
collected data gives the label away; nothing that ships looks at pictures like this.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageEnhance
from torch import Tensor
from torch.nn import functional

from tegaki.lab.training.recipes import Warp

Rng = np.random.Generator
Levels = npt.NDArray[np.float32]
"""float32 ``(size, size, 3)`` in [0, 255]."""

VIEWS = (
    "plain", "flipped", "brightness5", "brightness10",
    "random1", "random2", "random3", "random4", "random5", "plus0.1", "flipped-plus0.1",
)  # fmt: skip
TTA = {
    "none": ("plain",),
    "flip": ("plain", "flipped"),
    "paper3": ("plain", "flipped", "brightness5"),
    "baseline6": ("plain", "random1", "random2", "random3", "random4", "random5"),
}
"""Sets of test-time views, each averaged with equal weights over probabilities. ``flip`` is what
gave the seed its headline, ``paper3`` what its paper says, ``baseline6`` what its baseline used."""

_RANDOM = Warp(rotation=10, shift=0.05)


def letterbox(picture: Image.Image, size: int) -> Levels:
    """The whole RGB picture, centred on black; bilinear without antialiasing, as the seed's."""
    width, height = picture.size
    new_w = size if width >= height else max(1, int(size * width / height))
    new_h = size if height > width else max(1, int(size * height / width))
    matrix = (width / new_w, 0, 0, 0, height / new_h, 0)
    small = picture.transform(
        (new_w, new_h), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    canvas = np.zeros((size, size, 3), dtype=np.float32)
    top, left = (size - new_h) // 2, (size - new_w) // 2
    canvas[top : top + new_h, left : left + new_w] = np.asarray(small)
    return canvas


def scaled(levels: Levels) -> npt.NDArray[np.float32]:
    """Levels in [0, 255] to float32 ``(3, size, size)`` in [-1, 1]."""
    return np.ascontiguousarray(levels.transpose(2, 0, 1)) / np.float32(127.5) - np.float32(1)


def warped(levels: Levels, warp: Warp, rng: Rng) -> Levels:
    """One random draw in the order of Keras: affine, channels, flip, brightness."""
    levels = _affine(levels, warp, rng)
    if warp.channels:
        levels = np.clip(levels + rng.uniform(-warp.channels, warp.channels), 0, 255)
        levels = levels.astype(np.float32)
    if rng.random() < warp.flip:
        levels = levels[:, ::-1]
    if warp.brightness:
        levels = brightened(levels, rng.uniform(1 - warp.brightness, 1 + warp.brightness))
    return np.ascontiguousarray(levels)


def brightened(levels: Levels, factor: float) -> Levels:
    """Pillow's brightness on whole levels, as Keras has it."""
    picture = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    return np.asarray(ImageEnhance.Brightness(picture).enhance(factor), dtype=np.float32)


def _affine(levels: Levels, warp: Warp, rng: Rng) -> Levels:
    theta = math.radians(rng.uniform(-warp.rotation, warp.rotation))
    down, right = rng.uniform(-warp.shift, warp.shift, 2) * len(levels)
    shear = math.radians(rng.uniform(-warp.shear, warp.shear))
    zoom_y, zoom_x = rng.uniform(1 - warp.zoom, 1 + warp.zoom, 2)
    if not (warp.rotation or warp.shift or warp.shear or warp.zoom):
        return levels
    # Where each pixel is taken from, (row, column), around the centre.
    turn = np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]])
    slant = np.array([[1, -math.sin(shear)], [0, math.cos(shear)]])
    matrix = turn @ slant @ np.diag([zoom_y, zoom_x])
    offset = turn @ np.array([down, right])
    # affine_grid wants (x, y) and the half side as unit.
    rows = [
        [matrix[1, 1], matrix[1, 0], 2 * offset[1] / len(levels)],
        [matrix[0, 1], matrix[0, 0], 2 * offset[0] / len(levels)],
    ]
    picture = torch.from_numpy(np.ascontiguousarray(levels)).permute(2, 0, 1)[None]
    grid = functional.affine_grid(
        torch.tensor([rows], dtype=torch.float32), list(picture.shape), align_corners=False
    )
    fill = "border" if warp.fill == "nearest" else "reflection"
    moved: Tensor = functional.grid_sample(
        picture, grid, mode="bilinear", padding_mode=fill, align_corners=False
    )
    result: Levels = moved[0].permute(1, 2, 0).numpy()
    return result


def named_views(picture: Image.Image, size: int, id: str, names: tuple[str, ...]) -> Levels:
    """The named views, float32 ``(n, 3, size, size)``; random ones are drawn by the picture's id.

    ``plus0.1`` is the seed's brightness member: 0.1 added on the [-1, 1] scale, not clipped.
    """
    plain = letterbox(picture, size)
    return np.stack([_view(plain, id, name) for name in names])


def _view(plain: Levels, id: str, name: str) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(list(hashlib.sha256(f"{id} {name}".encode()).digest()))
    if name == "flipped":
        return scaled(plain[:, ::-1])
    if name.startswith("brightness"):
        share = int(name.removeprefix("brightness")) / 100
        return scaled(brightened(plain, rng.uniform(1 - share, 1 + share)))
    if name.startswith("random"):
        return scaled(warped(plain, _RANDOM, rng))
    if name == "plus0.1":
        return scaled(plain) + np.float32(0.1)
    if name == "flipped-plus0.1":
        return scaled(plain[:, ::-1]) + np.float32(0.1)
    return scaled(plain)
