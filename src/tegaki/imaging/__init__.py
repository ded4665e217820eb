"""Bytes to a picture within limits, its facts, and the views that a network sees."""

from tegaki.imaging.crops import Views, make_views, normalise, refuse_blank, to_tensor, view_boxes
from tegaki.imaging.decode import (
    LARGE,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SECONDS,
    Limits,
    OpenedPicture,
    PictureFacts,
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

__all__ = [
    "LARGE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SECONDS",
    "HeldPicture",
    "Limits",
    "OpenedPicture",
    "Picture",
    "PictureFacts",
    "Views",
    "bytes_to_read",
    "file_size",
    "is_one_picture",
    "make_views",
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
    "view_boxes",
]
