"""WebP (RIFF container specification): the chunks EXIF, XMP and C2PA."""

from __future__ import annotations

import struct

from tegaki.claim import Place
from tegaki.provenance import exif, xmp
from tegaki.provenance.containers import Blob, Findings


def walk(data: bytes, found: Findings) -> None:
    """The chunks within the size that the RIFF header states; what lies behind is a trailer."""
    if len(data) < 12:
        return
    (size,) = struct.unpack_from("<I", data, 4)
    end = 8 + size
    if end > len(data):
        found.note("The WebP file is shorter than its RIFF header says.")
        end = len(data)
    found.keep_trailer(data, end, "WebP")
    if data[12:15] != b"VP8":
        found.note("The WebP file does not begin with a picture's chunk; nothing was read.")
        return
    at = 12
    while at + 8 <= end and found.next_block():
        kind, length = struct.unpack_from("<4sI", data, at)
        stop = at + 8 + length
        if stop > end:
            found.note(f"The WebP chunk at byte {at} reaches past the end of the RIFF data.")
            return
        _chunk(data, kind, at, stop, found)
        at = stop + length % 2  # RIFF: chunks of odd size are padded


def _chunk(data: bytes, kind: bytes, at: int, stop: int, found: Findings) -> None:
    if kind == b"C2PA":
        found.stores.append(Place("WebP C2PA", at, stop))
    elif kind in (b"EXIF", b"XMP "):
        place = Place(f"WebP {kind.decode().strip()}", at, stop)
        blob = Blob(memoryview(data)[at + 8 : stop], place, ((0, at + 8),))
        (exif.read if kind == b"EXIF" else xmp.read)(blob, found)
