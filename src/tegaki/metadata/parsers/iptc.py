"""IPTC-IIM (4.2) datasets, bare or in Photoshop's image resources."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tegaki.metadata.findings import Blob, Findings, decode
from tegaki.metadata.marks import IptcField

_RESOURCE = b"8BIM"
_IPTC_RESOURCE = 0x0404
_TAG = 0x1C
_EXTENDED = 0x8000


def read(blob: Blob, found: Findings) -> None:
    """Read Photoshop resources or, where there are none, datasets as they stand."""
    if blob.data[:4] != _RESOURCE:
        _datasets(blob, 0, len(blob.data), found)
        return
    for number, start, end in _resources(blob, found):
        if number == _IPTC_RESOURCE:
            _datasets(blob, start, end, found)


def _resources(blob: Blob, found: Findings) -> Iterator[tuple[int, int, int]]:
    """The number and the bytes of each resource (Photoshop file formats, "Image resources").

    Signature, number, a counted name padded to even, length, data padded to even.
    """
    data = blob.data
    at = 0
    while at + 12 <= len(data) and data[at : at + 4] == _RESOURCE and found.next_block():
        (number,) = struct.unpack_from(">H", data, at + 4)
        start = at + 6 + (data[at + 6] + 2 & ~1)
        if start + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, start)
        end = start + 4 + size
        if end > len(data):
            found.note(f"{blob.place.path}: a Photoshop resource reaches past the segment's end.")
            return
        yield number, start + 4, end
        at = end + size % 2


def _datasets(blob: Blob, at: int, end: int, found: Findings) -> None:
    """IIM 4.2, section 1.5: a tag marker, record, dataset, length, and the value."""
    while at + 5 <= end and blob.data[at] == _TAG and found.next_field():
        record, dataset, size = struct.unpack_from(">BBH", blob.data, at + 1)
        start = at + 5
        if size & _EXTENDED:  # 1.5 (d): then these bits count the bytes of the length
            width = size & ~_EXTENDED
            if width > 8 or start + width > end:
                break
            size = int.from_bytes(blob.data[start : start + width], "big")
            start += width
        if start + size > end:
            break
        _keep(blob, (record, dataset), at, start, start + size, found)
        at = start + size
    else:
        return
    found.note(f"{blob.place.path}: an IPTC dataset reaches past its block and was left out.")


def _keep(
    blob: Blob, name: tuple[int, int], at: int, start: int, end: int, found: Findings
) -> None:
    path = f"{blob.place.path} IPTC {name[0]}:{name[1]:03}"
    if end - start > found.limits.text:
        found.note(f"{path} is too long and was left out.")
        return
    text = decode(bytes(blob.data[start:end]))
    found.iptc.append(IptcField(*name, text, blob.where(at, end, path)))
