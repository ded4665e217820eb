"""JPEGs are decoded to half of their size where, and only where, that moves no score."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from tools.measure_shrink import Moved, enlarged, mosaic, read_rows

from tegaki.lab.corpus import load_corpus
from tegaki.model import load_single

BAR = 0.01  # of probability
PICTURES = 500
LIVE = 10  # of each kind; each takes more than a second


def regime() -> float:
    """How many times the views' short side the recipe leaves at least."""
    recipe = load_single("fast").config
    assert recipe.shrink is not None
    return recipe.shrink.least_side / recipe.views.short_side


def test_it_was_measured_on_500_pictures() -> None:
    made = [row for row in read_rows() if row.kind != "as it is" and row.remaining >= regime()]
    assert len(made) >= PICTURES
    assert max(row.remaining for row in made) < regime() + 0.01  # the hardest there are


@pytest.mark.parametrize("kind", ["as it is", "enlarged", "mosaic"])
def test_no_probability_moved_by_a_hundredth(kind: str) -> None:
    rows = [row for row in read_rows() if row.kind == kind and row.remaining >= regime()]
    assert rows
    assert max(abs(row.half - row.full) for row in rows) < BAR


def test_below_that_some_did() -> None:
    below = [row for row in read_rows() if row.remaining < 0.75 * regime()]
    assert max(abs(row.half - row.full) for row in below) > BAR


def test_a_few_pictures_measured_again(shared: Path) -> None:
    items = load_corpus(shared / "corpus").split("val")
    pictures = [Image.open(item.path).convert("RGB") for item in items[:: len(items) // 160]]
    squares = [picture.crop((0, 0, 320, 320)) for picture in pictures if min(picture.size) == 320]
    tiles = []
    for first in range(0, 16 * 8, 8):  # tiles of sixteen squares each, every pixel as it was
        tile = Image.new("RGB", (1280, 1280))
        for place, square in enumerate(squares[first : first + 16]):
            tile.paste(square, (place % 4 * 320, place // 4 * 320))
        tiles.append(tile)
    rows: list[Moved] = []
    for number in range(LIVE):
        rows.append(enlarged(pictures[number * 16], str(number), number))
        rows.append(mosaic(tiles, number))
    assert all(row.remaining >= regime() for row in rows)
    assert max(abs(row.half - row.full) for row in rows) < BAR
