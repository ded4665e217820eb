"""EXIF blocks: which fields are read, how their texts are decoded, and what is left out."""

from __future__ import annotations

import struct
import time

import pytest
from PIL import Image

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import Marks
from tests.metadata.bytes_made import (
    ASCII,
    BYTE,
    LONG,
    SHORT,
    UNDEFINED,
    Field,
    exif_block,
    jpeg_exif,
    jpeg_segment,
    jpeg_with,
    png_chunk,
    png_with,
    saved,
)

COMMENT = 0x9286


def marks_of(block: bytes, limits: Limits | None = None) -> Marks:
    data = png_with([png_chunk(b"eXIf", block)])
    return survey(data) if limits is None else survey(data, limits)


def comment(raw: bytes, order: str = "<") -> str:
    (field,) = marks_of(exif_block([], [(COMMENT, UNDEFINED, raw)], order)).exif
    assert field.directory == "exif"
    assert field.raw == raw
    return field.text


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_directories_in_both_byte_orders(order: str) -> None:
    """Numbers, such as the orientation, are passed over."""
    number = struct.pack(f"{order}H", 7)
    block = exif_block(
        [(0x010F, ASCII, b"Make\0\0"), (0x0112, SHORT, number), (0x0110, ASCII, b"X\0")],
        [(0x927C, UNDEFINED, b"CLIP STUDIO PAINT"), (0x9286, BYTE, b"no prefix")],
        order,
    )
    fields = [(f.directory, f.tag, f.text, f.raw) for f in marks_of(block).exif]
    assert fields == [
        ("0", 0x010F, "Make", b"Make\0\0"),
        ("0", 0x0110, "X", b"X\0"),
        ("exif", 0x927C, "CLIP STUDIO PAINT", b"CLIP STUDIO PAINT"),
        ("exif", 0x9286, "no prefix", b"no prefix"),
    ]


def test_what_pillow_writes_is_read() -> None:
    exif = Image.Exif()
    exif[0x0131] = "Aseprite"
    exif.get_ifd(0x8769)[COMMENT] = b"ASCII\0\0\0text"
    marks = survey(saved("JPEG", exif=exif.tobytes()))
    assert [(f.directory, f.tag, f.text) for f in marks.exif] == [
        ("0", 0x0131, "Aseprite"),
        ("exif", COMMENT, "text"),
    ]


def test_a_text_is_utf8_where_it_can_be_and_latin1_where_not() -> None:
    block = exif_block([(0x010E, ASCII, "花\0".encode()), (0x013B, ASCII, b"Andr\xe9\0")])
    assert [field.text for field in marks_of(block).exif] == ["花", "André"]


def test_windows_texts_are_little_endian_in_every_file() -> None:
    for order in "<>":
        block = exif_block([(0x9C9C, BYTE, "花 a\0".encode("utf-16-le"))], order=order)
        assert [field.text for field in marks_of(block).exif] == ["花 a"]


TEXT = "1girl, 花, masterpiece\nSteps: 20, Sampler: Euler"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "utf-16"])
def test_unicode_comments_are_read_in_either_byte_order(order: str, codec: str) -> None:
    assert comment(b"UNICODE\0" + TEXT.encode(codec), order) == TEXT


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("text", ["花を持つ, best quality", "девушка и цветок", "少女がsmileする"])
def test_unicode_comments_with_little_ascii(text: str, codec: str) -> None:
    assert comment(b"UNICODE\0" + text.encode(codec)) == text


def test_unicode_comments_that_look_alike_both_ways_are_big_endian() -> None:
    assert comment(b"UNICODE\0" + "소녀".encode("utf-16-be")) == "소녀"


def test_a_big_endian_byte_order_mark() -> None:
    assert comment(b"UNICODE\0\xfe\xff" + "花".encode("utf-16-be")) == "花"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ASCII\0\0\0Signature: abc\0\0", "Signature: abc"),
        (b"ASCII\0\0\0" + "花".encode(), "花"),
        (b"JIS\0\0\0\0\0" + "花を".encode("iso2022_jp"), "花を"),
        (bytes(8) + "花".encode(), "花"),
        (bytes(8) + b"caf\xe9", "café"),
        (b'{"prompt": {}}', '{"prompt": {}}'),
        (bytes(64), ""),
        (b"UNICODE\0", ""),
        (b"UNICODE\0\0", ""),
        (b"ASCII", "ASCII"),
        (b"ASCII\0\0\0\x00inner\x00\x1b", "\x00inner\x00\x1b"),
    ],
)
def test_comments_of_every_code(raw: bytes, text: str) -> None:
    assert comment(raw) == text


@pytest.mark.parametrize("kind", [ASCII, UNDEFINED, BYTE])
def test_a_comment_in_the_main_directory_without_a_prefix(kind: int) -> None:
    (field,) = marks_of(exif_block([(COMMENT, kind, b'{"prompt": 1}\0')])).exif
    assert (field.directory, field.text) == ("0", '{"prompt": 1}')
    assert field.place.path == "PNG eXIf 0x9286 UserComment"


def test_a_tag_that_says_nothing_of_the_maker_is_passed_over() -> None:
    assert marks_of(exif_block([(0xC4A5, UNDEFINED, b"PrintIM\0")])).exif == ()


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", b"II*\0\0\0\0", b"MM*\0" + bytes(8), b"II+\0" + bytes(20), b"Exif\0\0"]
)
def test_what_is_no_tiff_block_is_left_out(block: bytes) -> None:
    marks = marks_of(block)
    assert marks.exif == ()
    assert marks.damage == ("PNG eXIf is no EXIF block and was left out.",)


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def directory(*entries: bytes, count: int | None = None) -> bytes:
    number = len(entries) if count is None else count
    return b"II*\0" + struct.pack("<IH", 8, number) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize(
    "block",
    [
        directory(entry(0x010E, ASCII, 100, 8)),
        directory(entry(0x010E, ASCII, 5, 0xFFFFFFFF)),
        directory(entry(0x010E, ASCII, 0xFFFFFFFF, 8)),
        directory(entry(0x010E, 5, 0xFFFFFFFF, 0xFFFFFFFF)),
        directory(entry(0x8769, LONG, 1, 0xFFFFFFFF)),
        directory(count=0xFFFF),
        b"II*\0\xff\xff\xff\xff",
    ],
)
def test_what_points_past_the_block_is_left_out(block: bytes) -> None:
    marks = marks_of(block)
    assert all(not field.text for field in marks.exif)
    assert len(marks.damage) == 1


def test_an_unknown_type_is_skipped() -> None:
    marks = marks_of(directory(entry(0x010E, 99, 4, 0), entry(0x0131, ASCII, 2, 0x41)))
    assert [field.text for field in marks.exif] == ["A"]
    assert marks.damage == ()


def test_a_loop_of_directories_ends() -> None:
    marks = marks_of(directory(entry(0x8769, LONG, 1, 8), entry(0x0131, ASCII, 2, 0x41)))
    assert [(f.directory, f.text) for f in marks.exif] == [("0", "A"), ("exif", "A")]


def test_many_fields_of_the_same_bytes_stop_at_the_files_budget() -> None:
    fields = b"".join(entry(0x010E, ASCII, 50_000, 8) for _ in range(5000))
    block = b"II*\0" + struct.pack("<IH", 8, 5000) + fields + bytes(4)
    segments = [jpeg_exif(block[:65_000])] * 200
    started = time.monotonic()
    marks = survey(jpeg_with(segments))
    assert time.monotonic() - started < 20
    assert sum(len(field.raw) for field in marks.exif) <= Limits().inflated


def test_more_fields_than_the_limit_are_not_read() -> None:
    fields: list[Field] = [(0x010E, ASCII, b"A\0")] * 100
    marks = marks_of(exif_block(fields), Limits(fields=10))
    assert len(marks.exif) == 10
    assert marks.damage == ("Only the first 10 fields of the file were read.",)


def test_a_value_over_the_limit_is_left_out() -> None:
    block = exif_block([(0x010E, ASCII, b"A" * 500), (0x0131, ASCII, b"B\0")])
    marks = marks_of(block, Limits(text=100))
    assert [field.text for field in marks.exif] == ["B"]
    assert len(marks.damage) == 1


def test_an_app1_segment_without_the_identifier_is_no_exif() -> None:
    block = exif_block([(0x010E, ASCII, b"A" * 500)])
    assert survey(jpeg_with([jpeg_segment(0xE1, block)])).exif == ()
    assert survey(jpeg_with([jpeg_segment(0xE2, b"Exif\0\0" + block)])).exif == ()
