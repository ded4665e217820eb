"""Bytes to a picture within limits, its facts, and the views that a network sees."""

from tegaki.pictures.decode import (
    LARGE,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_SECONDS,
    Limits,
    OpenedPicture,
    PictureFacts,
)
from tegaki.pictures.files import file_size, open_file, read_file, system_error, too_large
from tegaki.pictures.formats import PICTURE_SUFFIXES, sniff
from tegaki.pictures.others import HEAD, other_format
from tegaki.pictures.views import (
    Views,
    make_views,
    normalise,
    refuse_blank,
    to_tensor,
    view_boxes,
)

__all__ = [
    "HEAD",
    "LARGE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SECONDS",
    "PICTURE_SUFFIXES",
    "Limits",
    "OpenedPicture",
    "PictureFacts",
    "Views",
    "file_size",
    "make_views",
    "normalise",
    "open_file",
    "other_format",
    "read_file",
    "refuse_blank",
    "sniff",
    "system_error",
    "to_tensor",
    "too_large",
    "view_boxes",
]
