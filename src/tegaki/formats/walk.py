"""A file's structure, by the one walker of its format."""

from __future__ import annotations

from collections.abc import Callable

from tegaki.formats import isobmff
from tegaki.formats.gif import GifFile, walk_gif
from tegaki.formats.isobmff import BmffFile, walk_isobmff
from tegaki.formats.jpeg import JpegFile, walk_jpeg
from tegaki.formats.limits import MOST_PARTS
from tegaki.formats.png import PngFile, walk_png
from tegaki.formats.sniff import sniff
from tegaki.formats.tiff import TiffFile, walk_tiff
from tegaki.formats.webp import WebpFile, walk_webp

Structure = PngFile | JpegFile | WebpFile | GifFile | BmffFile | TiffFile
"""What the walkers find. All have ``format``, ``size`` (width and height as stored, or ``None``),
``frames`` (how many pictures), ``promised`` (how many bytes the file says that it has, or 0) and
``damage`` (sentences)."""

_WALKERS: dict[str, Callable[[bytes, int], Structure]] = {
    "PNG": walk_png,
    "JPEG": walk_jpeg,
    "WEBP": walk_webp,
    "GIF": walk_gif,
    "AVIF": walk_isobmff,
    "TIFF": walk_tiff,
}


def walk(data: bytes, most: int = MOST_PARTS) -> Structure | None:
    """The structure of a file, HEIC and camera raw files among them; ``None`` for other formats.

    Everything in tegaki that asks what a file is and where its parts stand asks here, so that what
    decodes a file and what reads its marks cannot differ. No bytes raise; the work is linear in
    the file's size.

    Args:
        most: parts after which the walk ends.
    """
    walker = _WALKERS.get(sniff(data) or "")
    if walker is None and isobmff.brands(data) & isobmff.HEIC_BRANDS:
        walker = walk_isobmff
    return None if walker is None else walker(data, most)
