"""Pictures that a program holds as pixels: Pillow's and NumPy's."""

from __future__ import annotations

from threading import Lock
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.errors import InputError
from tegaki.imaging.decode import (
    LARGE,
    Limits,
    PictureInfo,
    check_size,
    guarded,
    refuse_undefined,
    upright_method,
)
from tegaki.imaging.png_color import held_conversion
from tegaki.imaging.strips import crop_strips, upright_size, upright_strips
from tegaki.imaging.tiles import Part, cuts_of, parts_judged
from tegaki.results.scoring_config import CropPolicy, DecodePolicy, ShrinkPolicy, TilePolicy

Pixels = npt.NDArray[np.uint8]

_MODES = {2: "L", 3: "RGB", 4: "RGBA"}
_LOCKS = tuple(Lock() for _ in range(64))


def lock_of(thing: object) -> Lock:
    """A lock for whoever changes this thing by using it: a file that is read, a picture that Pillow
    has opened and not decoded. Two things may share one."""
    return _LOCKS[id(thing) // 64 % len(_LOCKS)]


class HeldPicture:
    """Pixels without a file; the counterpart of :class:`tegaki.imaging.OpenedPicture`.

    Args:
        picture: a Pillow picture of any mode, which stands for the frame that it is at; or
            ``height x width`` (grey), ``height x width x 3`` (RGB) or ``height x width x 4`` (RGBA)
            samples, uint8. It is not changed, but Pillow decodes what it has opened.

    Raises:
        InputError: an array of another shape or dtype.
    """

    def __init__(self, picture: Image.Image | npt.NDArray[Any]) -> None:
        if isinstance(picture, Image.Image):
            width, height = picture.size
        else:
            _check_array(picture)
            height, width = picture.shape[:2]
        self._picture = picture
        self.info = PictureInfo("", width, height, animated=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to let go: the pixels are the caller's."""

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.info.width * self.info.height

    @property
    def is_large(self) -> bool:
        """Whether there are :data:`LARGE` pixels or more."""
        return self.pixels >= LARGE

    def decode_for_crops(
        self,
        policy: DecodePolicy,
        limits: Limits,
        views: CropPolicy,
        shrink: ShrinkPolicy | None = None,
        tiles: TilePolicy | None = None,
    ) -> tuple[tuple[Part, ...], PictureInfo]:
        """As :meth:`tegaki.imaging.OpenedPicture.decode_for_crops` of a file with these pixels.

        Args:
            shrink: of no effect: the decoder that would shrink has done its work.

        Raises:
            InputError: Pillow's picture is closed.
            TooManyPixels, TooSmall, BlankPicture, UnsupportedPicture; where Pillow has yet to
            decode it, also TruncatedPicture, CorruptPicture.
        """
        check_size(self.info, limits, views.min_side)
        return guarded(lambda: self._fitted(policy, views, tiles))

    def _fitted(
        self, policy: DecodePolicy, views: CropPolicy, tiles: TilePolicy | None
    ) -> tuple[tuple[Part, ...], PictureInfo]:
        image = self._loaded()
        refuse_undefined(image)
        method = _to_upright(image)
        size = upright_size(image.size, method)
        strips = upright_strips(image, method)
        cuts = cuts_of(*size, views, tiles)
        found, alpha = crop_strips(strips, size, cuts, policy.background, held_conversion(image))
        parts = parts_judged(tuple(map(Part.of, found, cuts)), *size, tiles)
        return parts, PictureInfo("", *size, animated=False, alpha=alpha)

    def _loaded(self) -> Image.Image:
        picture = self._picture
        if not isinstance(picture, Image.Image):
            return Image.fromarray(picture)
        with lock_of(picture):
            try:
                picture.load()
            except Exception as problem:
                if _is_closed(picture):
                    raise InputError("the Pillow picture is closed; inspect it before") from problem
                raise
        return picture.convert("LA") if picture.mode == "La" else picture


def _check_array(array: npt.NDArray[Any]) -> None:
    if array.dtype != np.uint8:
        raise InputError(
            f"an array of {array.dtype}: samples must be uint8, from 0 to 255 "
            "(of floats in [0, 1]: (array * 255).round().astype('uint8'))"
        )
    if array.ndim != 2 and (array.ndim != 3 or array.shape[2] not in (3, 4)):
        shape = " x ".join(map(str, array.shape)) or "none"
        raise InputError(
            f"an array of shape {shape}: it must be height x width (grey), height x width x 3 "
            "(RGB) or height x width x 4 (RGBA)"
        )


def _is_closed(picture: Image.Image) -> bool:
    file = getattr(picture, "fp", picture)
    return file is None or getattr(file, "closed", False) or _has_no_pixels(picture)


def _has_no_pixels(picture: Image.Image) -> bool:
    try:
        picture.getpixel((0, 0))
    except ValueError as problem:
        return "closed" in str(problem)
    except Exception:  # noqa: BLE001 - whatever else is wrong with it
        return False
    return False


def _to_upright(image: Image.Image) -> Image.Transpose | None:
    """By EXIF alone, as for files: Pillow would look into XMP too."""
    if hasattr(image, "tag_v2"):  # of a TIFF, whose tags are EXIF's
        return upright_method(image.getexif)
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        return None

    def read() -> Image.Exif:
        exif = Image.Exif()
        exif.load(block)
        return exif

    return upright_method(read)
