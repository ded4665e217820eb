"""Whether a file shows one picture only: a signature vouches for one, and viewers show them all."""

from __future__ import annotations

from tegaki.formats import Structure
from tegaki.formats.jpeg import JpegFile
from tegaki.formats.png import PngFile
from tegaki.formats.webp import WebpFile


def is_still(file: Structure | None) -> bool:
    """Whether a PNG, a WebP or a JPEG shows one picture; of others it is not known."""
    if isinstance(file, PngFile):
        return _is_still_png(file)
    return not file.animated if isinstance(file, WebpFile) else isinstance(file, JpegFile)


def _is_still_png(file: PngFile) -> bool:
    """No acTL before the first IDAT (PNG, third edition, section 11.3.6.1)."""
    first = next((c.kind for c in file.chunks if c.kind in (b"acTL", b"IDAT")), None)
    return first == b"IDAT" or (first is None and file.pixels is not None)
