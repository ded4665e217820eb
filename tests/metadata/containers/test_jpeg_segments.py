"""JPEG: which segments are marks, marks in pieces, and where the picture ends."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.marks import Marks
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    ASCII,
    PHOTOSHOP,
    UNDEFINED,
    c2pa_store,
    exif_block,
    iptc_block,
    jpeg_c2pa,
    jpeg_exif,
    jpeg_more_xmp,
    jpeg_segment,
    jpeg_with,
    jpeg_xmp,
    photoshop_resource,
    saved,
    xmp_packet,
)

EXIF = exif_block([(0x010E, ASCII, b"a flower\0")])
XMP = xmp_packet("", 'xmp:CreatorTool="SAI"').encode()
GUID = "0123456789ABCDEF0123456789ABCDEF"
NAMES_MORE = xmp_packet(
    "", f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{GUID}"'
).encode()
MORE = xmp_packet("<dc:source>" + "s" * 900 + "</dc:source>").encode()
COMMENT = jpeg_segment(0xFE, b"hello")


def test_a_comment() -> None:
    data = jpeg_with([COMMENT])
    (text,) = survey(data).texts
    assert (text.key, text.text, text.place.path) == ("comment", "hello", "JPEG COM")
    assert data[text.place.start : text.place.end] == COMMENT


def test_exif_and_xmp_have_places_in_the_file() -> None:
    data = jpeg_with([jpeg_exif(EXIF), jpeg_xmp(XMP)])
    marks = survey(data)
    (field,) = marks.exif
    assert field.place.path == "JPEG APP1 EXIF 0x010E ImageDescription"
    assert data[field.place.start : field.place.end] == b"a flower\0"
    (value,) = marks.xmp
    assert (value.value, value.place.path) == ("SAI", "JPEG APP1 XMP")
    assert data[value.place.start : value.place.end] == jpeg_xmp(XMP)


def test_what_pillow_writes_is_read() -> None:
    data = saved("JPEG", comment=b"hi", exif=b"Exif\0\0" + EXIF, xmp=XMP, progressive=True)
    marks = survey(data)
    assert [text.text for text in marks.texts] == ["hi"]
    assert [field.text for field in marks.exif] == ["a flower"]
    assert [value.value for value in marks.xmp] == ["SAI"]
    assert marks.damage == ()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_the_end_is_found_behind_every_kind_of_scan(options: dict[str, Any]) -> None:
    plain = saved("JPEG", quality=100, **options)
    assert survey(plain).trailer is None
    marks = survey(plain + b"behind")
    assert marks.trailer == Location("JPEG trailer", len(plain), len(plain) + 6)
    assert marks.damage == ()


def test_segments_between_scans_are_read() -> None:
    plain = saved("JPEG", progressive=True)
    second = plain.rindex(b"\xff\xda")
    marks = survey(plain[:second] + COMMENT + plain[second:])
    assert [text.text for text in marks.texts] == ["hello"]
    assert marks.damage == ()


def test_fill_bytes_before_a_marker_are_allowed() -> None:
    data = jpeg_with([b"\xff\xff\xff" + COMMENT])
    (text,) = survey(data).texts
    assert data[text.place.start : text.place.end] == COMMENT


def test_a_picture_behind_the_end_is_a_trailer() -> None:
    marks = survey(jpeg_with() + jpeg_with([COMMENT, jpeg_exif(EXIF)]))
    assert marks.texts == ()
    assert marks.exif == ()
    assert marks.trailer is not None


@pytest.mark.parametrize("backwards", [False, True])
def test_extended_xmp_is_put_together_by_offset(backwards: bool) -> None:
    parts = [jpeg_more_xmp(GUID, MORE, at, at + 400) for at in range(0, len(MORE), 400)]
    parts = parts[::-1] if backwards else parts
    data = jpeg_with([*parts, jpeg_xmp(NAMES_MORE)])
    marks = survey(data)
    (source,) = [value for value in marks.xmp if value.name == "source"]
    assert source.value == "s" * 900
    assert data[source.place.start : source.place.end] == b"".join(parts)
    assert marks.damage == ()


@pytest.mark.parametrize(
    "spans",
    [[(0, 400)], [(0, 400), (400, 800)], [(0, 700), (600, len(MORE))], [(0, len(MORE))] * 2],
)
def test_extended_xmp_that_is_not_whole_is_left_out(spans: list[tuple[int, int]]) -> None:
    parts = [jpeg_more_xmp(GUID, MORE, *span) for span in spans]
    marks = survey(jpeg_with([jpeg_xmp(NAMES_MORE), *parts]))
    assert [value.name for value in marks.xmp] == ["HasExtendedXMP"]
    assert len(marks.damage) == 1


def test_extended_xmp_that_nothing_names_is_left_out() -> None:
    marks = survey(jpeg_with([jpeg_xmp(XMP), jpeg_more_xmp(GUID, MORE, 0, len(MORE))]))
    assert [value.name for value in marks.xmp] == ["CreatorTool"]
    assert len(marks.damage) == 1


def test_extended_xmp_cannot_ask_for_memory() -> None:
    lie = jpeg_more_xmp(GUID, MORE, 0, 400).replace(struct.pack(">I", len(MORE)), b"\xff" * 4)
    marks = survey(jpeg_with([jpeg_xmp(NAMES_MORE), lie]))
    assert len(marks.damage) == 1


def test_iptc_goes_on_from_one_photoshop_segment_to_the_next() -> None:
    datasets = iptc_block([(2, 80, b"Someone"), (2, 110, b"Made with Google AI")])
    content = photoshop_resource(0x03ED, bytes(16), b"odd") + photoshop_resource(0x0404, datasets)
    cut = len(content) - 10
    data = jpeg_with(
        [
            jpeg_segment(0xED, PHOTOSHOP + content[:cut]),
            jpeg_segment(0xED, PHOTOSHOP + content[cut:]),
        ]
    )
    marks = survey(data)
    assert [(f.record, f.dataset, f.text) for f in marks.iptc] == [
        (2, 80, "Someone"),
        (2, 110, "Made with Google AI"),
    ]
    first, second = (field.place for field in marks.iptc)
    assert data[first.start : first.end].endswith(b"Someone")
    assert data[second.start : second.end].startswith(b"\xff\xed")
    assert marks.damage == ()


@pytest.mark.parametrize("first", [0, 1])
def test_a_c2pa_store_in_pieces(first: int) -> None:
    pieces = jpeg_c2pa(c2pa_store(b"x" * 500), size=100, first=first)
    data = jpeg_with([pieces[0], COMMENT, *pieces[1:]])
    place = survey(data).c2pa
    assert place is not None
    assert place.path == "JPEG APP11 C2PA"
    assert data[place.start : place.end] == b"".join([pieces[0], COMMENT, *pieces[1:]])


def test_pieces_of_a_c2pa_store_out_of_turn_are_left_out() -> None:
    pieces = jpeg_c2pa(c2pa_store(b"x" * 500), size=100)
    marks = survey(jpeg_with([pieces[0], *pieces[2:]]))
    assert marks.c2pa is None
    assert len(marks.damage) == 1


def test_another_jumbf_box_is_no_c2pa_store() -> None:
    marks = survey(jpeg_with(jpeg_c2pa(c2pa_store(label=b"other"))))
    assert marks.c2pa is None
    assert marks.damage == ()


def test_two_c2pa_stores_count_as_none() -> None:
    stores = [jpeg_c2pa(c2pa_store(), instance=n)[0] for n in (1, 2)]
    marks = survey(jpeg_with(stores))
    assert marks.c2pa is None
    assert len(marks.damage) == 1


@pytest.mark.parametrize(
    "wrong",
    [b"\0\0\0", b"\xff\x00", b"\xff\xd8", b"\xff\xd0", b"\xff\x01", b"\xff\x02\x00\x02", b"\xff"],
)
def test_what_is_no_segment_stops_the_walk(wrong: bytes) -> None:
    plain = saved("JPEG")
    marks = survey(plain[:2] + COMMENT + wrong + b"\0" + COMMENT + plain[2:])
    assert [text.text for text in marks.texts] == ["hello"]
    assert len(marks.damage) == 1


@pytest.mark.parametrize("length", [0, 1, 0xFFFF])
def test_a_length_that_cannot_be_stops_the_walk(length: int) -> None:
    marks = survey(b"\xff\xd8" + COMMENT + struct.pack(">BBH", 0xFF, 0xFE, length) + b"text")
    assert [text.text for text in marks.texts] == ["hello"]
    assert len(marks.damage) == 1


def test_a_file_that_is_cut_in_its_pixels_keeps_what_was_found() -> None:
    marks = survey(jpeg_with([COMMENT])[:-2])
    assert [text.text for text in marks.texts] == ["hello"]
    assert marks.damage == ("The JPEG file ends without an EOI marker.",)


def test_a_segment_within_another_or_within_pixels_is_not_seen() -> None:
    inner = jpeg_exif(EXIF) + jpeg_xmp(XMP) + COMMENT
    data = jpeg_with([jpeg_segment(0xEF, inner), jpeg_segment(0xED, inner)])
    stuffed = inner.replace(b"\xff", b"\xff\x00")
    data = data[:-2] + stuffed + data[-2:]
    marks = survey(data)
    assert marks.texts == ()
    assert marks.exif == ()
    assert marks.xmp == ()
    assert marks.damage == ()


@pytest.mark.parametrize(
    "body",
    [b"\xff" * 5_000_000, b"\xff\x00" * 3_000_000, b"\xff\xd0" * 3_000_000, COMMENT * 500_000],
    ids=["fill", "stuffed", "restarts", "segments"],
)
def test_floods_of_markers_take_a_bounded_time(body: bytes) -> None:
    plain = saved("JPEG")
    scan = plain.index(b"\xff\xda")
    started = time.monotonic()
    survey(plain[:2] + body)
    survey(plain[: scan + 14] + body)
    assert time.monotonic() - started < 20


def test_tables_without_a_scan_are_no_picture() -> None:
    """T.81, B.5: such a stream holds tables for others."""
    marks = survey(b"\xff\xd8" + COMMENT + jpeg_exif(EXIF) + b"\xff\xd9")
    assert marks == Marks("JPEG", damage=("The JPEG file holds no picture; nothing in it counts.",))


def test_a_download_that_broke_off_keeps_its_marks() -> None:
    marks = survey(b"\xff\xd8" + COMMENT + jpeg_exif(EXIF) + saved("JPEG")[2:100])
    assert [text.text for text in marks.texts] == ["hello"]
    assert len(marks.exif) == 1
    assert len(marks.damage) == 1


# EXIF over several segments


def spread(block: bytes, size: int) -> list[bytes]:
    return [jpeg_exif(block[at : at + size]) for at in range(0, len(block), size)]


@pytest.mark.parametrize("size", [65_527, 60_000, 5_000])
def test_exif_goes_on_in_the_next_segment(size: int) -> None:
    comment = b"ASCII\0\0\0" + b"a fox " * 20_000
    block = exif_block([(0x010E, ASCII, b"a flower\0")], [(0x9286, UNDEFINED, comment)])
    data = jpeg_with(spread(block, size))
    described, said = survey(data).exif
    assert (described.text, said.text) == ("a flower", "a fox " * 20_000)
    assert data[said.place.start : said.place.end].count(b"\xff\xe1") == len(block) // size + 1


def test_blocks_of_their_own_are_read_apart() -> None:
    other = exif_block([(0x010E, ASCII, b"another\0")], order=">")
    marks = survey(jpeg_with([jpeg_exif(EXIF), COMMENT, jpeg_exif(other), jpeg_exif(b"more")]))
    assert [field.text for field in marks.exif] == ["a flower", "another"]


def test_what_continues_nothing_is_no_block() -> None:
    marks = survey(jpeg_with([jpeg_exif(b"more"), jpeg_exif(EXIF)]))
    assert [field.text for field in marks.exif] == ["a flower"]
    assert marks.damage == ("JPEG APP1 EXIF is no EXIF block and was left out.",)
