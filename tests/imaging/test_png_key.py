"""Transparent colours of PNG: all bits of a sample count (PNG 3rd edition, 11.3.1.1)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tegaki.imaging import Limits, OpenedPicture, PictureInfo
from tegaki.results.scoring_config import DecodePolicy
from tests.conftest import worst_difference
from tests.imaging.made import chunk, deep_with_key, saved, written


def decode(data: bytes) -> tuple[Image.Image, PictureInfo]:
    return OpenedPicture(data).decode(DecodePolicy(), Limits(), min_side=64)


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "interlaced"])
def test_sixteen_bits_of_colour(interlace: bool) -> None:
    picture, facts = decode(deep_with_key(80, interlace))
    assert facts.alpha is True
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((79, 0)) == (0x12, 0x56, 0x9A)


def test_a_key_that_no_pixel_has() -> None:
    row = [0x8000, 0x8000, 0x8000, 0x8011, 0x8000, 0x8000] * 40
    data = written(
        [row] * 80, 80, greyscale=False, bitdepth=16, transparent=(0x8001, 0x8000, 0x8000)
    )
    picture, facts = decode(data)
    assert facts.alpha is False
    assert picture.getpixel((0, 0)) == (0x80, 0x80, 0x80)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "interlaced"])
def test_grey_of_few_bits(bits: int, interlace: bool) -> None:
    most = (1 << bits) - 1
    for key in {0, 1, most // 2, most}:
        rows = [[x % (most + 1) for x in range(256)] for _ in range(80)]
        options = {"bitdepth": bits, "transparent": key, "interlace": interlace}
        picture, facts = decode(written(rows, 256, greyscale=True, **options))
        samples = np.array(rows)
        expected = np.where(samples == key, 255, samples * 255 // most)
        assert facts.alpha is True
        assert np.array_equal(np.asarray(picture)[..., 0], expected)


def test_of_a_key_with_too_many_bits_the_lowest_count() -> None:
    grey = saved(Image.new("L", (80, 80), 5), "PNG")
    assert decode(grey[:33] + chunk(b"tRNS", b"\x01\x05") + grey[33:])[1].alpha is True
    colour = saved(Image.new("RGB", (80, 80), (5, 6, 7)), "PNG")
    key = chunk(b"tRNS", bytes((1, 5, 0, 6, 9, 7)))
    assert decode(colour[:33] + key + colour[33:])[1].alpha is True


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("03_rgb16_key_8000.png", "03_rgb16_nokey.png"),
        ("04_grey2_key1.png", "04_grey8_key85_same_picture.png"),
    ],
)
def test_missed_keys(shared: Path, name: str, like: str) -> None:
    folder = shared / "misses"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    found, expected = (decode((folder / each).read_bytes())[0] for each in (name, like))
    assert worst_difference(found, expected) == 0
