"""TIFF: which fields of which page are marks, BigTIFF too, and what hostile directories cost."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from tegaki import Detector
from tegaki.metadata import examine
from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.results.claim import Location
from tests.metadata.bytes_made import (
    ASCII,
    BYTE,
    LONG,
    SHORT,
    UNDEFINED,
    Field,
    c2pa_store,
    exif_block,
    iptc_block,
    photoshop_resource,
    picture,
    saved,
    xmp_packet,
)

XMP = xmp_packet("", 'xmp:CreatorTool="Canva"').encode()
IPTC = iptc_block([(2, 110, b"someone")])
TEXT = "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 16x12, Model: some"


def sized(*fields: Field) -> list[Field]:
    return [(256, SHORT, struct.pack("<H", 16)), (257, SHORT, struct.pack("<H", 12)), *fields]


def big(*fields: Field) -> bytes:
    """A BigTIFF of one directory, whose values stand behind it."""
    listed = sorted([(256, SHORT, struct.pack("<H", 16)), (257, SHORT, b"\x0c\0"), *fields])
    behind = 16 + 8 + 20 * len(listed) + 8
    entries, values = b"", b""
    for tag, kind, raw in listed:
        stored = raw.ljust(8, b"\0")
        if len(raw) > 8:
            stored = struct.pack("<Q", behind + len(values))
            values += raw
        entries += struct.pack("<HHQ", tag, kind, len(raw) // (2 if kind == SHORT else 1)) + stored
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16)
    return head + struct.pack("<Q", len(listed)) + entries + bytes(8) + values


def test_marks_stand_where_the_fields_say() -> None:
    store = c2pa_store(b"claims")
    data = exif_block(
        sized((0x0131, ASCII, b"Krita\0"), (700, BYTE, XMP), (33723, LONG, IPTC + bytes(2)),
              (0xCD41, UNDEFINED, store))
    )  # fmt: skip
    marks = survey(data)
    (field,), (value,), (credit,) = marks.exif, marks.xmp, marks.iptc
    assert (field.text, field.place.path) == ("Krita", "TIFF 0x0131 Software")
    assert data[field.place.start : field.place.end] == b"Krita\0"
    assert (value.value, value.place.path) == ("Canva", "TIFF XMP")
    assert data[value.place.start : value.place.end] == XMP
    assert (credit.text, credit.place.path) == ("someone", "TIFF 0x83BB IPTC 2:110")
    assert data[credit.place.start : credit.place.end] == IPTC
    assert marks.c2pa == Location("TIFF C2PA", data.index(store), data.index(store) + len(store))
    assert marks.damage == ()


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}])
def test_what_pillow_writes_is_read(options: dict[str, Any]) -> None:
    tags = {305: "Krita", 315: "someone", 700: XMP}
    marks = survey(saved("TIFF", tiffinfo=tags, **options))
    assert [field.text for field in marks.exif] == ["Krita", "someone"]
    assert [value.value for value in marks.xmp] == ["Canva"]


def test_a_bigtiff_is_read() -> None:
    marks = survey(big((0x010E, ASCII, b"a large flower\0"), (700, BYTE, XMP), (305, ASCII, b"a")))
    assert [field.text for field in marks.exif] == ["a large flower", "a"]
    assert [value.value for value in marks.xmp] == ["Canva"]


def test_a_web_uis_text_in_the_exif_directory_is_a_claim() -> None:
    comment = b"UNICODE\0" + TEXT.encode("utf-16-be")
    (claim,) = examine(exif_block(sized(), [(0x9286, UNDEFINED, comment)])).claims
    assert (claim.kind, claim.model, claim.seed) == ("generated", "some", 1)


def test_photoshops_resources_count_where_iptc_stands_nowhere_else() -> None:
    resources = photoshop_resource(0x0404, iptc_block([(2, 110, b"another")]))
    alone = survey(exif_block(sized((34377, UNDEFINED, resources))))
    assert [field.text for field in alone.iptc] == ["another"]
    both = survey(exif_block(sized((33723, UNDEFINED, IPTC), (34377, UNDEFINED, resources))))
    assert [field.text for field in both.iptc] == ["someone"]


def test_other_pages_are_not_read() -> None:
    """The first page is what is judged."""
    first = exif_block(sized())
    second = exif_block(sized((700, BYTE, XMP)))
    pages = bytearray(first)
    pages[-4:] = struct.pack("<I", len(first) + 8)
    marks = survey(bytes(pages) + second)
    assert marks.file is not None
    assert marks.xmp == ()


def test_what_stands_behind_or_between_is_no_mark() -> None:
    plain = saved("TIFF", picture())
    assert survey(plain + XMP).xmp == ()
    assert survey(exif_block(sized((0x9999, UNDEFINED, XMP)))).xmp == ()


@pytest.mark.parametrize("tag", [700, 33723, 0xCD41, 0x0131])
@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF])
def test_values_beyond_the_file_are_left_out(tag: int, size: int) -> None:
    data = bytearray(exif_block(sized((tag, UNDEFINED, bytes(16)))))
    at = data.index(struct.pack("<HHI", tag, UNDEFINED, 16))
    data[at + 4 : at + 8] = struct.pack("<I", size)
    marks = survey(bytes(data))
    assert (marks.xmp, marks.iptc, marks.exif, marks.c2pa) == ((), (), (), None)
    assert len(marks.damage) == 1


def test_a_packet_that_many_fields_name_is_read_once() -> None:
    fields: list[Field] = [(700, BYTE, XMP)] * 300
    assert len(survey(exif_block(sized(*fields))).xmp) == 1


def test_values_that_overlap_cannot_ask_for_memory() -> None:
    text = (0x010E, ASCII, b"a" * 60_000)
    data = exif_block(sized(*[text] * 200))
    first = data.index(b"a" * 60_000)
    same = bytearray(data[: first + 60_000])
    for n in range(200):
        at = data.index(struct.pack("<HHI", 0x010E, ASCII, 60_000)) + 12 * n
        same[at + 8 : at + 12] = struct.pack("<I", first)
    marks = survey(bytes(same), Limits(inflated=600_000))
    assert sum(len(field.raw) for field in marks.exif) <= 600_000
    assert marks.damage


def test_more_fields_than_the_limit_are_not_read() -> None:
    marks = survey(exif_block(sized(*[(0x0131, ASCII, b"a")] * 30_000)), Limits(fields=100))
    assert len(marks.exif) == 98
    assert "Only the first 100 fields of the file were read." in marks.damage


def test_a_file_without_a_picture_holds_no_mark() -> None:
    marks = survey(exif_block([(0x0131, ASCII, b"Krita\0")]))
    assert (marks.exif, marks.damage) == (
        (), ("The TIFF file holds no picture; nothing in it counts.",)
    )  # fmt: skip


def test_reported_files(shared: Path, detector: Detector) -> None:
    reports = shared / "reports"
    if not reports.is_dir():
        pytest.skip(f"needs {reports}")
    generated = detector.inspect(reports / "f10_tiff_xmp_ai.tif")
    assert [(c.kind, c.place.path) for c in generated.claims] == [("generated", "TIFF XMP")]
    raw = detector.inspect(reports / "f11_raw_thumbnail.dng")
    assert (raw.format, raw.error and raw.error.type) == (None, "UnsupportedPicture")
    assert raw.error is not None
    assert raw.error.message.startswith("a camera raw file (DNG), which is not read here; develop")
    assert [claim.kind for claim in raw.claims] == ["camera"]
    heic = examine((reports / "m07_xiaomi.heic").read_bytes())
    assert heic.marks.format == "HEIC"
    assert [c.place.path for c in heic.claims] == ["HEIC Exif item 0x010F Make"]
