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
from tegaki.imaging.files import file_size, open_file, read_file, system_error, too_large
from tegaki.imaging.tiles import Part, is_long, judged_share

__all__ = [
    "LARGE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SECONDS",
    "Limits",
    "OpenedPicture",
    "Part",
    "PictureFacts",
    "Views",
    "file_size",
    "is_long",
    "judged_share",
    "make_views",
    "normalise",
    "open_file",
    "read_file",
    "refuse_blank",
    "system_error",
    "to_tensor",
    "too_large",
    "view_boxes",
]
