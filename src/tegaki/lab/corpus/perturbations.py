"""What happens to pictures on their way through the web, as named, repeatable steps.

Each condition takes an RGB picture and gives an RGB picture. None draws at random: the same
picture gives the same pixels every time.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageFilter, ImageOps

Step = Callable[[Image.Image], Image.Image]

_SCREEN = (1920, 1080)
_MAGNIFIED = 1.25  # common setting of screens; browsers enlarge pictures by it
_CUT = 0.01  # of the shorter side, each side: a hand-drawn selection is never exact
_NOISE = 5.0  # standard deviation in levels of 255


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A named step, callable on an RGB picture, and what it does in one line."""

    name: str
    description: str
    step: Step

    def __call__(self, picture: Image.Image) -> Image.Image:
        return self.step(picture)


def _encoded(picture: Image.Image, codec: str, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, codec, quality=quality)
    with Image.open(buffer) as stored:
        return stored.convert("RGB")


def _jpeg(quality: int) -> Perturbation:
    step = partial(_encoded, codec="JPEG", quality=quality)
    return Perturbation(f"jpeg-{quality}", f"saved once as JPEG, quality {quality}, 4:2:0", step)


def _webp(quality: int) -> Perturbation:
    step = partial(_encoded, codec="WEBP", quality=quality)
    return Perturbation(f"webp-{quality}", f"saved once as lossy WebP, quality {quality}", step)


def _scaled(
    picture: Image.Image, factor: float, how: Image.Resampling = Image.Resampling.LANCZOS
) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), how)


def _resize(factor: float) -> Perturbation:
    step = partial(_scaled, factor=factor)
    return Perturbation(f"resize-{factor}", f"both sides times {factor} (Lanczos)", step)


def _three_reencodes(picture: Image.Image) -> Image.Image:
    for codec, quality in (("JPEG", 85), ("WEBP", 75), ("JPEG", 75)):
        picture = _encoded(picture, codec, quality)
    return picture


def _screenshot(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    factor = min(_MAGNIFIED, _SCREEN[0] / width, _SCREEN[1] / height)
    shown = _scaled(picture, factor, Image.Resampling.BILINEAR)
    margin = max(1, round(min(shown.size) * _CUT))
    if min(shown.size) > 2 * margin:
        shown = ImageOps.crop(shown, margin)
    return _encoded(shown, "JPEG", 80)


def _blur(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(1))


def _noise(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture, dtype=np.float32)
    rng = np.random.default_rng(zlib.crc32(picture.tobytes()))
    noisy = np.rint(pixels + rng.normal(0, _NOISE, pixels.shape))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("RGB")


def _flip(picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _centre(picture: Image.Image, width: int, height: int) -> Image.Image:
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _crop(picture: Image.Image) -> Image.Image:
    width, height = (max(1, round(side * 0.8)) for side in picture.size)
    return _centre(picture, width, height)


def _square(picture: Image.Image) -> Image.Image:
    return _centre(picture, min(picture.size), min(picture.size))


def _bars(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    if width * 3 < height * 4:
        side = max(1, round((height * 16 / 9 - width) / 2))
        return ImageOps.expand(picture, (side, 0))
    return ImageOps.expand(picture, (0, max(1, round(height / 4))))


ROBUST = (
    "jpeg-90", "jpeg-70", "jpeg-50", "jpeg-30", "webp-80", "webp-50", "resize-0.75", "resize-0.5",
    "resize-1.5", "three-reencodes", "screenshot", "blur", "noise", "grey", "flip", "crop", "bars",
)  # fmt: skip
"""The conditions that a detector has to stand: what the web does to pictures."""

PERTURBATIONS: dict[str, Perturbation] = {
    condition.name: condition
    for condition in (
        _jpeg(90),
        _jpeg(75),
        _jpeg(70),
        _jpeg(50),
        _jpeg(30),
        _webp(80),
        _webp(50),
        _resize(0.75),
        _resize(0.5),
        _resize(1.5),
        Perturbation("three-reencodes", "JPEG 85, then WebP 75, then JPEG 75", _three_reencodes),
        Perturbation(
            "screenshot",
            "shown at 125 % or fitted to 1920 x 1080 (bilinear), 1 % cut off all round, JPEG 80",
            _screenshot,
        ),
        Perturbation("blur", "Gaussian blur, radius 1 pixel", _blur),
        Perturbation("noise", "Gaussian noise, standard deviation 5 levels in 255", _noise),
        Perturbation("grey", "without colour", _grey),
        Perturbation("flip", "left and right exchanged", _flip),
        Perturbation("crop", "the centre, 80 % of each side", _crop),
        Perturbation(
            "bars",
            "black bars: at the sides to 16:9; from 4:3 on a quarter of the height above and below",
            _bars,
        ),
        Perturbation("square", "the largest centred square", _square),
        Perturbation("upsample-2", "both sides doubled (Lanczos)", partial(_scaled, factor=2)),
        Perturbation("downsample-2", "both sides halved (Lanczos)", partial(_scaled, factor=0.5)),
    )
}
"""Every condition by name: those of ``ROBUST``, and more that the audit of a model uses."""
