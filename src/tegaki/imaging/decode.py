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
from typing import Self, TypeVar

from PIL import Image, ImageFile

from tegaki.errors import (
    CorruptPicture,
    NotAPicture,
    TegakiError,
    TooManyPixels,
    TooSmall,
    TruncatedPicture,
    UnsupportedPicture,
)
from tegaki.formats import Structure, sniff, text_file, unsupported_format, walk
from tegaki.formats.jpeg import JpegFile
from tegaki.formats.png import PngFile
from tegaki.formats.tiff import TiffFile
from tegaki.formats.unsupported import raw_file
from tegaki.imaging.apng import with_first_frame
from tegaki.imaging.color import to_rgb
from tegaki.imaging.color_profiles import Conversion, conversion_of
from tegaki.imaging.crops import cut_from, refuse_blank
from tegaki.imaging.frames import load_shown
from tegaki.imaging.jpeg_process import process_of
from tegaki.imaging.png_color import png_conversion
from tegaki.imaging.png_key import deep_alpha, settle_key
from tegaki.imaging.png_rows import PngStrips, without_text
from tegaki.imaging.strips import (
    crop_strips,
    strip_height,
    upright_offset,
    upright_size,
    upright_strips,
)
from tegaki.imaging.tiles import Part, cuts_of, parts_judged
from tegaki.results.scoring_config import CropPolicy, DecodePolicy, ShrinkPolicy, TilePolicy

T = TypeVar("T")

MAX_PIXELS = 100_000_000
MAX_BYTES = 128 * 1024 * 1024
MAX_SECONDS = 300.0
LARGE = 1 << 24
"""Pixels from which a picture is not held whole in RGB where views are all that is wanted, and
from which no two should be decoded at a time."""

_PLUGINS = {
    "JPEG": "JpegImagePlugin.JpegImageFile",
    "PNG": "PngImagePlugin.PngImageFile",
    "WEBP": "WebPImagePlugin.WebPImageFile",
    "GIF": "GifImagePlugin.GifImageFile",
    "BMP": "BmpImagePlugin.BmpImageFile",
    "TIFF": "TiffImagePlugin.TiffImageFile",
    "AVIF": "AvifImagePlugin.AvifImageFile",
}
_HALF = 2
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
    """What is refused. ``max_pixels``: width times height; ``max_bytes``: of the file;
    ``max_seconds``: for one of many files to be read and judged, so that a server that does not
    answer does not hold up the others."""

    max_pixels: int = MAX_PIXELS
    max_bytes: int = MAX_BYTES
    max_seconds: float = MAX_SECONDS


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What a picture says of its form. ``format`` is empty for pixels that come without a file;
    ``alpha`` is ``None`` until the picture has been decoded; ``judged_frame``: of an animated one
    then, which frame is judged, from 1."""

    format: str
    width: int
    height: int
    animated: bool
    alpha: bool | None = None
    judged_frame: int | None = None


class OpenedPicture:
    """A picture whose header has been read and whose pixels have not.

    Attributes:
        file: its structure, which its format, size and frames are taken from; ``None``: a BMP.
        info: its form. Until it is decoded its size is that of the stored picture.

    Raises:
        NotAPicture, UnsupportedPicture, TruncatedPicture, CorruptPicture: on the header alone.
    """

    def __init__(self, data: bytes) -> None:
        name = sniff(data)
        if name is None:
            other = unsupported_format(data) or text_file(data)
            raise other or NotAPicture("not a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file")
        self.file = file = walk(data)
        if isinstance(file, TiffFile) and file.raw:
            raise raw_file(file.raw)
        if len(data) < max(file.promised if file else 0, _FEWEST_BYTES):
            raise TruncatedPicture("the file ends before the picture does")
        self._data = data
        self._rows = PngStrips.from_bytes(data, file, LARGE) if isinstance(file, PngFile) else None
        skeleton = self._rows and _opened_upright(self._rows.skeleton)
        if skeleton is None:
            self._rows = None
        self._image = skeleton or guarded(lambda: _open(data, name, file))
        self._in_full = self._rows is None
        self.info = guarded(lambda: _picture_info(self._image, name, file))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the pixels of a large picture go: what views are cut from is another one."""
        if self.is_large:
            self._image.close()

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.info.width * self.info.height

    @property
    def is_large(self) -> bool:
        """Whether its pixels are :data:`LARGE` or more."""
        return self.pixels >= LARGE

    @property
    def stored(self) -> Image.Image | None:
        """The first frame as it is stored, not upright, with its alpha and in its own colours;
        decoded once a decoding method has been called. ``None``: it is not decoded in full, or in
        strips, or another frame is."""
        return self._image if self._in_full else None

    def decode(
        self, policy: DecodePolicy, limits: Limits, min_side: int
    ) -> tuple[Image.Image, PictureInfo]:
        """The first frame that shows something, upright, in sRGB on the policy's background,
        mode ``RGB``; and its facts.

        Raises:
            TooManyPixels, TooSmall, TruncatedPicture, CorruptPicture, UnsupportedPicture.
        """
        check_size(self.info, limits, min_side)
        return guarded(lambda: self._whole(policy))

    def decode_for_crops(
        self,
        policy: DecodePolicy,
        limits: Limits,
        views: CropPolicy,
        shrink: ShrinkPolicy | None = None,
        tiles: TilePolicy | None = None,
    ) -> tuple[tuple[Part, ...], PictureInfo]:
        """What is cut from :meth:`decode`'s picture and shrunk, and its facts; of a large picture
        without ever holding all of it in RGB.

        Args:
            shrink: where fewer pixels than all are decoded.
            tiles: how long pictures are cut; without it one part is cut from any picture, and is
                what :func:`tegaki.imaging.normalise` makes of it.

        Raises:
            BlankPicture, and what :meth:`decode` raises.
        """
        check_size(self.info, limits, views.min_side)
        factor = self._factor(shrink)
        if factor > 1 or self.is_large:
            parts, info = guarded(lambda: self._fitted(policy, views, tiles, factor))
        else:
            picture, info = guarded(lambda: self._whole(policy))
            refuse_blank(picture)
            cuts = cuts_of(*picture.size, views, tiles)
            parts = tuple(Part.of(cut_from(picture, plan), plan) for plan in cuts)
        return parts_judged(parts, info.width, info.height, tiles), info

    def _factor(self, shrink: ShrinkPolicy | None) -> int:
        if shrink is None or self.info.format != "JPEG":
            return 1
        return _HALF if min(self._image.size) >= _HALF * shrink.least_side else 1

    def _whole(self, policy: DecodePolicy) -> tuple[Image.Image, PictureInfo]:
        image = _open(self._data, "PNG", self.file) if self._rows else self._image
        refuse_undefined(image)
        frame, number = self._load(image)
        method = _to_upright(image)
        upright = frame if method is None else frame.transpose(method)
        picture, alpha = to_rgb(upright, policy.background, self._conversion(image))
        return picture, self._seen(picture.size, alpha, number)

    def _fitted(
        self, policy: DecodePolicy, views: CropPolicy, tiles: TilePolicy | None, factor: int
    ) -> tuple[tuple[Part, ...], PictureInfo]:
        image, stored, number = self._image, self._image.size, 0
        refuse_undefined(image)
        conversion = self._conversion(image)
        if self._rows:
            method, strips = None, self._rows.strips(strip_height(image.width))
        else:
            if factor > 1:
                image.draft(None, (stored[0] // factor, stored[1] // factor))
                self._in_full = False
            frame, number = self._load(image)
            method = _to_upright(image)
            strips = upright_strips(frame, method)
        size = upright_size(stored, method)
        wanted = cuts_of(*size, views, tiles)
        cuts = wanted
        if factor > 1:
            cuts = [plan.scaled(factor, upright_offset(stored, factor, method)) for plan in wanted]
        found, alpha = crop_strips(
            strips, upright_size(image.size, method), cuts, policy.background, conversion
        )
        parts = tuple(map(Part.of, found, wanted))
        return parts, self._seen(size, alpha, number)

    def _load(self, image: ImageFile.ImageFile) -> tuple[Image.Image, int]:
        """The frame that is judged, with its alpha, and its number, from 0."""
        frame, number = load_shown(image, animated=self.info.animated)
        self._in_full &= number == 0
        alpha = None
        if number == 0 and self._is_deep_png:
            alpha = deep_alpha(image, _prepared(self._data, self.file))
        if alpha is not None:
            frame = frame.convert("RGB")
            frame.putalpha(alpha)
        return frame, number

    @property
    def _is_deep_png(self) -> bool:
        return self.info.format == "PNG" and self._data[24:25] == b"\x10"

    def _conversion(self, image: Image.Image) -> Conversion | None:
        """To sRGB; ``None`` where the file says nothing of its colours."""
        if isinstance(self.file, PngFile):
            return png_conversion(self._data, self.file, image.mode)
        profile = image.info.get("icc_profile")
        return conversion_of(profile, image.mode) if isinstance(profile, bytes) else None

    def _seen(self, size: tuple[int, int], alpha: bool, frame: int) -> PictureInfo:
        info = self.info
        judged = frame + 1 if info.animated else None
        return PictureInfo(info.format, *size, info.animated, alpha, judged)


def check_size(info: PictureInfo, limits: Limits, min_side: int) -> None:
    """Refuse a picture by its width and height.

    Raises:
        TooManyPixels, TooSmall.
    """
    size = f"{info.width} x {info.height} pixels"
    if info.width * info.height > limits.max_pixels:
        raise TooManyPixels(f"{size}, over the limit of {limits.max_pixels:,}")
    if min(info.width, info.height) < min_side:
        raise TooSmall(f"{size}: too small to judge (the short side must have {min_side})")


def _open(data: bytes, name: str, file: Structure | None) -> ImageFile.ImageFile:
    process = process_of(data, file) if isinstance(file, JpegFile) else None
    if process:
        process.refuse()
    module, plugin = _PLUGINS[name].split(".")
    plain = io.BytesIO(_prepared(data, file))
    opened: ImageFile.ImageFile = getattr(import_module(f"PIL.{module}"), plugin)(plain)
    if name == "PNG":
        settle_key(opened, data[24])
    elif process and process.is_arithmetic:
        opened.decodermaxblock = len(data)
    return opened


def _prepared(data: bytes, file: Structure | None) -> bytes:
    """What the decoder is given."""
    if not isinstance(file, PngFile):
        return data
    return with_first_frame(data, file) or without_text(data, file)


def _picture_info(image: ImageFile.ImageFile, name: str, file: Structure | None) -> PictureInfo:
    """What the structure says. The decoder has to agree: it is the decoder's picture that is held
    in memory and judged."""
    if file is None or file.size is None:
        animated = bool(getattr(image, "is_animated", False))
        return PictureInfo(name, *image.size, animated=animated)
    turned = name == "TIFF" and image.size == file.size[::-1]  # Pillow gives its upright size
    if image.size != file.size and not turned:
        raise CorruptPicture(
            f"its header says {file.size[0]} x {file.size[1]} pixels, and its decoder "
            f"{image.size[0]} x {image.size[1]}"
        )
    return PictureInfo(file.format, *image.size, animated=file.frames > 1)


def guarded(step: Callable[[], T]) -> T:
    """Whatever a decoder raises on hostile bytes, as one of our errors."""
    try:
        return step()
    except TegakiError:
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


def refuse_undefined(image: Image.Image) -> None:
    """Raise :class:`UnsupportedPicture` for pixels that have no one reading as 8-bit RGB."""
    undefined = image.mode in ("I", "F", "LAB")
    tags = getattr(image, "tag_v2", None)  # of a TIFF
    if tags is not None and image.mode.startswith("I;16"):
        undefined = tags.get(_BITS) != (16,) or tags.get(_PHOTOMETRIC) != _BLACK_IS_ZERO
    if undefined:
        raise UnsupportedPicture(f"pixels of kind {image.mode} have no defined 8-bit RGB form")


def _opened_upright(skeleton: bytes) -> ImageFile.ImageFile | None:
    """A PNG without its pixels; ``None``: it is damaged, which may be nothing to them, or is not
    stored upright."""
    try:
        image = _open(skeleton, "PNG", None)
    except Exception:  # noqa: BLE001 - the decoder of the whole says what is wrong, if anything
        return None
    # Pillow would decode it to look for EXIF behind its pixels.
    return image if "exif" not in image.info or _to_upright(image) is None else None


def _to_upright(image: Image.Image) -> Image.Transpose | None:
    image.info.pop("xmp", None)  # EXIF alone, whatever the format
    return upright_method(image.getexif)


def upright_method(read_exif: Callable[[], Image.Exif]) -> Image.Transpose | None:
    """What the EXIF block of a picture says has to be done to see it upright; ``None``: nothing."""
    try:
        orientation = read_exif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - a damaged EXIF block says nothing about the pixels
        return None
    return _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
