"""Pictures in other colour spaces than sRGB look as viewers show them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tegaki.imaging import Limits, OpenedPicture
from tegaki.imaging.color_spaces import SRGB, profile_of_code_points, profile_of_gamma
from tegaki.results.scoring_config import DecodePolicy
from tests.conftest import painting, worst_difference
from tests.imaging.made import (
    HLG,
    LINEAR,
    P3,
    PQ,
    REC2020,
    SRGB_CURVE,
    chunk,
    cicp,
    gama,
    grey_profile,
    iccp,
    in_p3,
    in_pq,
    light_to_the,
    other_model,
    p3_profile,
    saved,
    with_chunks,
    written,
)

RGB = painting()
MUTED = RGB.point([40 + level * 11 // 16 for level in range(256)] * 3)
"""Not near black, where a level of one space is several of another."""
GREY = RGB.convert("L")
SRGB_CHRM = chunk(
    b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
)
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def decode(data: bytes) -> Image.Image:
    return OpenedPicture(data).decode(DecodePolicy(), Limits(), min_side=64)[0]


@pytest.mark.parametrize(
    ("form", "options", "tolerance"),
    [
        ("PNG", {}, 3),
        ("TIFF", {}, 3),
        ("WEBP", {"lossless": True}, 3),
        ("JPEG", {"quality": 98, "subsampling": 0}, 16),
        ("AVIF", {"quality": 98, "subsampling": "4:4:4"}, 24),
    ],
)
def test_a_profile_is_applied_in_every_format(
    form: str, options: dict[str, object], tolerance: int
) -> None:
    data = saved(in_p3(MUTED), form, icc_profile=p3_profile(), **options)
    assert worst_difference(decode(data), MUTED) <= tolerance


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_of_alpha_and_palettes(mode: str) -> None:
    stored = Image.new("RGB", (80, 80), (200, 90, 40))
    stored.paste((20, 30, 220), (0, 0, 80, 40))
    shown = in_p3(stored)
    shown = shown.quantize(8) if mode == "P" else shown.convert(mode)
    data = with_chunks(saved(shown, "PNG"), iccp(p3_profile()))
    assert worst_difference(decode(data), stored) <= 3


def test_transparency_is_laid_on_a_white_that_stays_white() -> None:
    clear = Image.new("RGBA", (80, 80), (10, 200, 10, 0))
    clear.paste((200, 90, 40, 255), (0, 0, 80, 40))
    picture = decode(with_chunks(saved(clear, "PNG"), iccp(p3_profile())))
    assert picture.getpixel((0, 79)) == (255, 255, 255)


def test_a_grey_profile() -> None:
    linear = light_to_the(1, GREY)
    data = with_chunks(saved(linear, "PNG"), iccp(grey_profile(1)))
    difference = np.asarray(decode(data).convert("L"), int) - np.asarray(GREY, int)
    assert np.abs(difference[np.asarray(GREY) > 128]).max() <= 2


@pytest.mark.parametrize(
    "added",
    [
        [],
        [iccp(SRGB_PROFILE)],
        [chunk(b"sRGB", b"\0")],
        [gama(0.45455)],
        [gama(0.45455), SRGB_CHRM],
        [cicp(1, SRGB_CURVE)],
        [chunk(b"sRGB", b"\0"), gama(1.0)],
        [iccp(SRGB_PROFILE), gama(1.0)],
    ],
)
def test_srgb_keeps_its_pixels(added: list[bytes]) -> None:
    assert worst_difference(decode(with_chunks(saved(RGB, "PNG"), *added)), RGB) == 0


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        p3_profile()[:200],
        p3_profile()[:400],
        other_model(p3_profile(), b"GRAY"),
        other_model(p3_profile(), b"CMYK"),
        other_model(p3_profile(), b"Lab "),
        p3_profile()[:12] + b"link" + p3_profile()[16:],
        grey_profile(1),
        b"\0" * (5 << 20),
    ],
    ids=["text", "cut", "half", "grey", "CMYK", "Lab", "link", "of grey", "large"],
)
def test_a_profile_that_says_nothing_usable_is_left_aside(profile: bytes) -> None:
    assert worst_difference(decode(with_chunks(saved(RGB, "PNG"), iccp(profile))), RGB) == 0
    if len(profile) < 1 << 16:
        assert worst_difference(decode(saved(RGB, "TIFF", icc_profile=profile)), RGB) == 0


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 600), byte=st.integers(0, 255), profile=st.sampled_from(["p3", "grey"]))
def test_damaged_profiles_never_fail(at: int, byte: int, profile: str) -> None:
    whole, picture = (p3_profile(), RGB) if profile == "p3" else (grey_profile(2), GREY)
    damaged = bytearray(whole)
    damaged[at % len(damaged)] = byte
    assert decode(with_chunks(saved(picture, "PNG"), iccp(bytes(damaged)))).size == RGB.size


def test_a_damaged_chunk_is_left_aside() -> None:
    broken = chunk(b"iCCP", b"p\0\0" + zlib.compress(p3_profile())[:-9] + b"x" * 9)
    unsure = iccp(p3_profile())[:-1] + b"?"
    for added in (broken, unsure, chunk(b"iCCP", b"x" * 100), chunk(b"cICP", b"ab")):
        assert worst_difference(decode(with_chunks(saved(RGB, "PNG"), added)), RGB) == 0


# ---- cICP and gAMA -----------------------------------------------------------------------------


def test_code_points_count_before_a_profile_and_a_profile_before_gamma() -> None:
    """PNG 3rd edition, table 16."""
    p3 = saved(in_p3(MUTED), "PNG")
    for added in (
        [cicp(P3, SRGB_CURVE)],
        [iccp(SRGB_PROFILE), cicp(P3, SRGB_CURVE), gama(1.0)],
        [iccp(p3_profile()), gama(1.0)],
    ):
        assert worst_difference(decode(with_chunks(p3, *added)), MUTED) <= 3
    damaged = with_chunks(p3, iccp(b"damaged"), gama(0.45455))
    assert worst_difference(decode(damaged), in_p3(MUTED)) == 0


@pytest.mark.parametrize("said", [cicp(2, 2), cicp(P3, 0), cicp(P3, SRGB_CURVE, matrix=1)])
def test_unknown_code_points_are_left_aside(said: bytes) -> None:
    assert worst_difference(decode(with_chunks(saved(RGB, "PNG"), said)), RGB) == 0


def test_hdr_looks_like_the_picture_on_a_white_page() -> None:
    rows = in_pq(RGB)
    data = with_chunks(written(rows, 120, greyscale=False, bitdepth=16), cicp(1, PQ))
    assert worst_difference(decode(data), RGB) <= 6  # PQ has few codes near black in 8 bits


def test_what_is_lighter_than_white_is_white() -> None:
    for transfer in (PQ, HLG):
        bright = Image.new("RGB", (80, 80), (230, 230, 230))
        bright.paste((0, 0, 0), (0, 0, 80, 40))
        picture = decode(with_chunks(saved(bright, "PNG"), cicp(REC2020, transfer)))
        assert picture.getpixel((0, 79)) == (255, 255, 255)
        assert picture.getpixel((0, 0)) == (0, 0, 0)


def test_narrow_range() -> None:
    narrow = Image.fromarray(np.round(np.asarray(RGB) * (219 / 255) + 16).astype(np.uint8))
    data = with_chunks(saved(narrow, "PNG"), cicp(1, SRGB_CURVE, full=0))
    assert worst_difference(decode(data), RGB) <= 2


@pytest.mark.parametrize("power", [1 / 1.8, 1 / 1.4])
@pytest.mark.parametrize("picture", [RGB, GREY], ids=["colour", "grey"])
def test_gamma(power: float, picture: Image.Image) -> None:
    data = with_chunks(saved(light_to_the(power, picture), "PNG"), gama(power))
    difference = np.abs(np.asarray(decode(data), int) - np.asarray(picture.convert("RGB"), int))[
        np.asarray(picture.convert("RGB")) > 48
    ]
    assert difference.max() <= 3


@pytest.mark.parametrize("gamma", [0, 0.000_01, 42_000])
def test_a_gamma_that_no_display_has(gamma: float) -> None:
    assert worst_difference(decode(with_chunks(saved(RGB, "PNG"), gama(gamma))), RGB) == 0


@given(values=st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8))
@settings(max_examples=40, deadline=None)
def test_primaries_of_any_kind(values: list[int]) -> None:
    added = chunk(b"cHRM", struct.pack(">8I", *values))
    assert decode(with_chunks(saved(RGB, "PNG"), gama(0.6), added)).size == RGB.size


def test_profiles_of_spaces_are_read_by_littlecms_as_what_they_are() -> None:
    profile = profile_of_code_points(1, LINEAR, full_range=True)
    assert profile == profile_of_gamma(1, SRGB)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
    assert opened.profile.red_primary is not None
    assert opened.profile.red_primary[1][:2] == pytest.approx((0.648, 0.331), abs=0.002)  # D50


# ---- pictures from public reports --------------------------------------------------------------


@pytest.fixture(scope="module")
def reports(shared: Path) -> Path:
    if not (shared / "reports").is_dir():
        pytest.skip(f"needs {shared / 'reports'}")
    return shared / "reports"


@pytest.mark.parametrize(
    ("name", "like", "within"),
    [
        ("f02_adobergb.png", "f01_srgb.png", 3),
        ("f03_displayp3.png", "f01_srgb.png", 3),
        ("f05_rec2020.png", "f01_srgb.png", 3),
        ("f06_cmyk_press.jpg", "f07_cmyk_as_shown.png", 1),
        ("f06b_cmyk_press.tif", "f07_cmyk_as_shown.png", 16),  # of the CMYK before JPEG
        ("f08_rgb16.png", "f01_srgb.png", 0),
        ("k02_hdr_pq.png", "f01_srgb.png", 3),
        ("k04_grey16.png", "k05_grey8.png", 0),
    ],
)
def test_reported_pictures(reports: Path, name: str, like: str, within: int) -> None:
    found, expected = (decode((reports / each).read_bytes()) for each in (name, like))
    assert worst_difference(found, expected) <= within
