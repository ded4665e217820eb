"""AVIF and HEIF (ISO/IEC 14496-12 and 23008-12): the items Exif and XMP, and C2PA's uuid box."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tegaki.metadata.findings import Blob, Findings, join
from tegaki.metadata.parsers import exif, xmp
from tegaki.results.claim import Location

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_BRANDS = 64

_Want = Literal["Exif", "XMP"]


def is_picture(data: bytes) -> bool:
    """Whether the file begins with a file type box of AVIF or another picture of HEIF."""
    return bool(_brands(data) & (_AVIF_BRANDS | _HEIF_BRANDS))


def walk(data: bytes, found: Findings) -> None:
    """The boxes of the file; only the first ``meta`` counts (14496-12, section 8.11.1)."""
    name = "AVIF" if _brands(data) & _AVIF_BRANDS else "HEIF"
    meta: _Box | None = None
    end = 0
    for box in _boxes(data, 0, len(data), found):
        end = box.end
        if box.kind == b"uuid":
            _uuid(data, box, name, found)
        elif box.kind == b"meta" and meta is None:
            meta = box
    if meta is not None:
        _meta(data, meta, name, found)
        if found.blocks <= found.limits.blocks:  # else the rest was not looked at
            found.finish(data, end, name)


def _brands(data: bytes) -> set[bytes]:
    """The major and the compatible brands (14496-12, section 4.3)."""
    if data[4:8] != b"ftyp":
        return set()
    size = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MOST_BRANDS)
    return {data[at : at + 4] for at in (8, *range(16, size - 3, 4))}


@dataclass(frozen=True, slots=True)
class _Box:
    """A box: its type, and where it, its content and what follows it begin."""

    kind: bytes
    start: int
    body: int
    end: int


def _boxes(data: bytes, at: int, end: int, found: Findings) -> Iterator[_Box]:
    """The boxes from ``at`` to ``end`` (14496-12, section 4.2): size 1 is large, 0 is the rest."""
    while at < end and found.next_block():
        size, kind, body = 0, b"", at + 8
        if body <= end:
            size, kind = struct.unpack_from(">I4s", data, at)
            if size == 1 and at + 16 <= end:
                (size,) = struct.unpack_from(">Q", data, at + 8)
                body = at + 16
            elif size == 0:
                size = end - at
        if not body - at <= size <= end - at:
            found.note(f"No whole box stands at byte {at}; nothing was read from there on.")
            return
        yield _Box(kind, at, body, at + size)
        at += size


def _uuid(data: bytes, box: _Box, name: str, found: Findings) -> None:
    """C2PA, appendix A: the identifier, version and flags, then the purpose of the box."""
    purpose = box.body + 20
    if data.startswith(_C2PA, box.body, box.end) and data.startswith(
        b"manifest\0", purpose, box.end
    ):
        found.stores.append(Location(f"{name} uuid C2PA", box.start, box.end))


@dataclass(slots=True)
class _Items:
    """What the boxes in ``meta`` say of the wanted items."""

    wanted: dict[int, _Want] = field(default_factory=dict)
    extents: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    store: tuple[int, int] | None = None


class _Cut(Exception):
    """A box ends before what it announces, or asks for what is not read."""


class _Cursor:
    """Big-endian numbers and texts of one box, in turn."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def number(self, size: int) -> int:
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise _Cut
        return int.from_bytes(self.data[start : self.at], "big")

    def text(self) -> bytes:
        """A text up to its NUL, or to the end of the box."""
        stop = self.data.find(0, self.at, self.end)
        start, self.at = self.at, self.end if stop < 0 else stop + 1
        return self.data[start : self.end if stop < 0 else stop]


def _meta(data: bytes, meta: _Box, name: str, found: Findings) -> None:
    """14496-12, section 8.11: which items there are, and where each one's bytes lie."""
    items = _Items()
    for box in _boxes(data, meta.body + 4, meta.end, found):
        try:
            if box.kind == b"iinf":
                _item_infos(data, box, items, found)
            elif box.kind == b"iloc":
                _item_locations(_Cursor(data, box.body, box.end), items, found)
            elif box.kind == b"idat":
                items.store = (box.body, box.end)
        except _Cut:
            found.note(f"The {name} box {box.kind.decode()} is cut or not understood.")
    for number, want in items.wanted.items():
        _item(data, want, items.extents.get(number), items.store, name, found)


def _item_infos(data: bytes, box: _Box, items: _Items, found: Findings) -> None:
    """Section 8.11.6: an ``infe`` box for each item."""
    head = _Cursor(data, box.body, box.end)
    head.number(2 if head.number(4) >> 24 == 0 else 4)  # the count; the boxes say it themselves
    for info in _boxes(data, head.at, box.end, found):
        if info.kind == b"infe":
            _item_info(_Cursor(data, info.body, info.end), items)


def _item_info(cursor: _Cursor, items: _Items) -> None:
    """Note an item that is Exif or XMP (23008-12, annex A) and is not encrypted."""
    version = cursor.number(4) >> 24
    if version not in (2, 3):
        return
    number = cursor.number(2 if version == 2 else 4)
    protected, kind = cursor.number(2), cursor.number(4).to_bytes(4, "big")
    cursor.text()
    if protected:
        return
    if kind == b"Exif":
        items.wanted[number] = "Exif"
    elif kind == b"mime" and (cursor.text(), cursor.text()) == (b"application/rdf+xml", b""):
        items.wanted[number] = "XMP"


def _item_locations(cursor: _Cursor, items: _Items, found: Findings) -> None:
    """Section 8.11.3: for each item the way its bytes are found, and its extents."""
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    if version > 2 or any(s not in (0, 4, 8) for s in (offset_size, length_size, base_size)):
        raise _Cut
    for _ in range(cursor.number(2 if version < 2 else 4)):
        if not found.next_block():
            raise _Cut
        number = cursor.number(2 if version < 2 else 4)
        method = cursor.number(2) & 15 if version else 0
        in_this_file = cursor.number(2) == 0
        base = cursor.number(base_size)
        extents = []
        for _ in range(cursor.number(2)):
            if not found.next_block():
                raise _Cut
            cursor.number(index_size)
            start = base + cursor.number(offset_size)
            extents.append((start, cursor.number(length_size)))
        if in_this_file:
            items.extents[number] = (method, extents)


def _item(
    data: bytes,
    want: _Want,
    location: tuple[int, list[tuple[int, int]]] | None,
    store: tuple[int, int] | None,
    name: str,
    found: Findings,
) -> None:
    """Read one item: construction method 0 counts from the file's start, 1 from idat's content."""
    path = f"{name} mime item XMP" if want == "XMP" else f"{name} Exif item"
    method, extents = location or (-1, [])
    start, end = {0: (0, len(data)), 1: store or (0, 0)}.get(method, (0, 0))
    runs = [(start + offset, start + offset + length) for offset, length in extents]
    size = sum(stop - first for first, stop in runs)
    if size == 0 or any(stop > end for _, stop in runs) or not found.unpack(size):
        found.note(f"{path} lies nowhere in the file or is too long; it was left out.")
        return
    place = Location(path, min(first for first, _ in runs), max(stop for _, stop in runs))
    (xmp.read if want == "XMP" else _exif)(join(data, runs, place), found)


def _exif(item: Blob, found: Findings) -> None:
    """23008-12, annex A: four bytes say how far behind them the TIFF header stands."""
    skip = 4 + int.from_bytes(item.data[:4], "big")
    exif.read(item.tail(skip), found)
