"""WebP (RIFF container specification): the chunks EXIF, XMP and C2PA."""

from __future__ import annotations

import struct

from tegaki.metadata.findings import Blob, Findings
from tegaki.metadata.parsers import exif, xmp
from tegaki.results.claim import Location

_EXTENDED = b"VP8X"
_PIXELS = (b"VP8 ", b"VP8L", b"ANMF")


def walk(data: bytes, found: Findings) -> None:
    """The chunks within the size that the RIFF header states; what lies behind is a trailer."""
    if len(data) < 12:
        return
    (size,) = struct.unpack_from("<I", data, 4)
    end = 8 + size
    if end > len(data):
        found.note("The WebP file is shorter than its RIFF header says.")
        end = len(data)
    first = data[12:16]
    if first not in (_EXTENDED, *_PIXELS[:2]):
        found.note("The WebP file does not begin with a picture's chunk; nothing was read.")
        return
    at, picture = 12, False
    while at + 8 <= end and found.next_block():
        kind, length = struct.unpack_from("<4sI", data, at)
        stop = at + 8 + length
        if stop > end:
            found.note(f"The WebP chunk at byte {at} reaches past the end of the RIFF data.")
            return
        picture |= kind in _PIXELS
        _chunk(data, kind, at, stop, first == _EXTENDED, found)
        at = stop + length % 2  # RIFF: chunks of odd size are padded
    if found.blocks <= found.limits.blocks:  # else the rest was not looked at
        found.finish(data, end, "WebP", picture)


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
