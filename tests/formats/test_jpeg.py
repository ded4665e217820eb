"""JPEG: which segments there are, and how large the picture is."""

from __future__ import annotations

from hypothesis import given

from tegaki.formats.jpeg import COM, EOI, SOS, walk_jpeg
from tests.formats.hostile import damaged, is_linear, stand_in_turn
from tests.metadata.bytes_made import jpeg_segment, jpeg_with, saved

FILES = [
    jpeg_with([jpeg_segment(COM, b"hello"), b"\xff\xff" + jpeg_segment(COM, b"fill")]),
    saved("JPEG", progressive=True),
    saved("JPEG", restart_marker_rows=1),
]


@given(damaged(FILES, b"\xff\xd8\xff"))
def test_any_bytes_have_segments_in_turn(data: bytes) -> None:
    file = walk_jpeg(data, 50)
    assert stand_in_turn([(s.start, s.end) for s in file.segments], data)
    assert all(data[s.start : s.body - 2] == bytes((0xFF, s.code)) for s in file.segments)
    assert len(file.segments) <= 50
    assert (file.end is None) == bool(file.damage)
    if file.end is not None:
        assert data[file.end - 2 : file.end] == bytes((0xFF, EOI))


def test_work_is_linear() -> None:
    assert is_linear(walk_jpeg, lambda n: jpeg_with([jpeg_segment(COM, b"")] * n))
    assert is_linear(walk_jpeg, lambda n: jpeg_with([jpeg_segment(SOS, b"")] * n))


def test_scans_of_all_kinds_are_gone_through() -> None:
    for data in FILES:
        file = walk_jpeg(data + b"behind")
        assert (file.size, file.end, file.scanned, file.damage) == ((16, 12), len(data), True, ())
    assert sum(s.code == SOS for s in walk_jpeg(FILES[1]).segments) > 1


def test_tables_alone_are_no_picture() -> None:
    tables = b"\xff\xd8" + jpeg_segment(0xDB, bytes(65)) + jpeg_segment(SOS, b"") + b"\xff\xd9"
    assert (walk_jpeg(tables).scanned, walk_jpeg(tables).size) == (False, None)


def test_more_segments_than_the_limit_are_not_listed() -> None:
    file = walk_jpeg(jpeg_with([jpeg_segment(COM, b"")] * 20), 10)
    assert (len(file.segments), file.end) == (10, None)
    assert file.damage == ("Only the first 10 blocks of the file were read.",)
