"""What a training picture goes through: the same chances for drawn and generated pictures.

Whatever separates the labels without being drawing (resampling factor, compression history,
aspect ratio, sharpness) is shuffled here, so that the network cannot earn anything with it.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter

from tegaki.imaging import to_tensor
from tegaki.lab.training.grounds import other_ground
from tegaki.lab.training.recipes import AugmentPolicy

Rng = np.random.Generator
_FILTERS = (
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.BOX,
    Image.Resampling.HAMMING,
)
_SMALLEST = 96  # pixels; below it a re-encoded picture keeps nothing worth learning


def training_view(
    picture: Image.Image, size: int, chances: AugmentPolicy, rng: Rng
) -> npt.NDArray[np.float32]:
    """One random square view of an RGB picture: float32 ``(3, size, size)`` in [-1, 1]."""
    picture = augment(picture, chances, rng)
    box = _squashed_box(picture) if rng.random() < chances.squash else _crop(picture, chances, rng)
    view = picture.resize((size, size), _any_filter(rng), box=box)
    if rng.random() < chances.flip:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return to_tensor(view)


def augment(picture: Image.Image, chances: AugmentPolicy, rng: Rng) -> Image.Image:
    """An RGB picture after what the web does to pictures: filters, resizing, re-encoding."""
    # Without a chance nothing is drawn: recipes of before draw the same edits.
    if chances.ground and rng.random() < chances.ground:
        picture = other_ground(picture, rng)
    for chance, step in (
        (chances.rescale, _rescale),
        (chances.colour, _colour),
        (chances.blur, _blur),
        (chances.noise, _noise),
        (chances.grey, _grey),
        (chances.recompress, _recompress),
    ):
        if rng.random() < chance:
            picture = step(picture, chances, rng)
    return picture


def _any_filter(rng: Rng) -> Image.Resampling:
    return _FILTERS[int(rng.integers(len(_FILTERS)))]


def _rescale(picture: Image.Image, chances: AugmentPolicy, rng: Rng) -> Image.Image:
    low, high = chances.rescale_range
    factor = math.exp(rng.uniform(math.log(low), math.log(high)))
    factor = max(factor, _SMALLEST / min(picture.size))
    return picture.resize(
        (round(picture.width * factor), round(picture.height * factor)), _any_filter(rng)
    )


def _colour(picture: Image.Image, _: AugmentPolicy, rng: Rng) -> Image.Image:
    kinds: tuple[Callable[[Image.Image], ImageEnhance._Enhance], ...] = (
        ImageEnhance.Brightness,
        ImageEnhance.Contrast,
        ImageEnhance.Color,
    )
    for kind in kinds:
        picture = kind(picture).enhance(rng.uniform(0.8, 1.2))
    return picture


def _blur(picture: Image.Image, _: AugmentPolicy, rng: Rng) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))


def _noise(picture: Image.Image, _: AugmentPolicy, rng: Rng) -> Image.Image:
    pixels = np.asarray(picture, dtype=np.float32)
    noise = rng.normal(0, rng.uniform(1, 8), pixels.shape).astype(np.float32)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _grey(picture: Image.Image, _: AugmentPolicy, __: Rng) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _recompress(picture: Image.Image, chances: AugmentPolicy, rng: Rng) -> Image.Image:
    low, high = chances.quality_range
    for _ in range(int(rng.integers(1, chances.most_passes + 1))):
        buffer = io.BytesIO()
        quality = int(rng.integers(low, high + 1))
        if rng.random() < 0.8:
            subsampling = int(rng.integers(3))  # 4:4:4, 4:2:2, 4:2:0
            picture.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
        else:
            picture.save(buffer, "WEBP", quality=quality, method=0)
        picture = Image.open(buffer).convert("RGB")
    return picture


def _squashed_box(picture: Image.Image) -> tuple[float, float, float, float]:
    return (0.0, 0.0, float(picture.width), float(picture.height))


def _crop(
    picture: Image.Image, chances: AugmentPolicy, rng: Rng
) -> tuple[float, float, float, float]:
    # Areas are shares of the largest square, not of the picture: a wide picture is not seen at
    # another scale than a square one. Slight stretching (3:4 to 4:3) as Szegedy et al. 2015.
    short = min(picture.size)
    area = rng.uniform(*chances.area_range) * short * short
    stretch = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    width = min(math.sqrt(area * stretch), picture.width)
    height = min(math.sqrt(area / stretch), picture.height)
    left = rng.uniform(0, picture.width - width)
    top = rng.uniform(0, picture.height - height)
    return (left, top, left + width, top + height)
