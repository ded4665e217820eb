"""The normal form of stored pictures: one pipeline, whatever the label and the original's form.

First frame, EXIF orientation, alpha on white, RGB, centre crop to at most 1.6:1, Lanczos down to
320 px on the short side (never up), JPEG quality 86, 4:2:0, no metadata. Left as they are, the
originals' sizes and formats alone tell drawn from generated (AUC 0.99 on the training corpus).

A file that is in this form already is taken byte for byte: making a set of a set adds no second
JPEG generation and gives the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from tegaki.imaging import Limits, OpenedPicture, normalise, refuse_blank
from tegaki.lab.corpus.manifest import Original
from tegaki.results.scoring_config import CropPolicy, DecodePolicy

FORM = CropPolicy()
QUALITY = 86
_SUBSAMPLING = ((1, 2, 2), (2, 1, 1), (3, 1, 1))  # component, across, down: YCbCr 4:2:0
_PLAIN = {"APP0", "COM"}  # JFIF's header, and comments, which move no pixel
_END = b"\xff\xd9"  # ITU-T T.81, table B.1: end of image


@dataclass(frozen=True, slots=True)
class NormalPicture:
    """A picture in the normal form, and what its file was before.

    ``data``: the JPEG file; ``picture``: its pixels, RGB, before they were encoded (after, where
    the file was in the normal form already).
    """

    data: bytes
    picture: Image.Image
    original: Original


def normal_form(data: bytes, limits: Limits) -> NormalPicture:
    """Bring the bytes of a file of any known format into the normal form.

    Raises:
        PictureError: it cannot be decoded within the limits, or is one flat colour.
    """
    opened = OpenedPicture(data)
    mode = opened._image.mode
    decoded, info = opened.decode(DecodePolicy(), limits, min_side=1)
    refuse_blank(decoded)
    original = Original(
        format=info.format,
        width=info.width,
        height=info.height,
        bytes=len(data),
        mode=mode,
        quality=_jpeg_quality(data) if info.format == "JPEG" else None,
        alpha=bool(info.alpha),
    )
    if normal_size(data):
        return NormalPicture(data, decoded, original)
    picture = normalise(decoded, FORM)
    return NormalPicture(_encoded(picture), picture, original)


def normal_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a file that is in the normal form already, by its header, else None.

    Raises:
        PictureError: the header cannot be read.
    """
    if OpenedPicture(data).info.format != "JPEG" or not data.endswith(_END):
        return None
    image = JpegImageFile(io.BytesIO(data))
    short, long = sorted(image.size)
    is_normal = (
        image.mode == "RGB"
        and image.quantization == _quantisation(QUALITY)
        and tuple(layer[:3] for layer in image.layer) == _SUBSAMPLING
        and not image.info.get("progressive")
        and {name for name, _ in image.applist} <= _PLAIN
        and short <= FORM.short_side
        and long <= round(short * FORM.max_aspect)
    )
    return image.size if is_normal else None


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    # Pillow would carry the original's comment over, and comments name the program that drew.
    picture.save(buffer, "JPEG", quality=QUALITY, subsampling=2, comment=b"")
    return buffer.getvalue()


def _jpeg_quality(data: bytes) -> int:
    """The quality (1-100) whose luminance table, as libjpeg makes it, is nearest the file's."""
    tables = JpegImageFile(io.BytesIO(data)).quantization
    if not tables:
        return 0
    distances = np.abs(_luminance_tables() - np.array(tables[min(tables)])).sum(axis=1)
    return int(distances.argmin()) + 1


@cache
def _luminance_tables() -> npt.NDArray[np.int64]:
    """Luminance tables of the qualities 1 to 100, int64 ``(100, 64)``."""
    return np.array([_quantisation(quality)[0] for quality in range(1, 101)])


@cache
def _quantisation(quality: int) -> dict[int, list[int]]:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    buffer.seek(0)
    return JpegImageFile(buffer).quantization
