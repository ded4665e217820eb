"""From bytes to an 8-bit RGB picture, within limits, with typed errors only.

Decoding is Pillow's. Its plug-ins are called directly: the format is known from the bytes, no
other decoder is ever tried, and the pixel limit is ours, without changing the limit that Pillow
keeps for the whole process. Two decoders have caps of their own: WebP refuses more than 178,956,970
pixels whatever our limit, and an AVIF file can declare fewer pixels than it holds, up to the
268,435,456 of libavif.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFile

from tegaki.errors import (
    CorruptPicture,
    NotAPicture,
    PictureError,
    TooManyPixels,
    TooSmall,
    TruncatedPicture,
    UnsupportedPicture,
)
from tegaki.pictures.formats import bytes_promised, sniff
from tegaki.pictures.png import without_text
from tegaki.recipe import DecodePolicy

T = TypeVar("T")

MAX_PIXELS = 100_000_000
MAX_BYTES = 128 * 1024 * 1024

_PLUGINS = {
    "JPEG": "JpegImagePlugin.JpegImageFile",
    "PNG": "PngImagePlugin.PngImageFile",
    "WEBP": "WebPImagePlugin.WebPImageFile",
    "GIF": "GifImagePlugin.GifImageFile",
    "BMP": "BmpImagePlugin.BmpImageFile",
    "TIFF": "TiffImagePlugin.TiffImageFile",
    "AVIF": "AvifImagePlugin.AvifImageFile",
}
_FEWEST_BYTES = 26  # no format says width, height and a pixel in less
_ORIENTATION = 0x0112
_BITS, _PHOTOMETRIC, _BLACK_IS_ZERO = 258, 262, 1  # TIFF 6.0, section 8
# EXIF 2.32, table 6: what has to be done to a stored picture to see it upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused. ``max_pixels``: width times height; ``max_bytes``: of the file."""

    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a picture says of its form. ``alpha`` is ``None`` until it has been decoded."""

    format: str
    width: int
    height: int
    animated: bool
    alpha: bool | None = None


class OpenedPicture:
    """A picture whose header has been read and whose pixels have not.

    Raises:
        NotAPicture, TruncatedPicture, CorruptPicture: on the header alone.
    """

    def __init__(self, data: bytes) -> None:
        name = sniff(data)
        if name is None:
            raise NotAPicture("not a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file")
        if len(data) < max(bytes_promised(data, name), _FEWEST_BYTES):
            raise TruncatedPicture("the file ends before the picture does")
        self._image = _guarded(lambda: _open(data, name))
        self.facts = _guarded(lambda: _facts(self._image, name))

    @property
    def stored(self) -> Image.Image:
        """The first frame as it is stored, not upright and with its alpha; decoded once
        :meth:`decode` has been called."""
        return self._image

    def decode(
        self, policy: DecodePolicy, limits: Limits, min_side: int
    ) -> tuple[Image.Image, PictureFacts]:
        """The first frame, upright, on the policy's background, mode ``RGB``; and its facts.

        Raises:
            TooManyPixels, TooSmall, TruncatedPicture, CorruptPicture, UnsupportedPicture.
        """
        facts = self.facts
        if facts.width * facts.height > limits.max_pixels:
            raise TooManyPixels(
                f"{facts.width} x {facts.height} pixels, over the limit of "
                f"{limits.max_pixels:,}; raise --max-pixels"
            )
        if min(facts.width, facts.height) < min_side:
            raise TooSmall(
                f"{facts.width} x {facts.height} pixels: too small to judge "
                f"(the short side must have {min_side})"
            )
        return _guarded(lambda: _decode(self._image, facts, policy))


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    if name == "PNG":
        data = without_text(data)
    module, plugin = _PLUGINS[name].split(".")
    opened: ImageFile.ImageFile = getattr(import_module(f"PIL.{module}"), plugin)(io.BytesIO(data))
    return opened


def _facts(image: ImageFile.ImageFile, name: str) -> PictureFacts:
    return PictureFacts(name, *image.size, animated=bool(getattr(image, "is_animated", False)))


def _guarded(step: Callable[[], T]) -> T:
    """Whatever a decoder raises on hostile bytes, as one of our errors."""
    try:
        return step()
    except PictureError:
        raise
    except Image.DecompressionBombError as problem:
        raise TooManyPixels("more pixels than the decoder of this format takes") from problem
    except MemoryError as problem:
        raise TooManyPixels("not enough memory to decode it") from problem
    except EOFError as problem:
        raise TruncatedPicture("the file ends before the picture does") from problem
    except Exception as problem:
        if "truncated" in str(problem).lower():
            raise TruncatedPicture("the file ends before the picture does") from problem
        raise CorruptPicture(f"the picture's data are damaged ({problem})") from problem


def _decode(
    image: ImageFile.ImageFile, facts: PictureFacts, policy: DecodePolicy
) -> tuple[Image.Image, PictureFacts]:
    _refuse_undefined(image)
    image.load()
    picture, alpha = _to_rgb(_upright(image), policy.background)
    return picture, PictureFacts(facts.format, *picture.size, facts.animated, alpha)


def _refuse_undefined(image: ImageFile.ImageFile) -> None:
    undefined = image.mode in ("I", "F", "LAB")
    if image.format == "TIFF" and image.mode.startswith("I;16"):
        tags = image.tag_v2  # type: ignore[attr-defined]
        undefined = tags.get(_BITS) != (16,) or tags.get(_PHOTOMETRIC) != _BLACK_IS_ZERO
    if undefined:
        raise UnsupportedPicture(f"pixels of kind {image.mode} have no defined 8-bit RGB form")


def _upright(image: Image.Image) -> Image.Image:
    image.info.pop("xmp", None)  # EXIF alone, whatever the format
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - a damaged EXIF block says nothing about the pixels
        return image
    method = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image, background: tuple[int, int, int]) -> tuple[Image.Image, bool]:
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB"), False
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    alpha = with_alpha.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return with_alpha.convert("RGB"), False
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(with_alpha, mask=alpha)
    return canvas, True


def _eight_bits(image: Image.Image) -> Image.Image:
    samples = np.asarray(image).astype(np.uint16)
    grey = Image.fromarray((samples >> 8).astype(np.uint8))
    transparent = image.info.get("transparency")  # one sample value (PNG 3rd edition, 11.3.1.1)
    if isinstance(transparent, int):
        grey = grey.convert("LA")
        grey.putalpha(Image.fromarray(((samples != transparent) * 255).astype(np.uint8)))
    return grey
