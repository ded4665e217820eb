import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tegaki.imaging import crop_boxes, make_crops, normalise, to_tensor
from tegaki.results.scoring_config import CROP_NAMES, CropPolicy
from tests.conftest import painting, worst_difference

POLICY = CropPolicy()
sides = st.integers(64, 900)


@given(width=sides, height=sides)
def test_views_are_squares_inside_the_picture_without_bars(width: int, height: int) -> None:
    boxes = crop_boxes(width, height, CropPolicy(names=CROP_NAMES))
    short = min(width, height)
    assert tuple(boxes) == CROP_NAMES
    for name, (left, top, right, lower) in boxes.items():
        assert 0 <= left < right <= width
        assert 0 <= top < lower <= height
        if name in ("upper-left", "lower-right"):
            assert (right - left, lower - top) == pytest.approx((0.7 * short, 0.7 * short))
        elif name == "middle":
            assert (right - left, lower - top) == (min(short, 224), min(short, 224))
        elif name != "squashed":
            assert (right - left, lower - top) == (short, short)


@settings(deadline=None)
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
    views = make_crops(painting(*size), POLICY)
    assert [view.shape for view in views.unique] == [(3, 224, 224)] * distinct
    assert {view.dtype for view in views.unique} == {np.dtype(np.float32)}
    assert len(views.inverse) == 4
    assert set(views.inverse) == set(range(distinct))
    assert views.stacked().shape == (4, 3, 224, 224)


def test_first_and_last_are_the_ends_of_the_long_side() -> None:
    tall = painting(200, 300)
    views = make_crops(tall, POLICY).stacked()
    ends = [tall.crop(box).resize((224, 224), 3) for box in ((0, 0, 200, 200), (0, 100, 200, 300))]
    for name, end in zip(("first", "last"), ends, strict=True):
        view = views[POLICY.names.index(name)]
        assert np.abs(view - to_tensor(end)).max() < 2 / 127.5


def test_corners_are_seen_pixel_by_pixel() -> None:
    """Traces of a generator's last layers are fine: some view must not shrink them away."""
    picture = painting(320, 448)
    views = make_crops(picture, CropPolicy(names=("upper-left", "lower-right"))).stacked()
    for view, box in zip(views, ((0, 0, 224, 224), (96, 224, 320, 448)), strict=True):
        assert np.array_equal(view, to_tensor(picture.crop(box)))


def test_the_middle_is_seen_pixel_by_pixel() -> None:
    """Its own size, whatever the picture's; of a smaller picture the short side."""
    policy = CropPolicy(names=("middle",), size=160)
    picture = painting(320, 450)
    (view,) = make_crops(picture, policy).unique
    assert np.array_equal(view, to_tensor(picture.crop((80, 145, 240, 305))))
    assert crop_boxes(100, 130, policy) == {"middle": (0.0, 15.0, 100.0, 115.0)}


def test_the_middle_of_odd_sizes_lies_between_pixels() -> None:
    picture = painting(321, 400)
    policy = CropPolicy(names=("middle",), size=160)
    (view,) = make_crops(picture, policy).unique
    assert crop_boxes(320, 399, policy)["middle"] == (80.0, 119.5, 240.0, 279.5)
    assert view.shape == (3, 160, 160)


def test_each_view_has_its_own_size() -> None:
    policy = CropPolicy(names=("squashed", "middle"), sizes=(160, 128))
    assert (policy.size_of("squashed"), policy.size_of("middle")) == (160, 128)
    views = make_crops(painting(300, 400), policy)
    assert [view.shape for view in views.unique] == [(3, 160, 160), (3, 128, 128)]
    assert views.inverse == (0, 1)
    middle = crop_boxes(300, 400, policy)["middle"]
    assert middle == (86.0, 136.0, 214.0, 264.0)


def test_one_box_in_two_sizes_is_two_views() -> None:
    """A square picture, squashed, is its centre: but not in another size."""
    square = painting(300, 300)
    same = make_crops(square, CropPolicy(names=("squashed", "centre"), sizes=(96, 96)))
    assert (len(same.unique), same.inverse) == (1, (0, 0))
    other = make_crops(square, CropPolicy(names=("squashed", "centre"), sizes=(96, 128)))
    assert (len(other.unique), other.inverse) == (2, (0, 1))


@pytest.mark.parametrize("size", [(300, 420), (290, 200), (100, 130)])
def test_views_are_resampled_columns_first(size: tuple[int, int]) -> None:
    """Pillow's one call takes the order that it likes, which depends on its version."""
    picture = painting(*size)
    (view,) = make_crops(picture, CropPolicy(names=("squashed",), size=160)).unique
    columns = picture.resize((160, picture.height), Image.Resampling.BICUBIC)
    both = columns.resize((160, 160), Image.Resampling.BICUBIC)
    assert np.array_equal(view, to_tensor(both))
    policy = CropPolicy(names=("upper-left",), size=160)
    (view,) = make_crops(picture, policy).unique
    near = 0.7 * min(size)
    columns = picture.resize((160, size[1]), Image.Resampling.BICUBIC, box=(0, 0, near, size[1]))
    both = columns.resize((160, 160), Image.Resampling.BICUBIC, box=(0, 0, 160, near))
    assert np.array_equal(view, to_tensor(both))


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
