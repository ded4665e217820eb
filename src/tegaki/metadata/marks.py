"""What a file's containers hold that could be a mark: plain data, nothing judged yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tegaki.formats import Structure
from tegaki.results.claim import Location


@dataclass(frozen=True, slots=True)
class Text:
    """A named text.

    ``key``: a PNG keyword as written (``parameters``), ``comment`` for a JPEG COM segment or a GIF
    comment, ``stealth`` for a text hidden in pixels.
    """

    key: str
    text: str
    place: Location


@dataclass(frozen=True, slots=True)
class ExifField:
    """One EXIF field that holds a text.

    ``directory``: ``0`` (the main one) or ``exif`` (EXIF 2.32, section 4.6.3).
    ``text``: decoded, without NULs at the end; for UserComment without its prefix. ``raw``: the
    value's bytes as they stand.
    """

    directory: str
    tag: int
    text: str
    raw: bytes
    place: Location


@dataclass(frozen=True, slots=True)
class Property:
    """One XMP property, as an attribute or an element: namespace URI, local name, value.

    ``parents``: local names of the elements above it, outermost first, without rdf's own.
    """

    namespace: str
    name: str
    value: str
    parents: tuple[str, ...]
    place: Location


@dataclass(frozen=True, slots=True)
class IptcField:
    """One IPTC-IIM dataset, such as record 2, dataset 110 (Credit)."""

    record: int
    dataset: int
    text: str
    place: Location


@dataclass(frozen=True, slots=True)
class Marks:
    """Everything found in one file by walking its container, in the order of the file.

    ``format``: ``PNG``, ``JPEG``, ``WEBP``, ``AVIF``, ``HEIC``, ``GIF``, ``TIFF``, a kind of camera
    raw file (``DNG``, ``NEF`` ...), or empty for any other container, where nothing is ever found.
    ``c2pa``: where a C2PA manifest store stands. ``trailer``: where bytes stand behind the
    container's end, which are never read. ``damage``: sentences about parts that were left out
    because they contradict their container or pass a limit. ``file``: the structure by which all
    of it was found.
    """

    format: str
    texts: tuple[Text, ...] = ()
    exif: tuple[ExifField, ...] = ()
    xmp: tuple[Property, ...] = ()
    iptc: tuple[IptcField, ...] = ()
    c2pa: Location | None = None
    trailer: Location | None = None
    damage: tuple[str, ...] = ()
    file: Structure | None = field(default=None, compare=False, repr=False)

    def all_texts(self) -> Iterator[tuple[Location, str]]:
        """Every text with its place: named texts, EXIF fields, XMP properties, IPTC datasets."""
        for text in self.texts:
            yield text.place, text.text
        for entry in self.exif:
            if entry.text:
                yield entry.place, entry.text
        for found in self.xmp:
            yield found.place, f"{found.name}: {found.value}"
        for dataset in self.iptc:
            yield dataset.place, dataset.text
