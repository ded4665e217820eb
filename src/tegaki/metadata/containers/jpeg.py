"""JPEG (ITU T.81, JFIF, EXIF, XMP part 3): comments, EXIF, XMP, Photoshop resources and C2PA."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from tegaki.formats.jpeg import APP1, APP11, APP13, COM, JpegFile, Segment
from tegaki.metadata.findings import Blob, Findings, decode, join
from tegaki.metadata.marks import Text
from tegaki.metadata.parsers import exif, iptc, xmp
from tegaki.results.claim import Location

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_NOTE = "http://ns.adobe.com/xmp/note/"


@dataclass(slots=True)
class _Spread:
    """What may be spread over several segments, as (start of its bytes, end of its segment)."""

    exif: list[list[tuple[int, int]]] = field(default_factory=list)
    photoshop: list[tuple[int, int]] = field(default_factory=list)
    more_xmp: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    jumbf: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def read(file: JpegFile, data: bytes, found: Findings) -> None:
    """Every segment up to EOI; what follows EOI is a trailer."""
    spread = _Spread()
    for segment in file.segments:
        _content(data, segment, spread, found)
    found.follow(file.damage, len(file.segments))
    if file.end is not None:
        found.finish(data, file.end, "JPEG", file.scanned)
    for runs in spread.exif:
        place = Location("JPEG APP1 EXIF", runs[0][0] - len(_EXIF) - 4, runs[-1][1])
        exif.read(join(data, runs, place), found)
    _photoshop(data, spread.photoshop, found)
    _extended_xmp(data, spread.more_xmp, found)
    for segments in spread.jumbf.values():
        _jumbf(data, segments, found)


def _content(data: bytes, segment: Segment, spread: _Spread, found: Findings) -> None:
    """Take what a segment holds by its marker and the identifier at its start."""
    code, start, end = segment.code, segment.body, segment.end
    if code == COM:
        text = decode(data[start:end])
        found.texts.append(Text("comment", text, Location("JPEG COM", start - 4, end)))
    elif code == APP1 and data.startswith(_EXIF, start, end):
        _exif(data, (start + len(_EXIF), end), spread)
    elif code == APP1 and data.startswith(_XMP, start, end):
        xmp.read(_blob(data, "JPEG APP1 XMP", start + len(_XMP), (start, end)), found)
    elif code == APP1 and data.startswith(_MORE_XMP, start, end):
        guid = data[start + len(_MORE_XMP) : start + len(_MORE_XMP) + 32].decode("latin-1")
        spread.more_xmp.setdefault(guid, []).append((start, end))
    elif code == APP13 and data.startswith(_PHOTOSHOP, start, end):
        spread.photoshop.append((start + len(_PHOTOSHOP), end))
    elif code == APP11 and data.startswith(b"JP", start, end) and end - start >= 16:
        instance = int.from_bytes(data[start + 2 : start + 4], "big")
        spread.jumbf.setdefault(instance, []).append((start, end))


def _blob(data: bytes, path: str, inner: int, segment: tuple[int, int]) -> Blob:
    start, end = segment
    return Blob(memoryview(data)[inner:end], Location(path, start - 4, end), ((0, inner),))


def _exif(data: bytes, run: tuple[int, int], spread: _Spread) -> None:
    """A block that is too long for one segment goes on in the next of the same name, as ExifTool
    writes it and Pillow reads it; each block begins with a header of TIFF (6.0, section 2)."""
    if spread.exif and data[run[0] : run[0] + 4] not in (b"II*\0", b"MM\0*"):
        spread.exif[-1].append(run)
    else:
        spread.exif.append([run])


def _photoshop(data: bytes, runs: list[tuple[int, int]], found: Findings) -> None:
    """APP13: the resources go on from one segment to the next."""
    if runs:
        place = runs[0][0] - len(_PHOTOSHOP) - 4, runs[-1][1]
        iptc.read(join(data, runs, Location("JPEG APP13", *place)), found)


def _extended_xmp(data: bytes, segments: dict[str, list[tuple[int, int]]], found: Findings) -> None:
    """XMP part 3, 1.1.3.1: the packet that xmpNote:HasExtendedXMP names."""
    named = {p.value for p in found.xmp if (p.namespace, p.name) == (_NOTE, "HasExtendedXMP")}
    for guid, parts in segments.items():
        runs = _in_order(data, parts)
        if guid not in named:
            found.note("JPEG APP1 extended XMP that the main packet does not name was left out.")
        elif runs is None:
            found.note("JPEG APP1 extended XMP is not whole and was left out.")
        else:
            start, end = min(parts)[0] - 4, max(parts)[1]
            xmp.read(join(data, runs, Location("JPEG APP1 extended XMP", start, end)), found)


def _in_order(data: bytes, parts: list[tuple[int, int]]) -> list[tuple[int, int]] | None:
    """The runs of an extended packet by their offset; None unless they make up all of it.

    Behind identifier and GUID each segment has the packet's size and its own offset in it.
    """
    head = len(_MORE_XMP) + 32
    runs, size, at = [], None, 0
    for start, end in sorted(parts, key=lambda part: data[part[0] + head + 4 : part[0] + head + 8]):
        inner = start + head + 8
        if inner > end:
            return None
        whole, offset = struct.unpack_from(">II", data, start + head)
        if offset != at or size not in (None, whole):
            return None
        runs.append((inner, end))
        size, at = whole, at + end - inner
    return runs if at == size else None


def _jumbf(data: bytes, segments: list[tuple[int, int]], found: Findings) -> None:
    """A C2PA manifest store (C2PA, appendix A; ISO/IEC 18477-3, annex B), in pieces of one box.

    Each piece: ``JP``, instance, sequence number, length and type of the box, its next bytes.
    """
    first = segments[0][0]
    if not _is_c2pa_store(data[first + 8 : segments[0][1]]):
        return
    numbers = [int.from_bytes(data[start + 4 : start + 8], "big") for start, _ in segments]
    first_number = min(numbers[0], 1)  # Microsoft's writer counts from 0
    if numbers != list(range(first_number, first_number + len(numbers))):
        found.note("The pieces of the JPEG APP11 C2PA manifest store do not fit; it was left out.")
        return
    found.stores.append(Location("JPEG APP11 C2PA", first - 4, segments[-1][1]))


def _is_c2pa_store(box: bytes) -> bool:
    """ISO/IEC 19566-5, annex A: a superbox ``jumb`` whose description box has the label c2pa."""
    return box[4:8] == b"jumb" and box[12:16] == b"jumd" and box[33:38] == b"c2pa\0"
