"""What bytes say before anything is decoded: formats, sizes, structure. Bounded, without Pillow."""

from tegaki.formats.sniff import PICTURE_SUFFIXES, sniff
from tegaki.formats.unsupported import HEAD, unsupported_format

__all__ = ["HEAD", "PICTURE_SUFFIXES", "sniff", "unsupported_format"]
