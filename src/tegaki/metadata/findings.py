"""What the walks of all containers share: the findings under limits, and where bytes stand."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from tegaki.formats import Structure
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import ExifField, IptcField, Marks, Property, Text
from tegaki.results.claim import Location

SENTENCES = 50
"""Damage sentences kept of one file: a hostile one would bring one for each of its chunks."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of an EXIF, XMP or IPTC block, and where in the file they stand.

    ``place``: the chunk, segment or box that holds them. ``pieces``: for every run of bytes that
    stands in the file as it is, its offset here and its offset there, ascending; none for a block
    that was inflated or written in hex, whose bytes have no place but the whole chunk's.
    """

    data: memoryview
    place: Location
    pieces: tuple[tuple[int, int], ...] = ()

    def where(self, start: int, end: int, path: str) -> Location:
        """The place in the file of the bytes from ``start`` to ``end`` of this block.

        Bytes of more than one piece have the place of the whole block.
        """
        piece = self._piece(start)
        if piece < 0 or self._piece(max(start, end - 1)) != piece:
            return Location(path, self.place.start, self.place.end)
        here, there = self.pieces[piece]
        return Location(path, there + start - here, there + end - here)

    def tail(self, skip: int) -> Blob:
        """The block without its first ``skip`` bytes."""
        pieces = tuple((here - skip, there) for here, there in self.pieces)
        return Blob(self.data[skip:], self.place, pieces)

    def _piece(self, offset: int) -> int:
        """The number of the piece that a byte is in; less than 0 where there are none."""
        return bisect_right(self.pieces, offset, key=lambda piece: piece[0]) - 1


def join(data: bytes, runs: list[tuple[int, int]], place: Location) -> Blob:
    """One block from the runs of bytes, each a start and an end, that hold it in turn."""
    pieces = []
    at = 0
    for start, end in runs:
        pieces.append((at, start))
        at += end - start
    view = memoryview(data)
    if len(runs) == 1:
        return Blob(view[runs[0][0] : runs[0][1]], place, tuple(pieces))
    joined = b"".join([view[start:end] for start, end in runs])
    return Blob(memoryview(joined), place, tuple(pieces))


@dataclass(slots=True)
class Findings:
    """The marks of one file as they are found, and how much of its limits is left."""

    limits: Limits
    texts: list[Text] = field(default_factory=list)
    exif: list[ExifField] = field(default_factory=list)
    xmp: list[Property] = field(default_factory=list)
    iptc: list[IptcField] = field(default_factory=list)
    stores: list[Location] = field(default_factory=list)
    trailer: Location | None = None
    empty: bool = False
    damage: list[str] = field(default_factory=list)
    blocks: int = 0
    fields: int = 0
    unpacked: int = 0

    def note(self, sentence: str) -> None:
        """Say once what was left out."""
        if len(self.damage) < SENTENCES:
            self.damage.append(sentence)
        elif len(self.damage) == SENTENCES:
            self.damage.append("More of the file was left out than is listed here.")

    def next_block(self) -> bool:
        """Count a chunk, segment or box; False when the limit is passed."""
        self.blocks += 1
        if self.blocks == self.limits.blocks + 1:
            self.note(f"Only the first {self.limits.blocks} blocks of the file were read.")
        return self.blocks <= self.limits.blocks

    def follow(self, damage: tuple[str, ...], blocks: int) -> None:
        """Take over what a walker of :mod:`tegaki.formats` says of a file: its sentences, and how
        many parts it listed."""
        self.blocks += blocks
        for sentence in damage:
            self.note(sentence)

    def next_field(self) -> bool:
        """Count a field of EXIF, XMP or IPTC; False when the limit is passed."""
        self.fields += 1
        if self.fields == self.limits.fields + 1:
            self.note(f"Only the first {self.limits.fields} fields of the file were read.")
        return self.fields <= self.limits.fields

    def fields_left(self) -> int:
        """Fields that may still be read."""
        return max(0, self.limits.fields - self.fields)

    def room(self) -> int:
        """Bytes that one text may still unpack to."""
        return max(0, min(self.limits.text, self.limits.inflated - self.unpacked))

    def unpack(self, size: int) -> bool:
        """Count bytes about to be copied out; False, and nothing counted, where room lacks.

        Values of EXIF and extents of AVIF may overlap: without a count, a small file that points
        to the same bytes many times would unpack to gigabytes.
        """
        if size > self.room():
            return False
        self.unpacked += size
        return True

    def finish(self, data: bytes, end: int, name: str, picture: bool = True) -> None:
        """The container ends at ``end``, as its own grammar says.

        What stands behind it is told and never read, whatever its form: Samsung's phones append a
        block of their own (``SEFT``) that says whether AI edited the picture, but so can anyone, to
        any file, and those phones say the same in a C2PA manifest, which is signed.

        Args:
            picture: whether there were pixels. A file that is whole and holds none is no picture,
                so nothing in it counts. One that is cut before its pixels keeps what was found.
        """
        if end < len(data):
            self.trailer = Location(f"{name} trailer", end, len(data))
        if not picture:
            self.empty = True
            self.note(f"The {name} file holds no picture; nothing in it counts.")

    def marks(self, file: Structure) -> Marks:
        """All of it. C2PA, appendix A: of two manifest stores in a file, none counts."""
        if self.empty:
            return Marks(file.format, trailer=self.trailer, damage=tuple(self.damage), file=file)
        if len(self.stores) > 1:
            self.note(f"The file has {len(self.stores)} C2PA manifest stores; none was read.")
        return Marks(
            format=file.format,
            texts=tuple(self.texts),
            exif=tuple(self.exif),
            xmp=tuple(self.xmp),
            iptc=tuple(self.iptc),
            c2pa=self.stores[0] if len(self.stores) == 1 else None,
            trailer=self.trailer,
            damage=tuple(self.damage),
            file=file,
        )


def decode(raw: bytes) -> str:
    """Text of undeclared or wrongly declared encoding: UTF-8 if it is that throughout, or Latin-1.

    Many writers store UTF-8 where the format asks for Latin-1 or ASCII.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
