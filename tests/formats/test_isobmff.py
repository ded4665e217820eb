"""AVIF and HEIC: which boxes and items there are, how large the picture is, and how many."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from PIL import Image

from tegaki.formats.isobmff import walk_isobmff
from tests.formats.hostile import MORE, damaged, is_linear, stand_in_turn
from tests.metadata.bytes_made import avif_with, box, exif_item, picture, saved, xmp_item

ITEMS = [exif_item(b"II*\0" + bytes(10)), xmp_item(b"<x/>")]
ANIMATED = saved("AVIF", save_all=True, append_images=MORE, duration=100)
FILES = [avif_with(ITEMS, extents=3), avif_with(ITEMS, in_idat=True), ANIMATED]


@settings(deadline=None)
@given(damaged(FILES, b"\0\0\0\x14ftypavif\0\0\0\0avif\0\0\0\x20meta"))
def test_any_bytes_have_boxes_in_turn(data: bytes) -> None:
    file = walk_isobmff(data, 60)
    assert stand_in_turn([(found.start, found.end) for found in file.boxes], data)
    assert all(found.start < found.body <= found.end for found in file.boxes)
    extents = sum(len(location.extents) for location in file.locations.values())
    assert len(file.boxes) + len(file.items) + extents <= 60
    assert file.frames >= 1
    assert file.promised == 0 or file.promised > file.end
    if file.store is not None:
        assert stand_in_turn([file.store], data)


def test_work_is_linear() -> None:
    assert is_linear(walk_isobmff, lambda n: avif_with(boxes=[box(b"free", b"")] * n))
    assert is_linear(walk_isobmff, lambda n: avif_with([xmp_item(b"<x/>")] * n))
    assert is_linear(walk_isobmff, lambda n: avif_with([xmp_item(bytes(n))], extents=n))


@pytest.mark.parametrize("size", [(16, 12), (301, 207)])
def test_what_pillow_writes_has_its_size(size: tuple[int, int]) -> None:
    image = picture().resize(size)
    for written in (image, image.convert("RGBA")):
        file = walk_isobmff(saved("AVIF", written))
        assert (file.format, file.size, file.frames, file.damage) == ("AVIF", size, 1, ())


def test_a_sequence_has_the_frames_of_its_track() -> None:
    file = walk_isobmff(ANIMATED)
    assert (file.size, file.frames) == ((16, 12), 3)


def test_the_size_is_that_of_the_primary_item() -> None:
    """The items of alpha and of thumbnails have sizes of their own."""
    image = Image.linear_gradient("L").resize((40, 30)).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize((40, 30)))
    data = saved("AVIF", image)
    assert walk_isobmff(data).size == (40, 30)
    other = data.replace(b"pitm\0\0\0\0\0\1", b"pitm\0\0\0\0\0\7")
    assert other != data
    assert walk_isobmff(other).size is None


def test_where_a_last_box_should_end() -> None:
    plain = avif_with(ITEMS)
    assert walk_isobmff(plain).promised == 0
    lie = plain + struct.pack(">I4s", 100, b"free")
    assert walk_isobmff(lie).promised == len(plain) + 100
    assert walk_isobmff(plain + b"\0\0\0\7text behind").promised == 0
