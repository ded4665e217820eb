"""WebP: which chunks there are, how large the picture is, and how many."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from PIL import Image

from tegaki.formats.webp import lossless_size, walk_webp
from tests.formats.hostile import MORE, damaged, is_linear, stand_in_turn
from tests.metadata.bytes_made import riff_chunk, saved, webp_with

ANIMATED = saved("WEBP", save_all=True, append_images=MORE[:1], duration=100)
FILES = [
    webp_with([riff_chunk(b"JUNK", b"odd"), riff_chunk(b"EXIF", b"II*\0")]),
    saved("WEBP"),
    saved("WEBP", lossless=True),
    ANIMATED,
]


@given(damaged(FILES, b"RIFF\xff\0\0\0WEBPVP8X"))
def test_any_bytes_have_chunks_in_turn(data: bytes) -> None:
    file = walk_webp(data, 50)
    assert stand_in_turn([chunk[1:] for chunk in file.chunks], data[: file.end])
    assert len(file.chunks) <= 50
    assert file.complete or file.damage


def test_work_is_linear() -> None:
    assert is_linear(walk_webp, lambda n: webp_with([riff_chunk(b"JUNK", b"")] * n))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"II*\0" + bytes(10)}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_pillow_writes_has_its_size(options: dict[str, object], mode: str) -> None:
    image = Image.linear_gradient("L").resize((301, 207)).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.radial_gradient("L").resize(image.size))
    file = walk_webp(saved("WEBP", image, **options))
    assert (file.size, file.frames, file.animated, file.damage) == ((301, 207), 1, False, ())
    if "lossless" in options:
        assert lossless_size(saved("WEBP", image, **options), 12) == (301, 207, mode == "RGBA")


def test_frames_count_where_the_file_says_that_it_moves() -> None:
    file = walk_webp(ANIMATED)
    assert (file.frames, file.animated, file.size) == (2, True, (16, 12))
    still = bytearray(ANIMATED)
    still[20] &= ~2
    assert (walk_webp(bytes(still)).frames, walk_webp(bytes(still)).animated) == (1, False)


def test_what_the_header_promises() -> None:
    data = webp_with()
    assert walk_webp(data).promised == len(data)
    short = walk_webp(data[:-20])
    assert (short.promised, short.end, short.complete) == (len(data), len(data) - 20, False)
    longer = walk_webp(data + struct.pack("<4sI", b"JUNK", 0))
    assert (longer.end, longer.complete) == (len(data), True)
