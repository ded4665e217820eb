"""What bytes say before anything is decoded: formats, sizes, structure. Bounded, without Pillow."""

from tegaki.formats.sniff import PICTURE_SUFFIXES, sniff
from tegaki.formats.unsupported import HEAD, text_file, unsupported_format
from tegaki.formats.walk import Structure, walk

__all__ = [
    "HEAD",
    "PICTURE_SUFFIXES",
    "Structure",
    "sniff",
    "text_file",
    "unsupported_format",
    "walk",
]
