"""GIF89a: comments, and the application extensions of XMP and C2PA."""

from __future__ import annotations

from tegaki.formats.gif import GifFile
from tegaki.metadata.findings import Findings, decode, join
from tegaki.metadata.marks import Text
from tegaki.metadata.parsers import xmp
from tegaki.results.claim import Location

_COMMENT, _APPLICATION = 0xFE, 0xFF
_MAGIC_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
"""XMP part 3, 1.1.2: the packet is no chain of sub-blocks, so these bytes lead any reader that
takes it for one to its end."""


def read(file: GifFile, data: bytes, found: Findings) -> None:
    """The blocks up to the trailer byte; what follows it is a trailer."""
    for block in file.blocks:
        if block.label in (_COMMENT, _APPLICATION):
            _extension(data, *block, found)
    found.follow(file.damage, len(file.blocks))
    if file.end is not None:
        found.finish(data, file.end, "GIF", file.whole_frames > 0)


def _extension(data: bytes, label: int, at: int, end: int, found: Findings) -> None:
    if label == _COMMENT:
        _comment(data, at, end, found)
    elif data[at + 2] == 11:
        name = data[at + 3 : at + 14]
        if name == b"XMP DataXMP":
            _xmp(data, at, end, found)
        elif name[:8] == b"C2PA_GIF":
            found.stores.append(Location("GIF C2PA_GIF", at, end))


def _comment(data: bytes, at: int, end: int, found: Findings) -> None:
    """Section 24: the sub-blocks joined."""
    if end - at > found.limits.text:
        found.note(f"The GIF comment at byte {at} is too long and was left out.")
        return
    parts = []
    start = at + 2
    while size := data[start]:
        parts.append(data[start + 1 : start + 1 + size])
        start += size + 1
    found.texts.append(Text("comment", decode(b"".join(parts)), Location("GIF comment", at, end)))


def _xmp(data: bytes, at: int, end: int, found: Findings) -> None:
    start, stop = at + 14, end - len(_MAGIC_TRAILER)
    if stop < start or data[stop:end] != _MAGIC_TRAILER:
        found.note(f"The GIF XMP block at byte {at} has no end of its own and was left out.")
        return
    xmp.read(join(data, [(start, stop)], Location("GIF XMP", at, end)), found)
