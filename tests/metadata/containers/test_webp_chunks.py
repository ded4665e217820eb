"""WebP: which chunks are marks, and where the RIFF data end."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from PIL import Image

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.marks import Marks
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    ASCII,
    c2pa_store,
    exif_block,
    riff_chunk,
    saved,
    webp_with,
    xmp_packet,
)

EXIF = exif_block([(0x010E, ASCII, b"a flower\0")], order=">")
XMP = xmp_packet("", 'xmp:CreatorTool="Canva"').encode()


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_exif_with_and_without_jpegs_prefix(prefix: bytes) -> None:
    data = webp_with([riff_chunk(b"EXIF", prefix + EXIF)])
    (field,) = survey(data).exif
    assert (field.text, field.place.path) == ("a flower", "WebP EXIF 0x010E ImageDescription")
    assert data[field.place.start : field.place.end] == b"a flower\0"


def test_xmp_and_c2pa_and_odd_sizes() -> None:
    odd = riff_chunk(b"JUNK", b"odd")
    store = riff_chunk(b"C2PA", c2pa_store(b"odd"))
    data = webp_with([odd, riff_chunk(b"XMP ", XMP), store])
    marks = survey(data)
    assert [(p.value, p.place.path) for p in marks.xmp] == [("Canva", "WebP XMP")]
    assert marks.c2pa is not None
    assert data[marks.c2pa.start : marks.c2pa.end] == store.removesuffix(b"\0")
    assert marks.c2pa.path == "WebP C2PA"
    assert marks.damage == ()


def test_what_pillow_writes_is_read() -> None:
    marks = survey(saved("WEBP", exif=EXIF, xmp=XMP))
    assert [field.text for field in marks.exif] == ["a flower"]
    assert [value.value for value in marks.xmp] == ["Canva"]


def test_the_built_file_is_a_picture() -> None:
    with Image.open(BytesIO(webp_with([riff_chunk(b"EXIF", EXIF)]))) as image:
        image.load()
        assert image.getexif()[0x010E] == "a flower"


def test_what_stands_behind_the_stated_size_is_a_trailer() -> None:
    chunk = riff_chunk(b"EXIF", EXIF)
    plain = webp_with()
    marks = survey(plain + chunk)
    assert marks.exif == ()
    assert marks.trailer == Location("WebP trailer", len(plain), len(plain + chunk))


def test_a_chunk_in_another_is_not_seen() -> None:
    inner = riff_chunk(b"EXIF", EXIF) + riff_chunk(b"C2PA", c2pa_store())
    marks = survey(webp_with([riff_chunk(b"JUNK", inner), riff_chunk(b"ANMF", inner)]))
    assert marks.exif == ()
    assert marks.c2pa is None
    assert marks.damage == ()


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF, 5000])
def test_a_length_past_the_end_stops_the_walk(length: int) -> None:
    lie = struct.pack("<4sI", b"EXIF", length) + EXIF
    marks = survey(webp_with([riff_chunk(b"XMP ", XMP), lie]))
    assert len(marks.xmp) == 1
    assert marks.exif == ()
    assert len(marks.damage) == 1


def test_a_file_that_is_cut_keeps_what_was_found() -> None:
    data = webp_with([riff_chunk(b"XMP ", XMP), riff_chunk(b"JUNK", bytes(100))])
    marks = survey(data[:-50])
    assert len(marks.xmp) == 1
    assert len(marks.damage) == 2


def test_a_picture_comes_first() -> None:
    body = riff_chunk(b"XMP ", XMP) + webp_with()[12:]
    marks = survey(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)
    assert marks.xmp == ()
    assert len(marks.damage) == 1


def _riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("lossless", [False, True])
def test_the_simple_layout_has_no_exif_and_no_xmp(lossless: bool) -> None:
    pixels = saved("WEBP", lossless=lossless)[12:]
    store = riff_chunk(b"C2PA", c2pa_store())
    marks = survey(_riff(pixels, riff_chunk(b"EXIF", EXIF), riff_chunk(b"XMP ", XMP), store))
    assert (marks.exif, marks.xmp) == ((), ())
    assert marks.c2pa is not None
    assert marks.damage == (
        "WebP EXIF stands in a file of the simple layout; left out.",
        "WebP XMP stands in a file of the simple layout; left out.",
    )


def test_flags_that_were_not_set_cost_no_mark() -> None:
    data = bytearray(webp_with([riff_chunk(b"EXIF", EXIF)]))
    data[data.index(b"VP8X") + 8] = 0
    assert len(survey(bytes(data)).exif) == 1


def test_a_file_without_a_picture_holds_no_mark() -> None:
    head = riff_chunk(b"VP8X", bytes(10))
    marks = survey(_riff(head, riff_chunk(b"EXIF", EXIF)))
    assert marks == Marks("WEBP", damage=("The WebP file holds no picture; nothing in it counts.",))
