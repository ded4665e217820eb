"""AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): the items Exif and XMP, and C2PA's uuid box."""

from __future__ import annotations

from tegaki.formats.isobmff import BmffFile, Item, ItemLocation
from tegaki.metadata.findings import Blob, Findings, join
from tegaki.metadata.parsers import exif, xmp
from tegaki.results.claim import Location

_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP_CONTENT = (b"application/rdf+xml", b"")


def read(file: BmffFile, data: bytes, found: Findings) -> None:
    """The boxes of the file, and the items of its first ``meta`` box."""
    name = file.format
    for box in file.boxes:
        # C2PA, appendix A: the identifier, version and flags, then the purpose of the box.
        if (
            box.kind == b"uuid"
            and data.startswith(_C2PA, box.body, box.end)
            and data.startswith(b"manifest\0", box.body + 20, box.end)
        ):
            found.stores.append(Location(f"{name} uuid C2PA", box.start, box.end))
    found.follow(file.damage, len(file.boxes))
    for number, item in file.items.items():
        path = _path(name, item)
        if path:
            _item(data, path, file.locations.get(number), file.store, found)
    if file.complete:  # else the rest was not looked at
        found.finish(data, file.end, name)


def _path(name: str, item: Item) -> str:
    """Where an item is that may hold marks (23008-12, annex A); empty for others, and for what is
    encrypted."""
    if item.protected:
        return ""
    if item.kind == b"Exif":
        return f"{name} Exif item"
    is_xmp = item.kind == b"mime" and item.content == _XMP_CONTENT
    return f"{name} mime item XMP" if is_xmp else ""


def _item(
    data: bytes,
    path: str,
    location: ItemLocation | None,
    store: tuple[int, int] | None,
    found: Findings,
) -> None:
    """Read one item: construction method 0 counts from the file's start, 1 from idat's content."""
    method, extents = location or (-1, ())
    start, end = {0: (0, len(data)), 1: store or (0, 0)}.get(method, (0, 0))
    runs = [(start + offset, start + offset + length) for offset, length in extents]
    size = sum(stop - first for first, stop in runs)
    if size == 0 or any(stop > end for _, stop in runs) or not found.unpack(size):
        found.note(f"{path} lies nowhere in the file or is too long; it was left out.")
        return
    place = Location(path, min(first for first, _ in runs), max(stop for _, stop in runs))
    (xmp.read if path.endswith("XMP") else _exif)(join(data, runs, place), found)


def _exif(item: Blob, found: Findings) -> None:
    """23008-12, annex A: four bytes say how far behind them the TIFF header stands."""
    skip = 4 + int.from_bytes(item.data[:4], "big")
    exif.read(item.tail(skip), found)
