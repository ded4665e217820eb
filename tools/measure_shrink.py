"""How far the fast model's probability moves where JPEGs are decoded to half of their size.

    python -m tools.measure_shrink FOLDER [--out docs/shrink.json]

FOLDER holds large pictures of any format. Three kinds are made of them, each decoded in full and
to half (half an hour on two cores):

- *as it is*: the JPEGs of the folder, from 960 pixels on the short side
- *enlarged*: 5,120 pixels on the short side, where the recipe begins to shrink, by Lanczos
- *mosaic*: 5,120 x 5,120 pixels of sixteen pictures, each pixel as it was: harder than any one

Beside the last two *noise*: one level more or less on one in ten samples of the small picture that
views are cut from.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image

from tegaki.concurrency.ordered_map import ordered_calls
from tegaki.detector import default_workers
from tegaki.errors import PictureError
from tegaki.imaging import Limits, OpenedPicture, make_crops
from tegaki.model import Session, load_single, open_session
from tegaki.results.scoring_config import ShrinkPolicy
from tegaki.verdict import probability_of

OUT = Path(__file__).parents[1] / "docs" / "shrink.json"
EACH = 250  # enlarged ones, and mosaics
TILE, ACROSS, CHOSEN = 1280, 4, 160  # pixels of a tile; tiles a side; pictures that give one
SIDE = TILE * ACROSS
LEAST, MOST_ASPECT, MOST_PIXELS = 960, 2.2, 40_000_000
QUALITY = 90
BUNDLE = load_single("fast")


@dataclass(frozen=True, slots=True)
class Moved:
    """One picture's probabilities: decoded in full, to half, and in full with noise."""

    kind: str
    name: str
    width: int
    height: int
    full: float
    half: float
    noise: float | None = None

    @property
    def remaining(self) -> float:
        """The short side after halving, as a multiple of that which views are cut from."""
        return min(self.width, self.height) / 2 / BUNDLE.config.views.short_side


def read_rows(path: Path = OUT) -> list[Moved]:
    """What was measured, of the model that the file names."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return [Moved(*row) for row in kept["rows"]]


@cache
def _session() -> Session:
    return open_session(BUNDLE)


def probability(small: Image.Image) -> float:
    """Of the small picture that views are cut from."""
    views = make_crops(small, BUNDLE.config.views)
    logit = fmean(_session().run(views.unique, views.inverse).logits)
    return round(probability_of(logit, BUNDLE.config.calibration), 5)


def small_of(data: bytes, shrink: ShrinkPolicy | None) -> Image.Image:
    """A JPEG to the small picture, as a scan does it."""
    recipe = BUNDLE.config
    opened = OpenedPicture(data)
    return opened.decode_for_crops(recipe.decode, Limits(), recipe.views, shrink)[0][0].picture


def moved(kind: str, name: str, data: bytes, rng: np.random.Generator | None = None) -> Moved:
    """A JPEG of any size, decoded in full and to half."""
    facts = OpenedPicture(data).info
    half = ShrinkPolicy(least_side=min(facts.width, facts.height) // 2)
    small = small_of(data, None)
    full, halved = probability(small), probability(small_of(data, half))
    noise = None if rng is None else probability(noised(small, rng))
    return Moved(kind, name, facts.width, facts.height, full, halved, noise)


def noised(small: Image.Image, rng: np.random.Generator) -> Image.Image:
    samples = np.asarray(small).astype(np.int16)
    steps = rng.integers(-1, 2, samples.shape) * (rng.random(samples.shape) < 0.15)
    return Image.fromarray(np.clip(samples + steps, 0, 255).astype(np.uint8))


def as_jpeg(picture: Image.Image) -> bytes:
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=QUALITY)
    return stored.getvalue()


def enlarged(picture: Image.Image, name: str, number: int) -> Moved:
    scale = SIDE / min(picture.size)
    size = (round(picture.width * scale), round(picture.height * scale))
    data = as_jpeg(picture.resize(size, Image.Resampling.LANCZOS))
    return moved("enlarged", name, data, np.random.default_rng(number))


def mosaic(tiles: list[Image.Image], number: int) -> Moved:
    rng = np.random.default_rng(number)
    picture = Image.new("RGB", (SIDE, SIDE))
    side = picture.width // ACROSS
    for place, tile in enumerate(rng.choice(len(tiles), ACROSS**2, replace=False).tolist()):
        picture.paste(tiles[tile], (place % ACROSS * side, place // ACROSS * side))
    return moved("mosaic", f"mosaic {number}", as_jpeg(picture), rng)


def decoded(path: Path) -> Image.Image:
    return OpenedPicture(path.read_bytes()).decode(BUNDLE.config.decode, Limits(), LEAST)[0]


def tile_of(path: Path) -> Image.Image:
    picture = decoded(path)
    left, upper = (picture.width - TILE) // 2, (picture.height - TILE) // 2
    return picture.crop((left, upper, left + TILE, upper + TILE))


def usable(folder: Path) -> Iterator[tuple[Path, str, int, int]]:
    """Path, format, width and height of the folder's pictures, in the same order every time."""
    paths = sorted(folder.iterdir())
    random.Random(1).shuffle(paths)
    for path in paths:
        try:
            facts = OpenedPicture(path.read_bytes()).info
            decoded(path)
        except PictureError:
            continue
        yield path, facts.format, facts.width, facts.height


def measure(folder: Path) -> Iterator[Moved]:
    """Every picture of every kind."""
    found = list(usable(folder))
    fit = [
        path
        for path, _, *size in found
        if min(size) >= TILE
        and max(size) < MOST_ASPECT * min(size)
        and size[0] * size[1] < MOST_PIXELS
    ]
    tiles = [tile_of(path) for path in fit[:CHOSEN]]
    calls: list[Callable[[], Moved]] = []
    for number in range(EACH):
        path = fit[number % len(fit)]
        calls.append(partial(_enlarged, path, 2 * number))
        calls.append(partial(mosaic, tiles, 2 * number + 1))
    for path, form, *_ in found:
        if form == "JPEG":
            calls.append(partial(_as_it_is, path))
    return ordered_calls(calls, default_workers())


def _enlarged(path: Path, number: int) -> Moved:
    return enlarged(decoded(path), path.stem[:16], number)


def _as_it_is(path: Path) -> Moved:
    return moved("as it is", path.stem[:16], path.read_bytes())


def write_rows(rows: list[Moved], path: Path) -> None:
    lines = ",\n".join(json.dumps(list(asdict(row).values())) for row in rows)
    head = json.dumps({"model": BUNDLE.config.model.sha256})[:-1]
    path.write_text(f'{head}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    rows = []
    for row in measure(options.folder):
        rows.append(row)
        print(f"\r{len(rows)}", end="", file=sys.stderr, flush=True)
    write_rows(rows, options.out)
    print()


if __name__ == "__main__":
    main()
