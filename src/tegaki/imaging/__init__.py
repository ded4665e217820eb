"""Bytes to a picture within limits, its facts, and the views that a network sees."""

from tegaki.imaging.crops import Crops, crop_boxes, make_crops, normalise, refuse_blank, to_tensor
from tegaki.imaging.decode import (
    LARGE,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SECONDS,
    Limits,
    OpenedPicture,
    PictureInfo,
)
from tegaki.imaging.files import file_size, open_file, read_file, system_error, too_large

__all__ = [
    "LARGE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SECONDS",
    "Crops",
    "Limits",
    "OpenedPicture",
    "PictureInfo",
    "crop_boxes",
    "file_size",
    "make_crops",
    "normalise",
    "open_file",
    "read_file",
    "refuse_blank",
    "system_error",
    "to_tensor",
    "too_large",
]
