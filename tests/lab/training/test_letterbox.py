"""The seed's look at a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs tegaki[lab]")

from PIL import Image

from tegaki.lab.training.letterbox import (
    TTA,
    VIEWS,
    Levels,
    brightened,
    letterbox,
    named_views,
    scaled,
    warped,
)
from tegaki.lab.training.recipes import Warp
from tests.conftest import painting


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((320, 320), (0, 224), (0, 224)),
        ((320, 512), (0, 224), (42, 182)),  # int(224 * 320 / 512) = 140
        ((512, 320), (42, 182), (0, 224)),
        ((320, 341), (0, 224), (7, 217)),  # int(210.2) = 210
        ((321, 320), (0, 223), (0, 224)),  # 1 row of bar: below, as the seed's floor puts it
    ],
)
def test_bars_are_where_the_seed_put_them(
    size: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    white = Image.new("RGB", size, (255, 255, 255))
    levels = letterbox(white, 224)
    filled = np.zeros((224, 224, 3), dtype=bool)
    filled[rows[0] : rows[1], columns[0] : columns[1]] = True
    assert np.array_equal(levels == 255, filled)
    assert np.array_equal(levels == 0, ~filled)


def test_shrinking_has_no_antialiasing() -> None:
    """Bilinear on the four nearest pixels alone: fine stripes stay, where averaging greys them."""
    stripes = np.zeros((448, 448, 3), dtype=np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    levels = letterbox(Image.fromarray(stripes), 224)
    assert set(np.unique(levels[1:-1, 1:-1]).tolist()) == {0.0, 255.0}


def test_scaled_is_from_minus_one_to_one() -> None:
    view = scaled(letterbox(painting(100, 160), 64))
    assert view.shape == (3, 64, 64)
    assert view.dtype == np.float32
    assert view.min() == -1
    assert view.max() <= 1


STAGE_2 = Warp(20, 0.15, 0.15, 0.2, 0.5, 0.2, 0.1, "reflect")


@given(st.integers(0, 10_000))
def test_warped_pictures_keep_their_form(seed: int) -> None:
    levels = letterbox(painting(100, 160, seed), 64)
    rng = np.random.default_rng(seed)
    moved = warped(levels, STAGE_2, rng)
    assert moved.shape == (64, 64, 3)
    assert moved.dtype == np.float32
    assert 0 <= moved.min() <= moved.max() <= 255


def test_nothing_but_a_flip_is_exact() -> None:
    levels = letterbox(painting(100, 100), 64)
    seen = {warped(levels, Warp(), np.random.default_rng(s)).tobytes() for s in range(20)}
    assert seen == {levels.tobytes(), np.ascontiguousarray(levels[:, ::-1]).tobytes()}


def test_shifts_and_turns_go_where_they_should() -> None:
    """A white dot right of the centre on grey: the same distance after a turn, moved by a shift."""
    levels = np.full((65, 65, 3), 50, dtype=np.float32)
    levels[31:34, 51:54] = 255

    def dot(moved: Levels) -> npt.NDArray[np.float64]:
        weights = np.clip(moved[..., 0] - 60, 0, None)
        y, x = np.mgrid[0:65, 0:65] - 32.0
        moments = np.array([(weights * y).sum(), (weights * x).sum()], dtype=np.float64)
        return moments / float(weights.sum())

    for seed in range(10):
        turned = dot(warped(levels, Warp(rotation=45, flip=0), np.random.default_rng(seed)))
        assert np.hypot(*turned) == pytest.approx(20, abs=0.4)
        shifted = dot(warped(levels, Warp(shift=0.1, flip=0), np.random.default_rng(seed)))
        assert np.abs(shifted - [0, 20]).max() <= 6.9
    angles = [
        np.degrees(
            np.arctan2(*dot(warped(levels, Warp(rotation=10, flip=0), np.random.default_rng(s))))
        )
        for s in range(40)
    ]
    assert -10.5 < min(angles) < -5
    assert 5 < max(angles) < 10.5


def test_brightness_is_quantised_to_whole_levels() -> None:
    levels = letterbox(painting(100, 100), 32)
    bright = brightened(levels, 1.1)
    assert np.array_equal(bright, np.round(bright))
    assert bright.mean() > levels.mean()


def test_named_views() -> None:
    picture = painting(100, 160)
    views = dict(zip(VIEWS, named_views(picture, 64, "some id", VIEWS), strict=True))
    assert np.array_equal(views["flipped"], views["plain"][:, :, ::-1])
    assert np.allclose(views["plus0.1"], views["plain"] + 0.1)
    assert np.allclose(views["flipped-plus0.1"], views["flipped"] + 0.1)
    assert len({views[f"random{k}"].tobytes() for k in range(1, 6)}) == 5
    again = named_views(picture, 64, "some id", ("random3",))[0]
    assert np.array_equal(views["random3"], again)
    assert not np.array_equal(again, named_views(picture, 64, "other", ("random3",))[0])
    assert all(set(names) <= set(VIEWS) for names in TTA.values())
    assert {name: len(names) for name, names in TTA.items()} == {
        "none": 1, "flip": 2, "paper3": 3, "baseline6": 6,
    }  # fmt: skip
