"""AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): boxes and items, listed once for all who read
them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tegaki.formats import isobmff_size
from tegaki.formats.boxes import Box, Boxes, Cursor, Cut
from tegaki.formats.limits import MOST_PARTS

AVIF_BRANDS = frozenset((b"avif", b"avis"))
HEIC_BRANDS = frozenset(
    (b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
)
"""ISO/IEC 23008-12, annex B. AVIF has the first two as well."""
_MOST_BRANDS = 64


class Item(NamedTuple):
    """What ``infe`` says of an item (section 8.11.6). ``content``: type and encoding of a ``mime``
    item, else empty."""

    kind: bytes
    protected: bool
    content: tuple[bytes, bytes]


class ItemLocation(NamedTuple):
    """Where the bytes of an item lie (section 8.11.3), each extent an offset and a length.
    ``method`` 0: from the file's start; 1: from the start of ``idat``'s content."""

    method: int
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class BmffFile:
    """What :func:`walk_isobmff` found.

    Attributes:
        format: ``AVIF``, or ``HEIC`` for any other picture of HEIF.
        boxes: those of the file, whole ones alone.
        items: by number; those of the first ``meta`` box (section 8.11.1).
        locations: by number of the item; of items that lie in this file.
        store: the bytes of ``idat``'s content.
        size: width and height of what is shown, as stored; ``None`` where it is not said.
        frames: pictures of a sequence, else 1.
        end: behind the last whole box.
        promised: how many bytes the last box says that the file has; 0 where it is whole.
        complete: whether there is a ``meta`` box and nothing was left out for the limit.
        damage: what contradicts the container, as sentences.
    """

    format: str
    boxes: tuple[Box, ...]
    items: Mapping[int, Item]
    locations: Mapping[int, ItemLocation]
    store: tuple[int, int] | None
    size: tuple[int, int] | None
    frames: int
    end: int
    promised: int
    complete: bool
    damage: tuple[str, ...]


def brands(data: bytes) -> frozenset[bytes]:
    """The major and the compatible brands (section 4.3); none where no file type box begins."""
    if data[4:8] != b"ftyp":
        return frozenset()
    size = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MOST_BRANDS)
    return frozenset(data[at : at + 4] for at in (8, *range(16, size - 3, 4)))


def walk_isobmff(data: bytes, most: int = MOST_PARTS) -> BmffFile:
    """List the boxes of the file and the items of its first ``meta`` box. No bytes raise.

    Args:
        most: boxes, locations and extents after which the walk ends.
    """
    name = "AVIF" if brands(data) & AVIF_BRANDS else "HEIC"
    reader = Boxes(data, most)
    boxes = tuple(reader.within(0, len(data)))
    end = boxes[-1].end if boxes else 0
    meta = next((box for box in boxes if box.kind == b"meta"), None)
    items = _Items(reader, name)
    if meta is not None:
        items.read(meta)
    size, frames = isobmff_size.measured(data, boxes, meta, most)
    return BmffFile(
        format=name,
        boxes=boxes,
        items=items.items,
        locations=items.locations,
        store=items.store,
        size=size,
        frames=frames,
        end=end,
        promised=_promised(data, end),
        complete=meta is not None and reader.complete,
        damage=tuple(reader.damage),
    )


def _promised(data: bytes, at: int) -> int:
    """Where a last box ends that is not whole; what is no box is left to the decoder."""
    if not data[at + 4 : at + 8].isalnum():
        return 0
    size = int.from_bytes(data[at : at + 4], "big")
    if size == 1:
        size = int.from_bytes(data[at + 8 : at + 16], "big")
    return at + size if size >= 8 else 0


@dataclass(slots=True)
class _Items:
    """What the boxes in ``meta`` say of items."""

    reader: Boxes
    name: str
    items: dict[int, Item] = field(default_factory=dict)
    locations: dict[int, ItemLocation] = field(default_factory=dict)
    store: tuple[int, int] | None = None

    def read(self, meta: Box) -> None:
        """Section 8.11: which items there are, and where each one's bytes lie."""
        for box in self.reader.within(meta.body + 4, meta.end):
            try:
                if box.kind == b"iinf":
                    self._infos(box)
                elif box.kind == b"iloc":
                    self._locations(self.reader.cursor(box))
                elif box.kind == b"idat":
                    self.store = (box.body, box.end)
            except Cut:
                self.reader.damage.append(
                    f"The {self.name} box {box.kind.decode()} is cut or not understood."
                )

    def _infos(self, box: Box) -> None:
        """Section 8.11.6: an ``infe`` box for each item."""
        head = self.reader.cursor(box)
        head.number(2 if head.number(4) >> 24 == 0 else 4)  # the count; the boxes say it themselves
        for info in self.reader.within(head.at, box.end):
            if info.kind == b"infe":
                self._info(self.reader.cursor(info))

    def _info(self, cursor: Cursor) -> None:
        version = cursor.number(4) >> 24
        if version not in (2, 3):
            return
        number = cursor.number(2 if version == 2 else 4)
        protected, kind = cursor.number(2) != 0, cursor.number(4).to_bytes(4, "big")
        cursor.text()
        content = (cursor.text(), cursor.text()) if kind == b"mime" else (b"", b"")
        self.items[number] = Item(kind, protected, content)

    def _locations(self, cursor: Cursor) -> None:
        """Section 8.11.3: for each item the way its bytes are found, and its extents."""
        version = cursor.number(4) >> 24
        sizes = cursor.number(2)
        offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        index_size = sizes & 15 if version in (1, 2) else 0
        if version > 2 or any(s not in (0, 4, 8) for s in (offset_size, length_size, base_size)):
            raise Cut
        for _ in range(cursor.number(2 if version < 2 else 4)):
            self._count()
            number = cursor.number(2 if version < 2 else 4)
            method = cursor.number(2) & 15 if version else 0
            in_this_file = cursor.number(2) == 0
            base = cursor.number(base_size)
            extents = []
            for _ in range(cursor.number(2)):
                self._count()
                cursor.number(index_size)
                start = base + cursor.number(offset_size)
                extents.append((start, cursor.number(length_size)))
            if in_this_file:
                self.locations[number] = ItemLocation(method, tuple(extents))

    def _count(self) -> None:
        if not self.reader.count():
            raise Cut
