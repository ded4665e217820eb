"""Stealth pnginfo: texts that an independent writer hides, real files, hostile files."""

from __future__ import annotations

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import png as pypng
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tegaki.metadata.limits import DEFAULT, Limits
from tegaki.metadata.pixels.stealth import find_stealth
from tegaki.results.claim import Location
from tests.metadata.pixels.encoders import (
    Pixels,
    hide,
    lossless_webp,
    payload_of,
    png,
    png_of_chunks,
)

MAGICS = ("stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp")
TEXT = "1girl, 銀髪 \N{CHERRY BLOSSOM}\nNegative prompt: lowres\nSteps: 28, Sampler: Euler a"


def picture(width: int, height: int, channels: int, seed: int = 0) -> Pixels:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels))
    return pixels.astype(np.uint8)


def marked(magic: str, width: int = 61, height: int = 57, text: str = TEXT) -> Pixels:
    channels = 3 if "rgb" in magic else 4
    return hide(picture(width, height, channels), magic, payload_of(magic, text))


def texts(data: bytes, limits: Limits = DEFAULT) -> list[str]:
    found = find_stealth(data, limits)
    assert all(text.key == "stealth" for text in found)
    return [text.text for text in found]


@pytest.mark.parametrize("magic", MAGICS)
def test_every_magic_is_read_from_png_and_webp(magic: str) -> None:
    pixels = marked(magic)
    assert texts(png(pixels)) == [TEXT]
    assert texts(lossless_webp(pixels)) == [TEXT]


@pytest.mark.parametrize("magic", MAGICS)
@pytest.mark.parametrize(
    ("width", "height"), [(5000, 1), (400, 13), (90, 39), (90, 40), (40, 150), (1, 4000)]
)
def test_every_shape_is_read(magic: str, width: int, height: int) -> None:
    pixels = marked(magic, width, height)
    assert texts(png(pixels)) == [TEXT]


@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,), (4, 3, 2, 1, 0), (2, 3)])
@pytest.mark.parametrize("magic", ["stealth_pngcomp", "stealth_rgbinfo"])
def test_every_filter_of_rows_is_undone(filters: tuple[int, ...], magic: str) -> None:
    assert texts(png(marked(magic), filters, idat=100)) == [TEXT]


@pytest.mark.parametrize("magic", MAGICS)
def test_an_interlaced_png_is_read(magic: str) -> None:
    pixels = marked(magic)
    height, width, channels = pixels.shape
    file = io.BytesIO()
    writer = pypng.Writer(width, height, greyscale=False, alpha=channels == 4, interlace=1)
    writer.write(file, pixels.reshape(height, -1).tolist())
    assert texts(file.getvalue()) == [TEXT]


def test_alpha_and_rgb_of_one_picture_are_both_read() -> None:
    pixels = hide(picture(90, 80, 4), "stealth_pngcomp", payload_of("stealth_pngcomp", "in alpha"))
    pixels = hide(pixels, "stealth_rgbinfo", b"in colour")
    for data, name in ((png(pixels), "PNG"), (lossless_webp(pixels), "WebP")):
        found = find_stealth(data)
        assert [text.text for text in found] == ["in alpha", "in colour"]
        paths = [text.place.path for text in found]
        assert paths == [f"{name} pixels (alpha)", f"{name} pixels (RGB)"]


def test_the_place_is_that_of_the_pixel_chunks() -> None:
    pixels = marked("stealth_pngcomp")
    data = png(pixels, idat=1000)
    first, last = data.index(b"IDAT") - 4, data.index(b"IEND") - 4
    assert data.count(b"IDAT") > 2
    assert find_stealth(data)[0].place == Location("PNG pixels (alpha)", first, last)
    data = lossless_webp(pixels)
    start = data.index(b"VP8L")
    (size,) = struct.unpack_from("<I", data, start + 4)
    place = find_stealth(data)[0].place
    assert place == Location("WebP pixels (alpha)", start, start + 8 + size)


def test_a_webp_with_metadata_before_its_pixels_is_read() -> None:
    buffer = io.BytesIO()
    image = Image.fromarray(marked("stealth_rgbcomp"))
    image.save(buffer, "WEBP", lossless=True, exact=True, exif=b"odd" * 3, xmp=b"<x/>")
    assert buffer.getvalue()[12:16] == b"VP8X"
    assert texts(buffer.getvalue()) == [TEXT]


def test_damaged_text_is_still_shown() -> None:
    pixels = hide(picture(40, 40, 4), "stealth_pnginfo", b"Steps: 20\xff")
    assert texts(png(pixels)) == ["Steps: 20\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_no_text_is_found_where_none_is(channels: int, seed: int) -> None:
    pixels = picture(60, 50, channels, seed)
    assert texts(png(pixels)) == []
    assert texts(lossless_webp(pixels)) == []


def test_an_animated_webp_is_left_alone() -> None:
    image = Image.fromarray(marked("stealth_pngcomp"))
    animated = io.BytesIO()
    image.save(animated, "WEBP", lossless=True, save_all=True, append_images=[image.rotate(90)])
    assert texts(animated.getvalue()) == []


# What alpha outlives


KEEPS_ALPHA: dict[str, dict[str, Any]] = {
    "WEBP": {"quality": 60},
    "AVIF": {"quality": 100},
    "TIFF": {"compression": "tiff_lzw"},
}


def converted(form: str, pixels: Pixels, mode: str = "RGBA") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **KEEPS_ALPHA.get(form, {}))
    return buffer.getvalue()


@pytest.mark.parametrize("magic", ["stealth_pnginfo", "stealth_pngcomp"])
@pytest.mark.parametrize("form", KEEPS_ALPHA)
def test_alpha_outlives_a_conversion(form: str, magic: str) -> None:
    data = converted(form, marked(magic))
    (found,) = find_stealth(data)
    name = {"WEBP": "WebP"}.get(form, form)
    assert (found.text, found.place) == (TEXT, Location(f"{name} pixels (alpha)", 0, len(data)))


@pytest.mark.parametrize("form", KEEPS_ALPHA)
def test_lossy_colours_say_nothing(form: str) -> None:
    pixels = hide(picture(90, 80, 4), "stealth_rgbinfo", b"in colour")
    assert texts(converted(form, pixels)) == []
    assert texts(converted(form, picture(60, 50, 4))) == []


def test_metadata_before_the_alpha_of_a_lossy_webp() -> None:
    buffer = io.BytesIO()
    Image.fromarray(marked("stealth_pngcomp")).save(buffer, "WEBP", exif=b"odd" * 3, xmp=b"<x/>")
    assert texts(buffer.getvalue()) == [TEXT]


@pytest.mark.parametrize("magic", ["stealth_pnginfo", "stealth_pngcomp"])
@pytest.mark.parametrize("filters", [(0,), (1,), (2,), (3,), (4,)])
def test_grey_with_alpha_is_read(magic: str, filters: tuple[int, ...]) -> None:
    """As optimisers of PNG leave a grey picture."""
    pixels = marked(magic)
    grey = np.repeat(pixels[:, :, :1], 3, axis=2)
    both = np.concatenate([grey, pixels[:, :, 3:]], axis=2)
    assert texts(png(np.ascontiguousarray(both[:, :, [0, 3]]), filters)) == [TEXT]
    assert texts(converted("TIFF", both, "LA")) == [TEXT]


def flat(magic: str, colours: int) -> Pixels:
    """A picture of few colours, so that it fits into a palette with what is hidden in it."""
    channels = 3 if "rgb" in magic else 4
    shades = picture(1, colours, channels, seed=3)[:, 0] | (0 if channels == 3 else [0, 0, 0, 254])
    chosen = np.random.default_rng(1).integers(0, colours, (70, 60))
    return hide(shades[chosen].astype(np.uint8), magic, payload_of(magic, TEXT))


@pytest.mark.parametrize("magic", MAGICS)
@pytest.mark.parametrize("colours", [1, 4])
@pytest.mark.parametrize("interlace", [False, True])
def test_a_palette_is_read(magic: str, colours: int, interlace: bool) -> None:
    pixels = flat(magic, colours)
    height, width, channels = pixels.shape
    shades, chosen = np.unique(pixels.reshape(-1, channels), axis=0, return_inverse=True)
    assert len(shades) <= 256
    file = io.BytesIO()
    palette = [tuple(int(sample) for sample in shade) for shade in shades]
    bits = next(b for b in (1, 2, 4, 8) if len(palette) <= 1 << b)
    writer = pypng.Writer(width, height, palette=palette, bitdepth=bits, interlace=interlace)
    writer.write(file, chosen.reshape(height, width).tolist())
    assert texts(file.getvalue()) == [TEXT]


@given(st.binary(max_size=80), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_damaged_files_with_alpha_never_raise(junk: bytes, at: int) -> None:
    for data in ALPHA_FILES:
        damaged = data[:at] + junk + data[at + len(junk) :]
        find_stealth(damaged)
        find_stealth(data[:at])


def test_pictures_over_the_limit_are_not_decoded() -> None:
    for data in ALPHA_FILES:
        assert texts(data) == [TEXT]
        assert texts(data, Limits(pixels=3000)) == []


ALPHA_FILES = [converted(form, marked("stealth_pngcomp")) for form in KEEPS_ALPHA]


# Real files


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a1111_stealth_alpha.png", "a circle\nNegative prompt: a square\nSteps: 20"),
        ("novelai_v2_unsigned_128.png", '{"Description"'),
        ("novelai_v45_signed.png", '{"Description"'),
        ("novelai_v45_signed.webp", '{"Description"'),
        ("novelai_reinjected_badsig_128.png", '{"Comment"'),
    ],
)
def test_real_files(shared: Path, name: str, begins: str) -> None:
    (text,) = texts((shared / "fixtures" / name).read_bytes())
    assert text.startswith(begins)


def test_no_other_fixture_has_one(shared: Path) -> None:
    looked = 0
    for path in sorted((shared / "fixtures").iterdir()):
        looked_into = path.suffix in (".png", ".webp")
        if looked_into and "novelai" not in path.name and "stealth" not in path.name:
            assert texts(path.read_bytes()) == [], path.name
            looked += 1
    assert looked > 30


# Hostile files


def test_a_gzip_bomb_is_left_out() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    payload = bomb.compress(bytes(40_000_000)) + bomb.flush()
    pixels = picture(1024, 400, 4)
    bits = np.unpackbits(np.frombuffer(b"stealth_pngcomp", np.uint8))
    message = struct.pack(">I", len(payload) * 8) + payload
    bits = np.concatenate([bits, np.unpackbits(np.frombuffer(message, np.uint8))])
    column_major = pixels[:, :, 3].T.reshape(-1).copy()
    column_major[: bits.size] = column_major[: bits.size] & 254 | bits
    pixels[:, :, 3] = column_major.reshape(1024, 400).T
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    assert texts(buffer.getvalue()) == []
    assert [len(text) for text in texts(buffer.getvalue(), limits=Limits(text=40_000_000))] == [
        40_000_000
    ]


@pytest.mark.parametrize("magic", ["stealth_pnginfo", "stealth_rgbinfo"])
def test_a_text_may_fill_the_picture_and_no_more(magic: str) -> None:
    channels = 1 if "png" in magic else 3
    clean, room = picture(40, 23, 4), (40 * 23 * channels - 152) // 8
    assert (40 * 23 * channels - 152) % 8 == 0
    assert texts(png(hide(clean, magic, b"x" * room))) == ["x" * room]
    for claimed in (room * 8 + 1, room * 8 + 8, 2**32 - 1):
        full = hide(clean, magic, b"x" * room, claimed)
        assert texts(png(full)) == []
        assert texts(lossless_webp(full)) == []


def test_texts_over_the_limit_are_left_out() -> None:
    long = TEXT * 3  # long enough for gzip to make it shorter
    for magic in MAGICS:
        data = png(marked(magic, 80, 80, long))
        assert texts(data, limits=Limits(text=len(long.encode()))) == [long]
        assert texts(data, limits=Limits(text=len(long.encode()) - 1)) == []


@pytest.mark.parametrize("payload", [b"", b"\x1f\x8b", b"no gzip at all", zlib.compress(b"zlib")])
def test_a_payload_that_is_no_gzip_is_left_out(payload: bytes) -> None:
    assert texts(png(hide(picture(40, 40, 4), "stealth_pngcomp", payload))) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (12, 12), (151, 1)])
def test_a_picture_too_small_for_the_header_ends_at_once(size: tuple[int, int]) -> None:
    """A peer asks for bits for ever on a 1x1 RGBA picture."""
    pixels = np.full((size[1], size[0], 4), 255, np.uint8)
    assert texts(png(pixels)) == []
    assert texts(lossless_webp(pixels)) == []


@pytest.mark.parametrize("magic", MAGICS)
def test_a_file_cut_anywhere_has_none_or_the_text(magic: str) -> None:
    for data in (png(marked(magic), idat=500), lossless_webp(marked(magic))):
        for end in range(0, len(data), 97):
            assert texts(data[:end]) in ([], [TEXT])


@pytest.mark.parametrize("interlace", [0, 1])
def test_a_header_that_claims_a_huge_picture_costs_nothing(interlace: int) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, interlace)
    data = png_of_chunks([(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10_000_000)))])
    started = time.perf_counter()
    assert texts(data) == []
    assert time.perf_counter() - started < 0.1


def test_rows_beyond_the_inflated_limit_are_not_read() -> None:
    pixels = marked("stealth_pngcomp", 90, 90)
    assert texts(png(pixels), limits=Limits(inflated=90 * 361 * 2)) == [TEXT]
    assert texts(png(pixels, idat=64), limits=Limits(inflated=1000)) == []


def test_more_pixels_than_the_limit_are_not_decoded() -> None:
    pixels = marked("stealth_pngcomp")
    exact = Limits(pixels=61 * 57)
    assert texts(png(pixels), limits=exact) == [TEXT]
    assert texts(png(pixels), limits=Limits(pixels=61 * 57 - 1)) == []
    assert texts(lossless_webp(pixels), Limits(pixels=61 * 57 - 1)) == []


def test_a_row_with_an_unknown_filter_ends_the_search() -> None:
    raw = b"".join(b"\x07" + bytes(61 * 4) for _ in range(57))
    header = struct.pack(">IIBBBBB", 61, 57, 8, 6, 0, 0, 0)
    assert texts(png_of_chunks([(b"IHDR", header), (b"IDAT", zlib.compress(raw))])) == []


@given(data=st.binary(max_size=300))
def test_random_bytes_never_raise(data: bytes) -> None:
    find_stealth(data)


PNG_FILE = png(marked("stealth_pngcomp", 24, 70), (4, 3), idat=300)
WEBP_FILE = lossless_webp(marked("stealth_rgbcomp", 24, 30))


@settings(deadline=None)
@given(
    data=st.sampled_from([PNG_FILE, WEBP_FILE]),
    at=st.integers(0, 500),
    new=st.binary(min_size=1, max_size=12),
)
def test_damaged_files_never_raise(data: bytes, at: int, new: bytes) -> None:
    find_stealth(data[:at] + new + data[at + len(new) :])


def test_a_megapixel_without_text_is_looked_at_in_two_milliseconds() -> None:
    y, x = np.mgrid[0:1024, 0:1024]
    pixels = np.stack([x // 4, y // 4, (x + y) // 8, np.full_like(x, 255)], axis=2).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    data = buffer.getvalue()
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        assert find_stealth(data) == []
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.002
