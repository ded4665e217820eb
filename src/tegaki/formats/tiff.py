"""TIFF (6.0, BigTIFF): the directories of a file or of an EXIF block, listed once for all who read
them; and which camera's raw files are built as TIFF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import Struct
from typing import ClassVar, NamedTuple

from tegaki.formats.limits import MOST_PARTS, too_many

EXIF_DIRECTORY = 0x8769
SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8, 129: 1,
}  # fmt: skip
"""Bytes of a value by field type: TIFF 6.0, section 2; 13 is IFD, 16 to 18 are BigTIFF's, 129 is
UTF-8 of EXIF 3.0."""
_WIDTH, _HEIGHT, _PHOTOMETRIC, _MAKE, _SUB = 256, 257, 262, 271, 330
_DNG_VERSION = 0xC612
_MOST_SUB = 16  # directories below the first: raw files have up to five
_SENSOR = (32803, 34892)  # photometric interpretation (TIFF/EP, DNG 1.7): CFA, LinearRaw
UNNAMED = "camera raw"
"""The kind of raw files of other makers."""
_MAKERS = (
    (b"NIKON", "NEF"), (b"SONY", "ARW"), (b"PENTAX", "PEF"), (b"RICOH", "PEF"),
    (b"SAMSUNG", "SRW"), (b"HASSELBLAD", "3FR"), (b"PHASE ONE", "IIQ"), (b"LEAF", "IIQ"),
    (b"SEIKO EPSON", "ERF"), (b"EASTMAN KODAK", "KDC"), (b"KODAK", "KDC"),
)  # fmt: skip


class Layout:
    """Byte order, and how wide counts and pointers are."""

    def __init__(self, order: str, big: bool) -> None:
        self.big = big
        self.head = 8 if big else 2  # bytes that count the entries of a directory
        self.inline = 8 if big else 4  # bytes of a value that stands in its entry
        self.step = 20 if big else 12  # bytes of an entry
        self.entry = Struct(order + ("HHQQ" if big else "HHII"))
        self.count = Struct(order + ("Q" if big else "H"))
        self.pointer = Struct(order + ("Q" if big else "I"))
        self.numbers = {
            kind: Struct(order + code)
            for kind, code in ((1, "B"), (3, "H"), (4, "I"), (13, "I"), (16, "Q"), (18, "Q"))
        }


CLASSIC = {b"II*\0": Layout("<", False), b"MM\0*": Layout(">", False)}
"""By the first four bytes: TIFF 6.0, section 2, which EXIF blocks have as well."""
LAYOUTS = CLASSIC | {b"II+\0": Layout("<", True), b"MM\0+": Layout(">", True)}
"""And BigTIFF."""


class Entry(NamedTuple):
    """A field: tag, field type, number of values, and the bytes at which they stand. These may
    lie beyond the data; ``end`` equals ``start`` for a type that is not known."""

    tag: int
    kind: int
    values: int
    start: int
    end: int


class Directory(NamedTuple):
    """An image file directory. ``following``: where the next one stands, or 0. ``damage``: ``past``
    where it begins beyond the data, ``cut`` where it ends there, else empty."""

    entries: tuple[Entry, ...]
    following: int = 0
    damage: str = ""


@dataclass(frozen=True, slots=True)
class TiffFile:
    """What :func:`walk_tiff` found.

    Attributes:
        layout: ``None`` where the first bytes are not TIFF's.
        first: the directory of the first page.
        exif: the Exif directory (EXIF 2.32, section 4.6.3) of the first page.
        size: width and height of the first page as stored.
        frames: pages.
        raw: the kind of camera raw file that it is (``DNG``, ``NEF`` ...), else empty. The first
            page of these is a thumbnail.
        damage: what was left out, as sentences.
    """

    layout: Layout | None = field(compare=False, repr=False)
    first: Directory
    exif: Directory | None
    size: tuple[int, int] | None
    frames: int
    raw: str
    damage: tuple[str, ...]

    promised: ClassVar[int] = 0

    @property
    def format(self) -> str:
        """``TIFF``, or the kind of raw file."""
        return self.raw or "TIFF"


_EMPTY = Directory((), damage="past")


def walk_tiff(data: bytes, most: int = MOST_PARTS) -> TiffFile:
    """List the fields of the first page, its Exif directory, and the pages. No bytes raise.

    Args:
        most: fields of one directory, and pages, after which the walk ends.
    """
    layout = LAYOUTS.get(data[:4])
    at = 8 if layout is not None and layout.big else 4
    if layout is None or at + layout.inline > len(data):
        return TiffFile(layout, _EMPTY, None, None, 0, "", ("The TIFF file ends in its header.",))
    (at,) = layout.pointer.unpack_from(data, at)
    first = read_directory(data, at, layout, most)
    damage = []
    if first.damage:
        damage.append("The first directory of the TIFF file does not stand in it whole.")
    if len(first.entries) == most:
        damage.append(too_many(most))
    below = [
        read_directory(data, pointer, layout, most)
        for pointer in _numbers(data, first, _SUB, layout)
    ]
    exif = next(iter(_numbers(data, first, EXIF_DIRECTORY, layout)), None)
    width = next(iter(_numbers(data, first, _WIDTH, layout)), 0)
    height = next(iter(_numbers(data, first, _HEIGHT, layout)), 0)
    return TiffFile(
        layout=layout,
        first=first,
        exif=None if exif is None else read_directory(data, exif, layout, most),
        size=(width, height) if width and height else None,
        frames=_pages(data, at, layout, most),
        raw=_raw(data, layout, first, below),
        damage=tuple(damage),
    )


def read_directory(
    data: bytes | memoryview, at: int, layout: Layout, most: int = MOST_PARTS
) -> Directory:
    """One directory (TIFF 6.0, section 2).

    Args:
        most: fields after which it ends.
    """
    first = at + layout.head
    if first > len(data):
        return _EMPTY
    (count,) = layout.count.unpack_from(data, at)
    here = min(count, (len(data) - first) // layout.step)
    listed = data[first : first + min(here, most) * layout.step]
    entries = []
    start = first + layout.step - layout.inline
    for tag, kind, values, pointer in layout.entry.iter_unpack(listed):
        size = SIZES.get(kind, 0) * values
        begin = start if size <= layout.inline else pointer
        entries.append(Entry(tag, kind, values, begin, begin + size))
        start += layout.step
    end = first + count * layout.step
    following = 0
    if end + layout.inline <= len(data):
        (following,) = layout.pointer.unpack_from(data, end)
    return Directory(tuple(entries), following, "" if here == count else "cut")


def number(data: bytes | memoryview, entry: Entry, layout: Layout) -> int | None:
    """The first value of a field of whole numbers; ``None`` for other types, and where it lies
    beyond the data."""
    kind = layout.numbers.get(entry.kind)
    if kind is None or entry.start + kind.size > len(data):
        return None
    value: int = kind.unpack_from(data, entry.start)[0]
    return value


def _pages(data: bytes, at: int, layout: Layout, most: int) -> int:
    """How many directories there are, each counted once: pointers may form a loop."""
    seen: set[int] = set()
    while at and at not in seen and len(seen) < most:
        directory = read_directory(data, at, layout, 0)
        if directory.damage == "past":
            break
        seen.add(at)
        at = directory.following
    return len(seen)


def _numbers(data: bytes, directory: Directory, tag: int, layout: Layout) -> list[int]:
    """The values of the last field of a tag, a few of them; none where they lie beyond the data."""
    entry = next((e for e in reversed(directory.entries) if e.tag == tag), None)
    kind = layout.numbers.get(entry.kind) if entry else None
    if entry is None or kind is None:
        return []
    end = min(entry.end, entry.start + _MOST_SUB * kind.size, len(data))
    starts = range(entry.start, end - kind.size + 1, kind.size)
    return [kind.unpack_from(data, start)[0] for start in starts]


def _raw(data: bytes, layout: Layout, first: Directory, below: Iterable[Directory]) -> str:
    """DNG 1.7 has a version of its own; the others hold a sensor's samples. CR2 has a mark behind
    the header (lclevy/libcraw2:docs/cr2_lossless.pdf)."""
    if any(entry.tag == _DNG_VERSION for entry in first.entries):
        return "DNG"
    if data[8:10] == b"CR":
        return "CR2"
    for directory in (first, *below):
        if any(n in _SENSOR for n in _numbers(data, directory, _PHOTOMETRIC, layout)):
            make = next((e for e in first.entries if e.tag == _MAKE), None)
            name = data[make.start : make.end][:64].upper() if make else b""
            return next((kind for prefix, kind in _MAKERS if name.startswith(prefix)), UNNAMED)
    return ""
