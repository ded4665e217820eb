"""Of an animation the frame is judged that viewers show, and that shows something."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tegaki import Detector
from tegaki.errors import BlankPicture
from tegaki.imaging import Limits, OpenedPicture, PictureInfo
from tegaki.results.scoring_config import CropPolicy, DecodePolicy
from tests.conftest import painting, worst_difference
from tests.imaging.made import hidden_default, saved, small_first_frame

SHOWN = painting()
BLANK = Image.new("RGB", SHOWN.size, "white")
TOLERANCE = {"GIF": 72, "WEBP": 0, "PNG": 0, "AVIF": 24}  # GIF has few colours
ANIMATED = list(TOLERANCE)


def decode(data: bytes) -> tuple[Image.Image, PictureInfo]:
    return OpenedPicture(data).decode(DecodePolicy(), Limits(), min_side=64)


def animated(frames: list[Image.Image], form: str) -> bytes:
    options = {"lossless": True} if form == "WEBP" else {}
    if form == "GIF":
        frames = [frame.quantize(64) for frame in frames]
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=40, **options)


def faded(share: float) -> Image.Image:
    return Image.blend(BLANK, SHOWN, share)


@pytest.mark.parametrize("form", ANIMATED)
def test_a_fade_in_is_judged_where_it_shows_something(form: str) -> None:
    data = animated([BLANK, faded(0.1), faded(0.6), SHOWN], form)
    picture, facts = decode(data)
    assert (facts.animated, facts.judged_frame) == (True, 3)
    assert worst_difference(picture, faded(0.6)) <= TOLERANCE[form]


@pytest.mark.parametrize("form", ANIMATED)
def test_the_first_frame_where_it_shows_something(form: str) -> None:
    picture, facts = decode(animated([SHOWN, BLANK, painting(seed=3)], form))
    assert facts.judged_frame == 1
    assert worst_difference(picture, SHOWN) <= TOLERANCE[form]


@pytest.mark.parametrize("form", ANIMATED)
def test_the_frame_with_most_contrast_where_all_are_pale(form: str) -> None:
    data = animated([BLANK, faded(0.1), faded(0.3), faded(0.2)], form)
    picture, facts = decode(data)
    assert facts.judged_frame == 3
    assert worst_difference(picture, faded(0.3)) <= TOLERANCE[form]


def test_no_more_frames_than_a_hundred() -> None:
    black = Image.new("RGB", SHOWN.size, "black")
    nearly = Image.new("RGB", SHOWN.size, (1, 1, 1))
    frames = [black, nearly] * 50 + [SHOWN]
    opened = OpenedPicture(animated(frames, "WEBP"))
    with pytest.raises(BlankPicture):
        opened.decode_for_crops(DecodePolicy(), Limits(), CropPolicy())


def test_damage_behind_a_blank_frame_ends_the_search() -> None:
    data = animated([BLANK, SHOWN, SHOWN], "PNG")
    plan = data[: data.index(b"fdAT") + 60]
    picture, facts = decode(plan)
    assert facts.judged_frame == 1
    assert worst_difference(picture, BLANK) == 0


def test_the_row_says_which_frame(detector: Detector) -> None:
    row = detector.inspect(animated([BLANK, SHOWN], "GIF"))
    assert row.judged_frame == 2
    assert "Frame 2 was judged: those before it show next to nothing." in row.reasons
    row = detector.inspect(animated([SHOWN, BLANK], "GIF"))
    assert row.judged_frame == 1
    assert "Only the first frame or page was judged." in row.reasons
    assert detector.inspect(saved(SHOWN, "PNG")).judged_frame is None


# ---- APNG --------------------------------------------------------------------------------------


def test_a_default_picture_that_no_viewer_shows_is_not_judged() -> None:
    notice = Image.new("RGB", SHOWN.size, "red")
    picture, facts = decode(hidden_default([SHOWN, painting(seed=2)], notice))
    assert (facts.animated, facts.judged_frame) == (True, 1)
    assert worst_difference(picture, SHOWN) == 0


def test_it_does_not_shine_through_either() -> None:
    """Pillow lays the first frame on it."""
    see_through = SHOWN.convert("RGBA")
    see_through.paste((0, 0, 0, 0), (0, 0, 120, 80))
    notice = Image.new("RGBA", SHOWN.size, "red")
    picture, facts = decode(hidden_default([see_through, SHOWN.convert("RGBA")], notice, blend=1))
    assert facts.alpha is True
    assert picture.getpixel((5, 5)) == (255, 255, 255)


def test_a_fade_in_behind_a_hidden_default_picture() -> None:
    picture, facts = decode(hidden_default([BLANK, SHOWN], Image.new("RGB", SHOWN.size, "red")))
    assert facts.judged_frame == 2
    assert worst_difference(picture, SHOWN) == 0


def test_a_default_picture_without_frames_is_what_viewers_show() -> None:
    data = hidden_default([SHOWN, SHOWN], painting(seed=5))
    alone = data[: data.index(b"fcTL") - 4] + data[-12:]
    assert worst_difference(decode(alone)[0], painting(seed=5)) == 0


# ---- GIF ---------------------------------------------------------------------------------------


def test_what_a_small_first_frame_leaves_open_is_transparent() -> None:
    picture, facts = decode(small_first_frame())
    assert (facts.width, facts.height, facts.alpha) == (120, 100, True)
    expected = Image.new("RGB", (120, 100), "white")
    expected.paste("red", (30, 20, 90, 70))
    assert worst_difference(picture, expected) == 0


# ---- pictures from public reports --------------------------------------------------------------


def there(shared: Path, name: str) -> bytes:
    path = shared / name
    if not path.exists():
        pytest.skip(f"needs {path}")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "frame", "animated"),
    [
        ("reports/h01_fade_from_white.gif", 2, True),
        ("reports/h03_apng_hidden_default.png", 1, True),
        ("misses/10_apng_hidden_default.png", 1, True),
        ("misses/11_gif_small_frame.gif", None, False),
    ],
)
def test_reported_animations(shared: Path, name: str, frame: int | None, animated: bool) -> None:
    picture, facts = decode(there(shared, name))
    assert (facts.judged_frame, facts.animated) == (frame, animated)
    if name.startswith("misses/10"):
        shown = decode(there(shared, "misses/10_apng_what_viewers_show.png"))[0]
        assert worst_difference(picture, shown) == 0
    if name.startswith("misses/11"):
        assert facts.alpha is True
        assert picture.getpixel((0, 0)) == (255, 255, 255)
