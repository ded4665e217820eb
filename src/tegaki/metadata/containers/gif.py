"""GIF89a: comments, and the application extensions of XMP and C2PA."""

from __future__ import annotations

from tegaki.metadata.findings import Findings, decode, join
from tegaki.metadata.marks import Text
from tegaki.metadata.parsers import xmp
from tegaki.results.claim import Location

SIGNATURES = (b"GIF87a", b"GIF89a")
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF
_MAGIC_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
"""XMP part 3, 1.1.2: the packet is no chain of sub-blocks, so these bytes lead any reader that
takes it for one to its end."""


def walk(data: bytes, found: Findings) -> None:
    """The blocks from the logical screen to the trailer byte (GIF89a, appendix B)."""
    if len(data) < 13:
        found.note("The GIF file ends in its header.")
        return
    at = 13 + _table(data[10])
    picture = False
    while found.next_block():
        introducer = data[at] if at < len(data) else None
        if introducer == _TRAILER:
            found.finish(data, at + 1, "GIF", picture)
            return
        end = _block(data, at, introducer, found)
        if end is None:
            found.note(f"The GIF file is cut or damaged at byte {min(at, len(data))}.")
            return
        picture |= introducer == _IMAGE
        at = end


def _block(data: bytes, at: int, introducer: int | None, found: Findings) -> int | None:
    """Read one block; where the next one begins, or None where this one is cut or unknown."""
    if introducer == _EXTENSION:
        end = _chain(data, at + 2)
        if end is not None:
            _extension(data, at, end, found)
        return end
    if introducer == _IMAGE and at + 10 < len(data):
        # The descriptor, its colour table, and a byte of code size stand before the pixels.
        return _chain(data, at + 11 + _table(data[at + 9]))
    return None


def _table(flags: int) -> int:
    """Bytes of a colour table (section 18)."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _chain(data: bytes, at: int) -> int | None:
    """The end of a chain of sub-blocks (section 15), or None where the file ends first."""
    try:
        while size := data[at]:
            at += size + 1
    except IndexError:
        return None
    return at + 1


def _extension(data: bytes, at: int, end: int, found: Findings) -> None:
    label = data[at + 1]
    if label == _COMMENT:
        _comment(data, at, end, found)
    elif label == _APPLICATION and data[at + 2] == 11:
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
