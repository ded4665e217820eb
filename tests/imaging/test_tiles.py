"""Long pictures are judged by what is there, from their beginning to their end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tegaki import Detector
from tegaki.errors import BlankPicture
from tegaki.imaging import Limits, OpenedPicture, Part, judged_share
from tegaki.imaging.tiles import cuts_of
from tegaki.results.scoring_config import CropPolicy, DecodePolicy, TilePolicy
from tests.conftest import painting
from tests.imaging.made import saved

VIEWS, TILES = CropPolicy(), TilePolicy()


def strip(panels: list[tuple[int, int]], height: int, wide: bool = False) -> Image.Image:
    """White, 200 pixels wide, with pictures from one row to another."""
    page = Image.new("RGB", (200, height), "white")
    for number, (start, end) in enumerate(panels):
        page.paste(painting(200, end - start, seed=number), (0, start))
    return page.transpose(Image.Transpose.TRANSPOSE) if wide else page


def parts_of(picture: Image.Image) -> tuple[Part, ...]:
    opened = OpenedPicture(saved(picture, "PNG"))
    return opened.decode_for_crops(DecodePolicy(), Limits(), VIEWS, tiles=TILES)[0]


@given(width=st.integers(64, 9000), height=st.integers(64, 9000))
def test_tiles_reach_from_end_to_end_and_overlap(width: int, height: int) -> None:
    short, long = sorted((width, height))
    cuts = cuts_of(width, height, VIEWS, TILES)
    if long < 2 * short:
        assert [plan.box for plan in cuts] == [cuts_of(width, height, VIEWS, None)[0].box]
        return
    side = 0 if width > height else 1
    starts, ends = ([plan.box[i] for plan in cuts] for i in (side, side + 2))
    assert (starts[0], ends[-1]) == (0, long)
    assert {end - start for start, end in zip(starts, ends, strict=True)} == {short}
    assert {plan.size for plan in cuts} == {(min(short, 320),) * 2}
    assert len(cuts) <= 64
    if len(cuts) < 64:
        assert all(later <= end for later, end in zip(starts[1:], ends, strict=False))


@pytest.mark.parametrize("wide", [False, True], ids=["tall", "wide"])
def test_blank_tiles_are_dropped(wide: bool) -> None:
    parts = parts_of(strip([(0, 400), (1700, 2000)], 2000, wide))
    starts = [part.box[0 if wide else 1] for part in parts]
    assert starts
    assert all(start < 400 or start + 200 > 1700 for start in starts)
    assert {start < 400 for start in starts} == {True, False}
    assert all(np.asarray(part.picture).std() > 10 for part in parts)


def test_gutters_that_change_colour_are_blank_too() -> None:
    page = strip([(0, 300)], 2000)
    fade = np.linspace(255, 0, 1600).astype(np.uint8)[:, np.newaxis, np.newaxis]
    page.paste(Image.fromarray(np.broadcast_to(fade, (1600, 200, 3)).copy()), (0, 400))
    assert all(part.box[1] < 300 for part in parts_of(page))


def test_a_strip_of_thin_lines_is_judged() -> None:
    page = Image.new("RGB", (200, 2000), "white")
    for x in range(0, 200, 50):
        page.paste("black", (x, 900, x + 2, 1000))
    parts = parts_of(page)
    assert parts
    assert all(part.box[1] < 1000 and part.box[3] > 900 for part in parts)


def test_the_frame_of_a_page_is_no_drawing() -> None:
    page = strip([(0, 300)], 2000)
    page.paste("black", (3, 0, 5, 2000))
    assert all(part.box[1] < 300 for part in parts_of(page))


def test_no_more_tiles_than_eight_of_all_of_it() -> None:
    parts = parts_of(painting(100, 9000))
    assert len(parts) == 8
    assert (parts[0].box[1], parts[-1].box[3]) == (0, 9000)


def test_a_short_drawing_in_a_very_long_strip_is_found() -> None:
    assert parts_of(strip([(7130, 7290)], 12_000))[0].box[1] in range(6930, 7290)


def test_nothing_but_gutter() -> None:
    with pytest.raises(BlankPicture):
        parts_of(Image.new("RGB", (100, 3000), "white"))
    fade = np.linspace(255, 0, 1600).astype(np.uint8)[:, np.newaxis, np.newaxis]
    with pytest.raises(BlankPicture):
        parts_of(Image.fromarray(np.broadcast_to(fade, (1600, 200, 3)).copy()))


@given(st.lists(st.integers(0, 900), min_size=1, max_size=9))
def test_the_judged_share_counts_nothing_twice(starts: list[int]) -> None:
    picture = Image.new("RGB", (1, 1))
    parts = [Part(picture, (0, start, 100, start + 100)) for start in starts]
    seen = np.zeros(1000, bool)
    for start in starts:
        seen[start : start + 100] = True
    assert judged_share(parts, 100, 1000) == pytest.approx(float(seen.mean()))


# ---- rows --------------------------------------------------------------------------------------


def test_a_long_picture_is_judged_by_the_mean_of_its_tiles(detector: Detector) -> None:
    page = strip([(0, 500), (1500, 2000)], 2000)
    row = detector.inspect(saved(page, "PNG"))
    assert len(row.views) > 2
    assert row.logit == pytest.approx(np.mean([view.logit for view in row.views]))
    for view in row.views:
        assert view.box is not None
        alone = detector.inspect(saved(page.crop(view.box), "PNG"))
        assert alone.logit == pytest.approx(view.logit, abs=1e-4)
    assert row.judged_area is not None
    assert 0.4 < row.judged_area < 0.8
    squares, percent = len(row.views), f"{row.judged_area * 100:.0f} %"
    assert (
        f"This is a long picture: {squares} squares along it were judged, {percent} of its area. "
        "Blank ones are left out."
    ) in row.reasons
    plain = row.to_dict()
    assert plain["views"][0]["box"] == [0, 0, 200, 200]
    assert plain["judged_area"] == row.judged_area


def test_with_two_models_too() -> None:
    auto, careful = Detector.load("auto"), Detector.load("careful")
    data = saved(strip([(0, 400)], 1000), "PNG")
    row = auto.inspect(data)
    assert {view.name for view in row.views} <= {"fast squashed", "careful squashed"}
    assert len({view.box for view in row.views}) == len(row.views) > 1
    if row.views[0].name == "careful squashed":
        assert row.logit == careful.inspect(data).logit


def test_ordinary_pictures_have_no_boxes(detector: Detector) -> None:
    row = detector.inspect(saved(painting(300, 400), "PNG"))
    assert (row.views[0].box, row.judged_area) == (None, 1.0)
    assert set(row.to_dict()["views"][0]) == {"name", "logit"}
    wide = detector.inspect(saved(painting(640, 360), "PNG"))
    assert wide.judged_area == pytest.approx(0.9)
    assert "Only the middle was judged, 90 % of the picture." in wide.reasons


def test_a_reported_strip(shared: Path, detector: Detector) -> None:
    path = shared / "reports" / "k01_webtoon_strip.png"
    if not path.exists():
        pytest.skip(f"needs {path}")
    row = detector.inspect(path)
    assert row.error is None
    picture = Image.open(path).convert("RGB")
    for view in row.views:
        assert view.box is not None
        assert np.asarray(picture.crop(view.box)).std() > 20
