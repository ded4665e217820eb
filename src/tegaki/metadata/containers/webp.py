"""WebP (RIFF container specification): the chunks EXIF, XMP and C2PA."""

from __future__ import annotations

from tegaki.formats.webp import PIXELS, WebpFile
from tegaki.metadata.findings import Blob, Findings
from tegaki.metadata.parsers import exif, xmp
from tegaki.results.claim import Location


def read(file: WebpFile, data: bytes, found: Findings) -> None:
    """The chunks within the size that the RIFF header states; what lies behind is a trailer."""
    for chunk in file.chunks:
        _chunk(data, *chunk, file.is_extended, found)
    found.follow(file.damage, len(file.chunks))
    if file.complete:  # else the rest was not looked at
        found.finish(data, file.end, "WebP", any(chunk.kind in PIXELS for chunk in file.chunks))


def _chunk(data: bytes, kind: bytes, at: int, stop: int, extended: bool, found: Findings) -> None:
    """Take what a chunk holds.

    The container's specification has EXIF and XMP in the extended layout alone, which a first
    chunk ``VP8X`` opens. Its flags are not asked for: they are wrong in files of several writers.
    C2PA (appendix A) asks for a chunk and for no layout.
    """
    if kind == b"C2PA":
        found.stores.append(Location("WebP C2PA", at, stop))
    elif kind in (b"EXIF", b"XMP ") and not extended:
        found.note(f"WebP {kind.decode().strip()} stands in a file of the simple layout; left out.")
    elif kind in (b"EXIF", b"XMP "):
        place = Location(f"WebP {kind.decode().strip()}", at, stop)
        blob = Blob(memoryview(data)[at + 8 : stop], place, ((0, at + 8),))
        (exif.read if kind == b"EXIF" else xmp.read)(blob, found)
