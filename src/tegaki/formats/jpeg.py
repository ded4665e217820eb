"""JPEG (ITU-T T.81): the marker segments of a file, listed once for all who read it."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from tegaki.formats.limits import MOST_PARTS, too_many

SIGNATURE = b"\xff\xd8\xff"
SOS, EOI, COM, DQT = 0xDA, 0xD9, 0xFE, 0xDB
APP1, APP11, APP13, APP15 = 0xE1, 0xEB, 0xED, 0xEF
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Table B.1: SOFn."""
_WITHOUT_LENGTH = frozenset((*range(0xC0), *range(0xD0, 0xD9)))
"""Table B.1: reserved codes, TEM, RSTn and SOI have no place between segments."""
_MARKER = re.compile(rb"\xff++([^\xff])", re.DOTALL)  # B.1.1.2: any number of FF may stand first
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""B.1.1.5: in a scan, FF comes with 00 (a stuffed byte), RSTn, or ends the scan as a marker."""


class Segment(NamedTuple):
    """A marker segment: its code, and the bytes of the file from the marker's FF to the end of its
    content. Behind SOS follow the samples of a scan, up to the next segment."""

    code: int
    start: int
    end: int

    @property
    def body(self) -> int:
        """Where its content begins, behind marker and length."""
        return self.start + 4


@dataclass(frozen=True, slots=True)
class JpegFile:
    """What :func:`walk_jpeg` found.

    Attributes:
        segments: whole ones in the order of the file, up to EOI.
        size: width and height by the first frame header (B.2.2), where it stands before a scan.
        end: behind EOI; ``None`` where the walk did not come to it.
        scanned: whether there is a scan behind a frame header. Tables without these (B.5) are no
            picture.
        damage: why the walk ended before EOI, as sentences.
    """

    segments: tuple[Segment, ...]
    size: tuple[int, int] | None
    end: int | None
    scanned: bool
    damage: tuple[str, ...]

    format: ClassVar[str] = "JPEG"
    promised: ClassVar[int] = 0
    frames: ClassVar[int] = 1


def walk_jpeg(data: bytes, most: int = MOST_PARTS) -> JpegFile:
    """List the segments from SOI to EOI (B.2.1), through all scans. No bytes raise.

    Args:
        most: segments after which the walk ends.
    """
    segments: list[Segment] = []
    at, whole, damage = 2, len(data), ""
    end: int | None = None
    framed = scanned = False
    while len(segments) < most:
        marker = _MARKER.match(data, at)
        if marker is None or marker[1][0] in _WITHOUT_LENGTH:
            damage = f"No JPEG segment stands at byte {at}; nothing was read from there on."
            break
        code, start = marker[1][0], marker.end()
        if code == EOI:
            end = start
            break
        at = start + int.from_bytes(data[start : start + 2], "big")
        if not start + 2 <= at <= whole:
            damage = f"The JPEG segment at byte {start - 2} reaches past the end of the file."
            break
        segments.append(Segment(code, start - 2, at))
        framed = framed or code in FRAMES
        if code == SOS:
            scanned = framed
            after = _SCAN_END.search(data, at)
            if after is None:
                damage = "The JPEG file ends without an EOI marker."
                break
            at = after.start()
    else:
        damage = too_many(most)
    return JpegFile(
        tuple(segments), _size(data, segments), end, scanned, (damage,) if damage else ()
    )


def _size(data: bytes, segments: list[Segment]) -> tuple[int, int] | None:
    for segment in segments:
        if segment.code == SOS:
            break
        if segment.code in FRAMES:  # B.2.2: length, precision, height, width
            if segment.end - segment.body < 5:
                break
            height, width = struct.unpack_from(">HH", data, segment.body + 1)
            return width, height
    return None
