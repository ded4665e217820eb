"""PNG: which chunks there are, how large the picture is, and how many."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from PIL import Image

from tegaki.formats.png import Chunk, pixel_pieces, walk_png
from tests.formats.hostile import MORE, damaged, is_linear, stand_in_turn
from tests.metadata.bytes_made import picture, png_chunk, png_text, png_with, saved

ANIMATED = saved("PNG", save_all=True, append_images=MORE[:1], duration=100)
FILES = [
    png_with([png_text("Comment", "a"), png_text("Title", "b", "zTXt")], [png_text("Source", "c")]),
    ANIMATED,
    saved("PNG", picture().convert("P")),
]


@given(damaged(FILES, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"))
def test_any_bytes_have_chunks_in_turn(data: bytes) -> None:
    file = walk_png(data, 50)
    assert stand_in_turn([chunk[1:] for chunk in file.chunks], data)
    assert len(file.chunks) <= 50
    assert file.frames >= 1
    assert (file.end is None) == bool(file.damage)
    if file.pixels is not None:
        assert stand_in_turn([file.pixels], data)
        assert sum(map(len, pixel_pieces(data, *file.pixels))) <= len(data)


def test_work_is_linear() -> None:
    assert is_linear(walk_png, lambda n: png_with([png_text("a", "b")] * n))
    assert is_linear(walk_png, lambda n: png_with(after=[png_chunk(b"IDAT", b"")] * n))


def test_consecutive_pixels_are_one_part() -> None:
    data = png_with(after=[png_chunk(b"IDAT", b"x")] * 3 + [png_text("a", "b")])
    file = walk_png(data, 4)
    assert [chunk.kind for chunk in file.chunks] == [b"IHDR", b"IDAT", b"tEXt", b"IEND"]
    assert file.pixels == file.chunks[1][1:]
    assert [bytes(piece) for piece in pixel_pieces(data, *file.chunks[1][1:])][1:] == [b"x"] * 3
    assert walk_png(data, 3).damage == ("Only the first 3 blocks of the file were read.",)


def test_pixels_that_the_file_cuts() -> None:
    plain = png_with()
    whole = walk_png(plain)
    assert whole.pixels is not None
    start, end = whole.pixels
    cut = walk_png(plain[: end - 20])
    assert (cut.cut, cut.pixels) == (Chunk(b"IDAT", start, end), (start, end - 20))
    body = plain[start + 8 : end - 20]
    assert b"".join(pixel_pieces(plain[: end - 20], start, end - 20)) == body


def test_a_header_with_a_wrong_checksum_is_none() -> None:
    data = bytearray(png_with())
    assert walk_png(bytes(data)).size == (16, 12)
    data[32] ^= 1
    assert walk_png(bytes(data)).header is None


@pytest.mark.parametrize(
    ("chunks", "frames"),
    [
        ([], 1),
        ([png_chunk(b"acTL", struct.pack(">II", 3, 0))], 4),  # the default image is no frame
        ([png_chunk(b"acTL", struct.pack(">II", 3, 0)), png_chunk(b"fcTL", bytes(26))], 3),
        ([png_chunk(b"acTL", struct.pack(">II", 3, 0))] * 2, 1),
        ([png_chunk(b"acTL", bytes(8))], 1),
        ([png_chunk(b"acTL", b"\0\0\0\2")], 1),
    ],
)
def test_frames(chunks: list[bytes], frames: int) -> None:
    assert walk_png(png_with(chunks)).frames == frames


def test_what_pillow_writes_has_its_size_and_frames() -> None:
    assert (walk_png(ANIMATED).frames, walk_png(ANIMATED).size) == (2, (16, 12))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        file = walk_png(saved("PNG", Image.new(mode, (7, 5))))
        assert (file.size, file.frames, file.damage) == ((7, 5), 1, ())
