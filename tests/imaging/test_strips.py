"""Large pictures are decoded in bands, to the same bits as whole ones."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import png
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tegaki import Detector
from tegaki.errors import BlankPicture, CorruptPicture, PictureError, TruncatedPicture
from tegaki.imaging import Limits, OpenedPicture, Part, PictureInfo, normalise
from tegaki.metadata import examine
from tegaki.results.scoring_config import CropPolicy, DecodePolicy, ShrinkPolicy, TilePolicy
from tests.conftest import painting
from tests.imaging.made import (
    P3,
    PQ,
    cicp,
    deep_with_key,
    gama,
    grey_profile,
    hidden_default,
    iccp,
    p3_profile,
    small_first_frame,
    with_chunks,
)
from tests.metadata.pixels.encoders import watermark
from tests.metadata.pixels.test_watermark import WRITTEN, textured

WHITE = (255, 255, 255)
VIEWS = CropPolicy()
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "png": ("RGB", "PNG", {}),
    "png-alpha": ("RGBA", "PNG", {}),
    "png-grey": ("L", "PNG", {}),
    "png-grey-alpha": ("LA", "PNG", {}),
    "png-palette": ("P", "PNG", {"transparency": 3}),
    "png-deep": ("I;16", "PNG", {}),
    "jpeg": ("RGB", "JPEG", {}),
    "webp": ("RGBA", "WEBP", {"lossless": True}),
    "gif": ("P", "GIF", {}),
}


@pytest.fixture
def tiny_bands() -> Iterator[None]:
    """Every picture is large, and a band has few rows."""
    with (
        mock.patch("tegaki.imaging.decode.LARGE", 1),
        mock.patch("tegaki.imaging.strips._PIXELS", 3000),
    ):
        yield


def noise(width: int, height: int, mode: str, seed: int) -> Image.Image:
    """Every sample at random: no mistake goes unseen."""
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.uint16))
    channels = Image.new(mode, (1, 1)).getbands()
    shape = (height, width, len(channels)) if len(channels) > 1 else (height, width)
    picture = Image.fromarray(rng.integers(0, 256, shape).astype(np.uint8), None)
    if mode == "P":
        picture = Image.fromarray(np.asarray(picture) % 16)
        picture.putpalette(rng.integers(0, 256, 48).astype(np.uint8).tobytes())
    return picture


def saved(picture: Image.Image, form: str, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, form, **(options | ({"exif": exif} if orientation > 1 else {})))
    return buffer.getvalue()


def whole(data: bytes) -> tuple[Image.Image, PictureInfo]:
    picture, facts = OpenedPicture(data).decode(DecodePolicy(), Limits(), VIEWS.min_side)
    return normalise(picture, VIEWS), facts


def banded(data: bytes, shrink: ShrinkPolicy | None = None) -> tuple[Image.Image, PictureInfo]:
    with OpenedPicture(data) as opened:
        parts, facts = opened.decode_for_crops(DecodePolicy(), Limits(), VIEWS, shrink)
        return parts[0].picture, facts


@pytest.mark.usefixtures("tiny_bands")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(
    width=st.integers(64, 900),
    height=st.integers(64, 900),
    orientation=st.integers(1, 8),
    seed=st.integers(0, 9),
)
def test_bands_give_the_bits_of_the_whole(
    kind: str, width: int, height: int, orientation: int, seed: int
) -> None:
    mode, form, options = KINDS[kind]
    turned = 1 if form == "GIF" else orientation
    data = saved(noise(width, height, mode, seed), form, turned, **options)
    (picture, facts), (expected, same) = banded(data), whole(data)
    assert facts == same
    assert picture.size == expected.size
    assert picture.tobytes() == expected.tobytes()


@pytest.mark.usefixtures("tiny_bands")
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("size", [(70, 4000), (4000, 70), (400, 4000), (4000, 400)])
def test_strips_too(kind: str, size: tuple[int, int]) -> None:
    mode, form, options = KINDS[kind]
    data = saved(noise(*size, mode, 0), form, **options)
    assert banded(data)[0].tobytes() == whole(data)[0].tobytes()


@pytest.mark.usefixtures("tiny_bands")
def test_a_png_of_one_chunk_for_every_byte() -> None:
    """And with text between the header and the pixels."""
    data = saved(noise(90, 200, "RGB", 1), "PNG")
    at = data.index(b"IDAT") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    body, end = data[at + 8 : at + 8 + size], data[at + 12 + size :]
    pieces = b"".join(chunk(b"IDAT", bytes([byte])) for byte in body)
    plan = data[:at] + chunk(b"tEXt", b"a\0" + b"x" * 9000) + pieces + end
    assert banded(plan)[0].tobytes() == whole(data)[0].tobytes()


@pytest.mark.usefixtures("tiny_bands")
def test_a_png_of_one_chunk_for_all_is_not_copied() -> None:
    """As some programs write it, and with what does not shrink: 128 MiB are in a file."""
    picture = noise(1000, 1000, "L", 1)
    data = saved(picture, "PNG", compress_level=0)
    data = data[:33] + chunk(b"IDAT", b"".join(c[8:-4] for c in chunks_of(data)[1:-1])) + data[-12:]
    tracemalloc.start()
    try:
        small, _ = banded(data)
        assert tracemalloc.get_traced_memory()[1] < len(data) / 2
    finally:
        tracemalloc.stop()
    assert small.tobytes() == normalise(picture.convert("RGB"), VIEWS).tobytes()


@pytest.mark.usefixtures("tiny_bands")
def test_an_interlaced_png() -> None:
    rows = np.asarray(noise(99, 150, "RGB", 2)).reshape(150, -1)
    buffer = io.BytesIO()
    png.Writer(99, 150, greyscale=False, interlace=True).write(buffer, rows)
    assert banded(buffer.getvalue())[0].tobytes() == whole(buffer.getvalue())[0].tobytes()


@pytest.mark.usefixtures("tiny_bands")
def test_damage_is_told_as_of_whole_pictures() -> None:
    data = saved(noise(300, 300, "RGB", 3), "PNG")
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(TruncatedPicture):
            banded(data[: int(len(data) * share)])
    changed = bytearray(data)
    at = data.index(b"IDAT") + 4
    changed[at : at + 2] = b"\xff\xff"  # no zlib stream begins so
    with pytest.raises(CorruptPicture):
        banded(bytes(changed))


def chunks_of(data: bytes) -> list[bytes]:
    """A PNG's chunks, behind its signature."""
    at, found = 8, []
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        found.append(data[at:end])
        at = end
    return found


def odd(kind: str) -> bytes:
    """A PNG that is built in another way than ours."""
    options: dict[str, Any] = {}
    if kind.startswith("animated"):
        options = {"save_all": True, "append_images": [noise(90, 120, "RGB", 5)] * 2}
        options["default_image"] = kind == "animated, and a picture for others"
    picture = noise(90, 120, "RGB", 4)
    picture.putpixel((40, 50), (1, 2, 3))
    data = saved(picture, "PNG", compress_level=0, **options)
    header, *pixels, end = chunks_of(data)
    half = len(pixels[0][8:-4]) // 2
    split = [chunk(b"IDAT", pixels[0][8:-4][:half]), chunk(b"IDAT", pixels[0][8:-4][half:])]
    pressed = chunk(b"gAMA", b"\0")  # shorter than it may be
    exif = chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
    key = chunk(b"tRNS", bytes([0, 1, 0, 2, 0, 3]))
    small = header[:8] + (90).to_bytes(4, "big") + (70).to_bytes(4, "big") + header[16:-4]
    second = chunk(b"IHDR", small[8:])
    built: dict[str, list[bytes]] = {
        "without an end": [header, *pixels],
        "a cut end": [header, *pixels, end[:9]],
        "a cut text": [header, *pixels, chunk(b"tEXt", b"a\0" + b"b" * 99)[:40]],
        "no chunk behind the pixels": [header, *pixels, b"\0\0\0\1\0\0\0\0\0\0\0\0\0\0"],
        "a wrong sum behind the pixels": [header, *pixels, exif[:-1] + b"\0", end],
        "turned behind the pixels": [header, *pixels, exif, end],
        "damage before the pixels": [header, pressed, *pixels, end],
        "damage behind the pixels": [header, *pixels, pressed, end],
        "transparent behind the pixels": [header, *pixels, key, end],
        "a palette that none is": [header, chunk(b"PLTE", b"abc"), *pixels, end],
        "two headers": [header, second, *pixels, end],
        "a header behind the pixels": [header, *pixels, second, end],
        "an end before the pixels": [header, end, *pixels, end],
        "pixels apart": [header, split[0], key, split[1], end],
        "no pixels between": [header, split[0], chunk(b"IDAT", b""), split[1], end],
        "other pixels between": [header, split[0], chunk(b"DDAT", b""), split[1], end],
        "more than the pixels": [header, *pixels, chunk(b"IDAT", b"more"), end],
        "behind the end": [header, *pixels, end, b"more"],
    }
    return data if options else data[:8] + b"".join(built[kind])


ODD = (
    "animated", "animated, and a picture for others", "without an end", "a cut end", "a cut text",
    "no chunk behind the pixels", "a wrong sum behind the pixels", "turned behind the pixels",
    "damage before the pixels", "damage behind the pixels", "transparent behind the pixels",
    "a palette that none is", "two headers", "a header behind the pixels",
    "an end before the pixels", "pixels apart", "no pixels between", "other pixels between",
    "more than the pixels", "behind the end",
)  # fmt: skip


def outcome(data: bytes, look: Callable[[bytes], tuple[Image.Image, PictureInfo]]) -> object:
    try:
        picture, facts = look(data)
    except PictureError as problem:
        return type(problem)
    return picture.size, picture.tobytes(), facts


@pytest.mark.parametrize("kind", ODD)
def test_odd_pngs_are_what_they_are_as_wholes(kind: str, tiny_bands: None) -> None:
    data = odd(kind)
    with mock.patch("tegaki.imaging.decode.LARGE", 1 << 60):
        expected = outcome(data, whole)
    assert outcome(data, banded) == expected


@pytest.mark.usefixtures("tiny_bands")
@settings(max_examples=100, deadline=None)
@given(data=st.data(), level=st.sampled_from([0, 6]))
def test_damaged_pngs_too(data: st.DataObject, level: int) -> None:
    """The same picture, or none."""
    damaged = bytearray(saved(noise(80, 90, "RGB", 6), "PNG", compress_level=level))
    at = data.draw(st.integers(8, 60) | st.integers(8, len(damaged) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    with mock.patch("tegaki.imaging.decode.LARGE", 1 << 60):
        expected = outcome(bytes(damaged), whole)
    found = outcome(bytes(damaged), banded)
    assert found == expected or (isinstance(found, type) and isinstance(expected, type))


@pytest.mark.usefixtures("tiny_bands")
def test_blank_pictures() -> None:
    for form in ("PNG", "JPEG"):
        with pytest.raises(BlankPicture):
            banded(saved(Image.new("RGB", (300, 400), "navy"), form))
    spot = Image.new("RGB", (300, 400), "navy")
    spot.putpixel((299, 399), WHITE)
    assert banded(saved(spot, "PNG"))[0].size == (300, 400)


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return len(data).to_bytes(4, "big") + kind + data + check.to_bytes(4, "big")


# ---- colours, frames, keys and tiles -----------------------------------------------------------


def tagged(kind: str) -> bytes:
    """A picture that is decoded in a way of its own."""
    colour, grey = noise(130, 170, "RGB", 7), noise(130, 170, "L", 7)
    flat, frames = Image.new("RGB", (130, 170), "white"), [colour, noise(130, 170, "RGB", 8)]
    made: dict[str, Callable[[], bytes]] = {
        "profile": lambda: with_chunks(saved(colour, "PNG"), iccp(p3_profile())),
        "profile and alpha": lambda: with_chunks(
            saved(noise(130, 170, "RGBA", 7), "PNG"), iccp(p3_profile())
        ),
        "profile and palette": lambda: with_chunks(
            saved(noise(130, 170, "P", 7), "PNG"), iccp(p3_profile())
        ),
        "grey profile": lambda: with_chunks(saved(grey, "PNG"), iccp(grey_profile(1))),
        "gamma of grey": lambda: with_chunks(saved(grey, "PNG"), gama(0.7)),
        "code points": lambda: with_chunks(saved(colour, "PNG"), cicp(P3, PQ)),
        "profile in JPEG": lambda: saved(colour, "JPEG", 6, icc_profile=p3_profile()),
        "CMYK": lambda: saved(colour.convert("CMYK"), "JPEG", 3),
        "profile in WebP": lambda: saved(
            colour, "WEBP", 5, lossless=True, icc_profile=p3_profile()
        ),
        "fade-in": lambda: saved(flat, "GIF", save_all=True, append_images=frames),
        "small frame": small_first_frame,
        "hidden default": lambda: hidden_default(frames, flat),
        "deep key": lambda: deep_with_key(90),
        "grey key": lambda: with_chunks(saved(grey, "PNG"), chunk(b"tRNS", b"\x01\x07")),
        "colour key": lambda: with_chunks(
            saved(colour, "PNG"), chunk(b"tRNS", bytes((0, 1, 9, 2, 0, 3)))
        ),
    }
    return made[kind]()


TAGGED = (
    "profile", "profile and alpha", "profile and palette", "grey profile", "gamma of grey",
    "code points", "profile in JPEG", "CMYK", "profile in WebP", "fade-in", "small frame",
    "hidden default", "deep key", "grey key", "colour key",
)  # fmt: skip


@pytest.mark.usefixtures("tiny_bands")
@pytest.mark.parametrize("kind", TAGGED)
def test_bands_are_converted_as_wholes_are(kind: str) -> None:
    (picture, facts), (expected, same) = banded(tagged(kind)), whole(tagged(kind))
    assert facts == same
    assert picture.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "png-deep"])
@pytest.mark.parametrize("size", [(70, 4000), (900, 77), (400, 2500), (2400, 400)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_tiles_too(kind: str, size: tuple[int, int], orientation: int, tiny_bands: None) -> None:
    mode, form, options = KINDS[kind]
    data = saved(noise(*size, mode, 0), form, orientation, **options)
    with mock.patch("tegaki.imaging.decode.LARGE", 1 << 60):
        expected, same = tiled(data)
    parts, facts = tiled(data)
    assert facts == same
    assert [part.box for part in parts] == [part.box for part in expected]
    found = [part.picture.tobytes() for part in parts]
    assert found == [part.picture.tobytes() for part in expected]


def tiled(data: bytes) -> tuple[tuple[Part, ...], PictureInfo]:
    with OpenedPicture(data) as opened:
        return opened.decode_for_crops(DecodePolicy(), Limits(), VIEWS, tiles=TilePolicy())


# ---- rows and marks ----------------------------------------------------------------------------


def test_rows_of_large_pictures_say_the_same(detector: Detector) -> None:
    """Path, facts, views, claims: all that a row holds."""
    pictures = [
        saved(painting(700, 900), "PNG"),
        saved(painting(900, 700).convert("RGBA"), "PNG", 6),
        saved(painting(1000, 800), "JPEG", 8),
        saved(painting(640, 700), "WEBP", lossless=True),
    ]
    rows = [detector.inspect(data) for data in pictures]
    with mock.patch("tegaki.imaging.decode.LARGE", 1):
        assert [detector.inspect(data) for data in pictures] == rows


def test_watermarks_are_found_without_the_whole_picture() -> None:
    """They are looked for in the upper rows: of a PNG that nobody decoded, no more is decoded."""
    marked = Image.fromarray(watermark(textured(645, 800), WRITTEN["SDV2"]))
    data = saved(marked, "PNG")
    with (
        mock.patch("tegaki.metadata.pixels.watermark._MOST_PIXELS", 645 * 517),
        mock.patch(
            "tegaki.metadata.pixels.samples._open", side_effect=AssertionError("decoded whole")
        ),
    ):
        assert [claim.tool for claim in examine(data).claims] == ["Stable Diffusion v2"]


# ---- shrinking on load -------------------------------------------------------------------------

SMALL = ShrinkPolicy(least_side=400)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_shrunk_jpeg_shows_the_same(orientation: int) -> None:
    """Where it is cut does not move, also where the last pixels are not whole ones."""
    data = saved(painting(1001, 1999), "JPEG", orientation, quality=95)
    (picture, facts), (expected, same) = banded(data, SMALL), whole(data)
    assert facts == same
    assert picture.size == expected.size
    difference = np.asarray(picture, np.int16) - np.asarray(expected, np.int16)
    assert abs(difference).max() <= 6
    assert abs(difference).mean() < 0.4


@pytest.mark.parametrize(
    ("least", "shrinks"), [(1000, False), (501, False), (500, True), (300, True), (0, False)]
)
def test_no_more_than_the_recipe_says(least: int, shrinks: bool) -> None:
    data = saved(painting(1000, 1200), "JPEG")
    shrink = ShrinkPolicy(least_side=least) if least else None
    with OpenedPicture(data) as opened:
        opened.decode_for_crops(DecodePolicy(), Limits(), VIEWS, shrink)
        assert (opened.stored is None) is shrinks


@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP", "TIFF"])
def test_other_formats_are_never_shrunk(form: str) -> None:
    data = saved(painting(1000, 1200), form)
    assert banded(data, SMALL)[0].tobytes() == whole(data)[0].tobytes()
