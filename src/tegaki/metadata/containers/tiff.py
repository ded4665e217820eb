"""TIFF (6.0, BigTIFF) and camera raw files built as such: the first page's EXIF fields, XMP, IPTC
and C2PA."""

from __future__ import annotations

from collections.abc import Callable

from tegaki.formats.tiff import Entry, TiffFile
from tegaki.metadata.findings import Blob, Findings
from tegaki.metadata.parsers import exif, iptc, xmp
from tegaki.results.claim import Location

_XMP, _IPTC, _PHOTOSHOP, _C2PA = 700, 33723, 34377, 0xCD41
_BLOCKS: dict[int, tuple[str, Callable[[Blob, Findings], None]]] = {
    _XMP: ("XMP", xmp.read),  # XMP part 3, section 3.2
    _IPTC: ("0x83BB", iptc.read),
    _PHOTOSHOP: ("0x8649", iptc.read),
}


def read(file: TiffFile, data: bytes, found: Findings) -> None:
    """The fields of the first page; no other page is judged."""
    name = file.format
    found.follow(file.damage, 0)
    if file.size is None:
        found.finish(data, len(data), name, picture=False)
        return
    whole = Blob(memoryview(data), Location(name, 0, len(data)), ((0, 0),))
    for directory, listed in (("0", file.first), ("exif", file.exif)):
        if listed is not None:
            exif.read_fields(whole, directory, listed, found)
    blocks: dict[int, Entry] = {}
    for entry in file.first.entries:  # of two with one tag the first counts
        if entry.tag in _BLOCKS or entry.tag == _C2PA:
            blocks.setdefault(entry.tag, entry)
    if _IPTC in blocks:
        blocks.pop(_PHOTOSHOP, None)  # the same once more
    for entry in blocks.values():
        _block(data, entry, name, found)


def _block(data: bytes, entry: Entry, name: str, found: Findings) -> None:
    kind, read_block = _BLOCKS.get(entry.tag, ("C2PA", None))
    place = Location(f"{name} {kind}", entry.start, entry.end)
    if entry.start == entry.end or entry.end > len(data):
        found.note(f"{place.path} lies nowhere in the file; it was left out.")
    elif read_block is None:
        found.stores.append(place)
    else:
        blob = Blob(memoryview(data)[entry.start : entry.end], place, ((0, entry.start),))
        read_block(blob, found)
