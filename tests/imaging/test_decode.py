"""Every kind of picture that must be taken, decoded to the pixels that a person sees."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import png
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tegaki.errors import (
    CorruptPicture,
    NotAPicture,
    PictureError,
    TooManyPixels,
    TooSmall,
    TruncatedPicture,
    UnsupportedPicture,
)
from tegaki.imaging import Limits, OpenedPicture, PictureInfo
from tegaki.results.scoring_config import DecodePolicy
from tests.conftest import painting, worst_difference


def decode(data: bytes, limits: Limits | None = None) -> tuple[Image.Image, PictureInfo]:
    return OpenedPicture(data).decode(DecodePolicy(), limits or Limits(), min_side=64)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


RGB = painting()
GREY = RGB.convert("L")


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_deflate"}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 90}, 24),
        ("AVIF", {"quality": 90}, 24),
        ("JPEG", {"quality": 95, "subsampling": 0}, 16),
        ("JPEG", {"quality": 95, "subsampling": 1}, 24),
        ("JPEG", {"quality": 95, "subsampling": 2}, 32),
        ("JPEG", {"quality": 95, "progressive": True}, 32),
    ],
)
def test_colour_pictures(kind: str, options: dict[str, Any], tolerance: int) -> None:
    picture, facts = decode(saved(RGB, kind, **options))
    assert facts == PictureInfo(kind, 120, 160, animated=False, alpha=False)
    assert picture.mode == "RGB"
    assert worst_difference(picture, RGB) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF"])
def test_grey_pictures(kind: str) -> None:
    picture, _ = decode(saved(GREY, kind))
    assert worst_difference(picture, GREY) <= 4


def test_cmyk_jpeg() -> None:
    picture, _ = decode(saved(RGB.convert("CMYK"), "JPEG", quality=98, subsampling=0))
    assert worst_difference(picture, RGB) <= 24


def test_cmyk_tiff() -> None:
    picture, _ = decode(saved(RGB.convert("CMYK"), "TIFF"))
    assert worst_difference(picture, RGB) <= 2


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "interlaced"])
def test_grey_png_of_every_depth(bits: int, interlace: bool) -> None:
    most = (1 << bits) - 1
    rows = [[(x * most) // 99 for x in range(100)] for _ in range(80)]
    buffer = io.BytesIO()
    writer = png.Writer(100, 80, greyscale=True, bitdepth=bits, interlace=interlace)
    writer.write(buffer, rows)
    picture, facts = decode(buffer.getvalue())
    expected = np.array(rows, dtype=np.float64) * 255 / most
    assert facts.alpha is False
    assert np.abs(np.asarray(picture)[:, :, 1] - expected).max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
def test_colour_png_of_every_depth(bits: int, interlace: bool, alpha: bool) -> None:
    most = (1 << bits) - 1
    pixel = [most, most // 2, 0, *([most // 4] if alpha else [])]
    buffer = io.BytesIO()
    writer = png.Writer(70, 90, greyscale=False, alpha=alpha, bitdepth=bits, interlace=interlace)
    writer.write(buffer, [pixel * 70] * 90)
    picture, facts = decode(buffer.getvalue())
    share = (most // 4) / most if alpha else 1.0
    expected = [255 * share + 255 * (1 - share), 127 * share + 255 * (1 - share), 255 * (1 - share)]
    assert facts.alpha is alpha
    assert np.abs(np.asarray(picture)[50, 50] - expected).max() <= 2


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png(bits: int) -> None:
    palette = [(255, 0, 0), (0, 200, 100)]
    buffer = io.BytesIO()
    writer = png.Writer(64, 64, palette=palette, bitdepth=bits)
    writer.write(buffer, [[x % 2 for x in range(64)]] * 64)
    picture, _ = decode(buffer.getvalue())
    assert [picture.getpixel((0, 0)), picture.getpixel((1, 0))] == palette


def test_palette_png_with_transparency_is_laid_on_white() -> None:
    buffer = io.BytesIO()
    writer = png.Writer(64, 64, palette=[(255, 0, 0, 255), (0, 0, 0, 0)], bitdepth=1)
    writer.write(buffer, [[x % 2 for x in range(64)]] * 64)
    picture, facts = decode(buffer.getvalue())
    assert facts.alpha is True
    assert picture.getpixel((0, 0)) == (255, 0, 0)
    assert picture.getpixel((1, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("AVIF", {"quality": 95})],
)
def test_alpha_is_laid_on_white(kind: str, options: dict[str, Any]) -> None:
    picture = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    picture.paste((10, 20, 30, 255), (0, 0, 80, 40))
    seen, facts = decode(saved(picture, kind, **options))
    assert facts.alpha is True
    assert worst_difference(seen.crop((0, 44, 80, 80)), Image.new("RGB", (80, 36), "white")) <= 3
    assert (
        worst_difference(seen.crop((0, 0, 80, 36)), Image.new("RGB", (80, 36), (10, 20, 30))) <= 3
    )


def test_opaque_alpha_channel_is_not_called_transparent() -> None:
    picture, facts = decode(saved(RGB.convert("RGBA"), "PNG"))
    assert facts.alpha is False
    assert worst_difference(picture, RGB) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # shown turned by 270 degrees
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = RGB.transpose(stored[orientation]) if orientation > 1 else RGB
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
    if kind == "WEBP":
        options = {"lossless": True}
    picture, facts = decode(saved(turned, kind, exif=exif, **options))
    assert (facts.width, facts.height) == RGB.size
    assert worst_difference(picture, RGB) <= (16 if kind == "JPEG" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow says so; the program is silent
def test_damaged_exif_does_not_matter() -> None:
    data = saved(RGB, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 40)
    assert decode(data)[1].width == 120


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_first_frame_of_many(kind: str) -> None:
    frames = [Image.new("RGB", (70, 70), colour) for colour in ("red", "blue", "lime")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    picture, facts = decode(data)
    assert facts.animated is True
    assert worst_difference(picture, frames[0]) <= 8


def test_orientation_in_xmp_is_not_applied_in_any_format() -> None:
    """PNG loses its text before decoding: what only text says must not turn other formats."""
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    for kind in ("JPEG", "WEBP"):
        _, facts = decode(saved(RGB, kind, xmp=xmp))
        assert (facts.width, facts.height) == RGB.size


def test_transparent_value_of_a_deep_grey_png() -> None:
    buffer = io.BytesIO()
    writer = png.Writer(64, 64, greyscale=True, bitdepth=16, transparent=1000)
    writer.write(buffer, [[1000] * 32 + [1001] * 32] * 64)
    picture, facts = decode(buffer.getvalue())
    assert facts.alpha is True
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((63, 0)) == (3, 3, 3)


def test_very_many_text_chunks() -> None:
    plain = saved(RGB, "PNG")
    picture, _ = decode(plain[:33] + chunk(b"tEXt", b"") * 100_000 + plain[33:])
    assert worst_difference(picture, RGB) == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF"])
@pytest.mark.parametrize("tail", [b"\n", b"\r\n\r\n", b"\0" * 9, b"some words behind the picture"])
def test_bytes_behind_a_whole_picture_do_not_matter(kind: str, tail: bytes) -> None:
    assert decode(saved(RGB, kind) + tail)[1].format == kind


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_text_larger_than_the_decoder_would_inflate_is_no_obstacle() -> None:
    info = PngInfo()
    info.add_text("workflow", "x" * 5_000_000, zip=True)
    picture, _ = decode(saved(RGB, "PNG", pnginfo=info))
    assert worst_difference(picture, RGB) == 0


def test_profile_bomb_is_no_obstacle() -> None:
    plain = saved(RGB, "PNG")
    bomb = chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 50_000_000))
    picture, _ = decode(plain[:33] + bomb + plain[33:])
    assert worst_difference(picture, RGB) == 0


# ---- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"x\0",
        b"BM\xff is how this begins",
        b"\0" * 100,
        b"RIFF\0\0\0\0WAVE",
    ],
)
def test_not_a_picture(data: bytes) -> None:
    with pytest.raises(NotAPicture, match="not a JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF file"):
        decode(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_cut_off_pictures(kind: str) -> None:
    whole = saved(painting(300, 300), kind)
    for share in (0.3, 0.6, 0.9, 20 / len(whole)):
        with pytest.raises((TruncatedPicture, CorruptPicture)) as caught:
            decode(whole[: int(len(whole) * share)])
        if kind != "TIFF":  # its directory stands at the end: what is left names nothing
            assert caught.type is TruncatedPicture


def test_damaged_picture() -> None:
    data = bytearray(saved(RGB, "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(PictureError) as caught:
        decode(bytes(data))
    assert caught.type in (CorruptPicture, TruncatedPicture)


def bomb_png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def bomb_gif() -> bytes:
    data = bytearray(saved(GREY, "GIF"))
    data[6:10] = struct.pack("<HH", 60_000, 60_000)
    return bytes(data)


def bomb_bmp() -> bytes:
    data = bytearray(saved(RGB, "BMP"))
    data[18:26] = struct.pack("<ii", 40_000, 40_000)
    return bytes(data)


@pytest.mark.parametrize(
    "data", [bomb_png(100_000, 100_000), bomb_gif(), bomb_bmp()], ids=["PNG", "GIF", "BMP"]
)
def test_decompression_bombs_are_refused_by_their_header(data: bytes) -> None:
    with pytest.raises(TooManyPixels, match="over the limit of 100,000,000"):
        decode(data)


def test_the_pixel_limit_is_ours_and_can_be_set() -> None:
    data = saved(RGB, "PNG")
    with pytest.raises(TooManyPixels, match="120 x 160 pixels, over the limit of 19,199"):
        decode(data, Limits(max_pixels=19_199))
    assert decode(data, Limits(max_pixels=19_200))[1].width == 120


def test_pillows_own_limit_stays_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS
    # 100 million pixels is over the number at which Pillow warns (warnings are errors here).
    with pytest.raises((TruncatedPicture, CorruptPicture)):
        decode(bomb_png(10_000, 10_000))
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("size", [(1, 1), (63, 500), (500, 63)])
def test_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(TooSmall, match="too small to judge"):
        decode(saved(painting(*size), "PNG"))


def test_64_pixels_are_enough() -> None:
    assert decode(saved(painting(64, 64), "PNG"))[1].height == 64


def test_floating_point_pixels_are_not_guessed() -> None:
    with pytest.raises(UnsupportedPicture, match="no defined 8-bit RGB form"):
        decode(saved(Image.new("F", (80, 80), 0.5), "TIFF"))


def test_deep_tiff_with_white_as_zero_is_not_shown_as_its_negative() -> None:
    grey = Image.new("I;16", (80, 80), 60_000)
    picture, _ = decode(saved(grey, "TIFF"))
    assert picture.getpixel((0, 0)) == (234, 234, 234)
    data = saved(grey, "TIFF", tiffinfo={262: 0})
    with pytest.raises(UnsupportedPicture):
        decode(data)
