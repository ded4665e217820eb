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
from tegaki.imaging.files import (
    file_size,
    more_than,
    open_file,
    read_file,
    system_error,
    too_large,
)
from tegaki.imaging.held import HeldPicture
from tegaki.imaging.inputs import (
    Picture,
    bytes_to_read,
    is_one_picture,
    name_of,
    read_picture,
)
from tegaki.imaging.tiles import Part, is_long, judged_share

__all__ = [
    "LARGE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SECONDS",
    "Crops",
    "HeldPicture",
    "Limits",
    "OpenedPicture",
    "Part",
    "Picture",
    "PictureInfo",
    "bytes_to_read",
    "crop_boxes",
    "file_size",
    "is_long",
    "is_one_picture",
    "judged_share",
    "make_crops",
    "more_than",
    "name_of",
    "normalise",
    "open_file",
    "read_file",
    "read_picture",
    "refuse_blank",
    "system_error",
    "to_tensor",
    "too_large",
]
