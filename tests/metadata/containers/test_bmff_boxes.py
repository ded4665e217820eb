"""AVIF and HEIF: which items and boxes are marks, and how items are found."""

from __future__ import annotations

import struct
import time
from io import BytesIO

import pytest
from PIL import Image

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    ASCII,
    avif_with,
    box,
    c2pa_store,
    c2pa_uuid,
    exif_block,
    exif_item,
    saved,
    xmp_item,
    xmp_packet,
)

EXIF = exif_block([(0x010E, ASCII, b"a flower\0")])
XMP = xmp_packet("", 'xmp:CreatorTool="Draw Things"').encode()
ITEMS = [exif_item(EXIF), xmp_item(XMP)]


@pytest.mark.parametrize("in_idat", [False, True], ids=["in the file", "in idat"])
@pytest.mark.parametrize("extents", [1, 7])
def test_items_in_every_place(in_idat: bool, extents: int) -> None:
    data = avif_with(ITEMS, in_idat=in_idat, extents=extents)
    marks = survey(data)
    (field,) = marks.exif
    assert field.text == "a flower"
    assert field.place.path == "AVIF Exif item 0x010E ImageDescription"
    assert b"flower" in data[field.place.start : field.place.end]
    (value,) = marks.xmp
    assert (value.value, value.place.path) == ("Draw Things", "AVIF mime item XMP")
    assert data[value.place.start : value.place.end] == XMP
    assert marks.damage == ()


def test_the_built_file_is_a_picture() -> None:
    with Image.open(BytesIO(avif_with(ITEMS))) as image:
        image.load()
        assert image.size == (16, 12)


def test_what_pillow_writes_is_read() -> None:
    marks = survey(saved("AVIF", exif=EXIF, xmp=XMP))
    assert marks.format == "AVIF"
    assert [field.text for field in marks.exif] == ["a flower"]
    assert [value.value for value in marks.xmp] == ["Draw Things"]


@pytest.mark.parametrize("skip", [0, 6])
def test_exif_stands_where_its_offset_says(skip: int) -> None:
    item = (b"Exif\0", struct.pack(">I", skip) + b"Exif\0\0"[:skip] + EXIF)
    data = avif_with([item])
    (field,) = survey(data).exif
    assert data[field.place.start : field.place.end] == b"a flower\0"


def test_a_uuid_box_of_c2pa_counts_when_it_holds_the_manifest() -> None:
    store = c2pa_uuid(c2pa_store())
    data = avif_with(boxes=[c2pa_uuid(c2pa_store(), b"merkle"), store])
    place = survey(data).c2pa
    assert place is not None
    assert (place.path, data[place.start : place.end]) == ("AVIF uuid C2PA", store)
    assert survey(avif_with(boxes=[box(b"uuid", bytes(50))])).c2pa is None


@pytest.mark.parametrize(
    "content_type",
    [b"text/plain\0", b"application/rdf+xml\0deflate\0"],
)
def test_other_mime_items_are_not_read(content_type: bytes) -> None:
    assert survey(avif_with([(b"mime\0" + content_type, XMP)])).xmp == ()


def test_large_sizes_and_a_last_box_to_the_end() -> None:
    store = c2pa_uuid(c2pa_store())
    large = struct.pack(">I4sQ", 1, b"free", 16 + 4) + b"text"
    last = struct.pack(">I", 0) + store[4:]
    marks = survey(avif_with(ITEMS, boxes=[large, last]))
    assert marks.c2pa is not None
    assert marks.damage == ()


def test_a_box_within_another_is_not_seen() -> None:
    store = c2pa_uuid(c2pa_store())
    marks = survey(avif_with(boxes=[box(b"mdat", store), box(b"free", store)]))
    assert marks.c2pa is None
    assert marks.damage == ()


def test_a_second_meta_box_is_not_read() -> None:
    other = avif_with(ITEMS, in_idat=True)
    second = other[other.rindex(b"meta") - 4 :]
    marks = survey(saved("AVIF") + second)
    assert marks.exif == ()
    assert marks.xmp == ()


def test_bytes_that_are_no_box_are_a_trailer() -> None:
    plain = avif_with(ITEMS)
    marks = survey(plain + b"\0\0\0\7text behind")
    assert len(marks.exif) == 1
    assert marks.trailer == Location("AVIF trailer", len(plain), len(plain) + 15)


@pytest.mark.parametrize(
    "head",
    [
        struct.pack(">I4s", 0xFFFFFFFF, b"uuid"),
        struct.pack(">I4sQ", 1, b"uuid", 1 << 63),
        struct.pack(">I4sQ", 1, b"uuid", 8),
        struct.pack(">I4s", 1, b"uuid"),
        struct.pack(">I4s", 2, b"uuid"),
        b"\0\0\0",
    ],
)
def test_a_size_that_cannot_be_stops_the_walk(head: bytes) -> None:
    marks = survey(avif_with(ITEMS, boxes=[head]))
    assert len(marks.exif) == 1
    assert marks.c2pa is None
    assert len(marks.damage) == 1


def heif(*boxes: bytes, brand: bytes = b"heic") -> bytes:
    return box(b"ftyp", brand + bytes(4) + b"mif1") + b"".join(boxes)


def item_info(number: int = 1, kind: bytes = b"Exif\0", protected: int = 0) -> bytes:
    return box(b"infe", struct.pack(">HH", number, protected) + kind, version=2)


def with_location(iloc: bytes, infos: bytes = b"", idat: bytes = b"") -> bytes:
    iinf = box(b"iinf", struct.pack(">H", 1) + (infos or item_info()), version=0)
    return heif(box(b"meta", iinf + iloc + (box(b"idat", idat) if idat else b""), version=0))


def iloc(
    extents: list[tuple[int, int]], method: int = 1, reference: int = 0, count: int | None = None
) -> bytes:
    entry = struct.pack(
        ">HHHH", 1, method, reference, len(extents) if count is None else count
    ) + b"".join(struct.pack(">II", *extent) for extent in extents)
    return box(b"iloc", struct.pack(">HH", 0x4400, 1) + entry, version=1)


ITEM = bytes(4) + EXIF


def test_heif_that_is_not_avif_is_read_and_named() -> None:
    marks = survey(with_location(iloc([(0, len(ITEM))]), idat=ITEM))
    assert marks.format == "HEIC"
    assert [field.place.path for field in marks.exif] == ["HEIC Exif item 0x010E ImageDescription"]


def test_another_brand_is_no_picture() -> None:
    assert survey(box(b"ftyp", b"isom" + bytes(4) + b"mp42")).format == ""


@pytest.mark.parametrize(
    "location",
    [
        iloc([(0, 100_000)]),
        iloc([(0xFFFFFFFF, 0xFFFFFFFF)]),
        iloc([(0, 0)]),
        iloc([]),
        iloc([(0, len(ITEM))], method=2),
        iloc([(0, len(ITEM))], reference=1),
        iloc([(0, len(ITEM))], count=9),
        box(b"iloc", b"", version=1),
        box(b"iloc", struct.pack(">HH", 0x3300, 1), version=1),
        box(b"iloc", struct.pack(">HI", 0x4400, 0xFFFFFFFF), version=2),
        box(b"iloc", struct.pack(">HH", 0x4400, 1), version=9),
        b"",
    ],
)
def test_an_item_that_lies_nowhere_is_left_out(location: bytes) -> None:
    marks = survey(with_location(location, idat=ITEM))
    assert marks.exif == ()
    assert marks.damage


def test_an_encrypted_item_is_not_read() -> None:
    marks = survey(with_location(iloc([(0, len(ITEM))]), item_info(protected=1), ITEM))
    assert marks.exif == ()
    assert marks.damage == ()


def test_extents_that_overlap_cannot_ask_for_memory() -> None:
    content = ITEM + bytes(100_000)
    marks = survey(with_location(iloc([(0, len(content))] * 15_000), idat=content))
    assert marks.exif == ()
    assert marks.damage == (
        "HEIC Exif item lies nowhere in the file or is too long; it was left out.",
    )


def test_many_items_of_the_same_bytes_stop_at_the_files_budget() -> None:
    packet = XMP + b" " * 2_000_000
    infos = b"".join(item_info(n, b"mime\0application/rdf+xml\0") for n in range(1, 3000))
    entries = b"".join(struct.pack(">HHHHII", n, 1, 0, 1, 0, len(packet)) for n in range(1, 3000))
    location = box(b"iloc", struct.pack(">HH", 0x4400, 2999) + entries, version=1)
    started = time.monotonic()
    marks = survey(with_location(location, infos, packet))
    assert time.monotonic() - started < 20
    assert 0 < len(marks.xmp) < 10


def test_extents_of_no_bytes_are_counted() -> None:
    entry = struct.pack(">HHHH", 1, 1, 0, 0xFFFF)
    location = box(b"iloc", struct.pack(">HH", 0, 9000) + entry * 9000, version=1)
    started = time.monotonic()
    marks = survey(with_location(location, idat=ITEM))
    assert time.monotonic() - started < 20
    assert marks.exif == ()


def test_more_boxes_than_the_limit_are_not_walked() -> None:
    marks = survey(avif_with(boxes=[box(b"free", b"")] * 100 + [b"no box"]), Limits(blocks=50))
    assert marks.trailer is None
    assert marks.damage == ("Only the first 50 blocks of the file were read.",)
