import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.pictures import make_views, normalise, to_tensor, view_boxes
from tegaki.recipe import VIEW_NAMES, ViewPolicy
from tests.conftest import painting, worst_difference

POLICY = ViewPolicy()
sides = st.integers(64, 900)


@given(width=sides, height=sides)
def test_views_are_squares_inside_the_picture_without_bars(width: int, height: int) -> None:
    boxes = view_boxes(width, height, ViewPolicy(names=VIEW_NAMES))
    short = min(width, height)
    assert tuple(boxes) == VIEW_NAMES
    for name, (left, top, right, lower) in boxes.items():
        assert 0 <= left < right <= width
        assert 0 <= top < lower <= height
        if name in ("upper-left", "lower-right"):
            assert (right - left, lower - top) == pytest.approx((0.7 * short, 0.7 * short))
        elif name != "squashed":
            assert (right - left, lower - top) == (short, short)


@given(width=sides, height=sides)
def test_normalised_pictures_keep_within_the_policy(width: int, height: int) -> None:
    small = normalise(painting(width, height), POLICY)
    assert min(small.size) == min(width, height, POLICY.short_side)
    assert max(small.size) <= round(min(small.size) * POLICY.max_aspect) + 1


def test_a_small_picture_is_left_as_it_is() -> None:
    picture = painting(320, 400)
    assert normalise(picture, POLICY) is picture


@pytest.mark.parametrize(("size", "distinct"), [((300, 300), 1), ((300, 400), 4), ((800, 400), 4)])
def test_equal_views_are_made_once(size: tuple[int, int], distinct: int) -> None:
    views, which = make_views(painting(*size), POLICY)
    assert views.shape == (distinct, 3, 224, 224)
    assert views.dtype == np.float32
    assert len(which) == 4
    assert set(which) == set(range(distinct))


def test_first_and_last_are_the_ends_of_the_long_side() -> None:
    tall = painting(200, 300)
    views, which = make_views(tall, POLICY)
    ends = [tall.crop(box).resize((224, 224), 3) for box in ((0, 0, 200, 200), (0, 100, 200, 300))]
    for name, end in zip(("first", "last"), ends, strict=True):
        view = views[which[POLICY.names.index(name)]]
        assert np.abs(view - to_tensor(end)).max() < 2 / 127.5


def test_corners_are_seen_pixel_by_pixel() -> None:
    """Traces of a generator's last layers are fine: some view must not shrink them away."""
    picture = painting(320, 448)
    views, which = make_views(picture, ViewPolicy(names=("upper-left", "lower-right")))
    for index, box in zip(which, ((0, 0, 224, 224), (96, 224, 320, 448)), strict=True):
        assert np.array_equal(views[index], to_tensor(picture.crop(box)))


def test_tensor_range_and_layout() -> None:
    red = painting(224, 224)
    red.paste((255, 0, 127), (0, 0, 224, 224))
    tensor = to_tensor(red)
    assert tensor.shape == (3, 224, 224)
    assert tensor[0].min() == pytest.approx(1)
    assert tensor[1].max() == pytest.approx(-1)
    assert tensor[2].max() == pytest.approx(127 / 127.5 - 1)


def test_shrinking_is_antialiased() -> None:
    """The seed's shrinking without antialiasing made patterns that the label could be read from."""
    stripes = painting(1280, 1280)
    stripes.putdata([((x + y) % 2 * 255,) * 3 for y in range(1280) for x in range(1280)])
    small = normalise(stripes, POLICY)
    flat = small.copy()
    flat.paste((127, 127, 127), (0, 0, 320, 320))
    assert worst_difference(small, flat) <= 3
