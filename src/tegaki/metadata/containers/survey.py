"""One look through a file: everything in it that could be a mark, from its container's grammar."""

from __future__ import annotations

from tegaki.formats import Structure, walk
from tegaki.formats.gif import GifFile
from tegaki.formats.isobmff import BmffFile
from tegaki.formats.jpeg import JpegFile
from tegaki.formats.png import PngFile
from tegaki.formats.webp import WebpFile
from tegaki.metadata.containers import bmff, gif, jpeg, png, tiff, webp
from tegaki.metadata.findings import Findings
from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.marks import Marks


def survey(data: bytes, limits: Limits = DEFAULT, file: Structure | None = None) -> Marks:
    """Read the marks that a file's structure holds; never raises.

    Nothing is searched for: text that stands in pixels, in another chunk's data or behind the
    container's end is not seen. A container that is not known gives an empty answer.

    Args:
        file: the file's structure, where the caller has it already.
    """
    file = file or walk(data, limits.blocks)
    if file is None:
        return Marks("")
    found = Findings(limits)
    read_marks(file, data, found)
    return found.marks(file)


def read_marks(file: Structure, data: bytes, found: Findings) -> None:
    """Read what stands in a file's parts by the reader of its format."""
    if isinstance(file, PngFile):
        png.read(file, data, found)
    elif isinstance(file, JpegFile):
        jpeg.read(file, data, found)
    elif isinstance(file, WebpFile):
        webp.read(file, data, found)
    elif isinstance(file, GifFile):
        gif.read(file, data, found)
    elif isinstance(file, BmffFile):
        bmff.read(file, data, found)
    else:
        tiff.read(file, data, found)
