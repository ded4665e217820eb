"""How often the watermark reader finds a mark where there is none.

    python -m tools.watermark_false_alarms CORPUS [FOLDER] [--out docs/watermarks.json]

Reads the pictures that ``CORPUS/manifest.csv`` labels human, the pictures of FOLDER whose names
begin with ``ctl_`` and 120 made-up ones: flat and shaded areas, noise, stripes, lines. None is
marked. A corpus in its normal form is JPEG, 320 pixels on the short side: about a tenth of the
blocks of a whole picture, so that chance has more room there than in a picture as downloaded.

"Chance" is the binomial tail for independent fair bits, for all ways of reading together.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, UnidentifiedImageError

from tegaki.metadata.pixels.watermark import PAYLOADS, Payload, find_watermark, score_watermarks

Pixels = npt.NDArray[np.uint8]

WAYS = 3  # of reading one picture
SIDES = (1024, 768)  # height and width of the made-up pictures


def human_pictures(corpus: Path) -> Iterator[Pixels]:
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as file:
        paths = [corpus / row["file"] for row in csv.DictReader(file) if row["label"] == "human"]
    yield from decoded(paths)


def decoded(paths: Iterable[Path]) -> Iterator[Pixels]:
    for path in paths:
        try:
            with Image.open(path) as image:
                yield np.asarray(image.convert("RGB"))
        except UnidentifiedImageError:
            print(f"left out, not a picture: {path.name}", file=sys.stderr)


def made_up() -> Iterator[Pixels]:
    rng = np.random.default_rng(0)
    for _ in range(20):
        for draw in (flat, shaded, noisy, striped, inked, dithered):
            yield draw(rng)


def flat(rng: np.random.Generator) -> Pixels:
    return np.full((*SIDES, 3), rng.integers(0, 256, 3), np.uint8)


def shaded(rng: np.random.Generator) -> Pixels:
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(corners).resize(SIDES[::-1], Image.Resampling.BICUBIC))


def noisy(rng: np.random.Generator) -> Pixels:
    return rng.integers(0, 256, (*SIDES, 3)).astype(np.uint8)


def striped(rng: np.random.Generator) -> Pixels:
    period = int(rng.integers(8, 500))
    colours = rng.integers(0, 256, (2, 3))
    stripes = np.arange(SIDES[1]) // period % 2
    return np.broadcast_to(colours[stripes], (*SIDES, 3)).astype(np.uint8)


def inked(rng: np.random.Generator) -> Pixels:
    image = Image.new("RGB", SIDES[::-1], tuple(rng.integers(200, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        points = rng.integers(0, 1024, 8).tolist()
        draw.line(points, fill=tuple(rng.integers(0, 120, 3).tolist()), width=3, joint="curve")
        box = np.sort(rng.integers(0, 1024, (2, 2)), axis=0).ravel().tolist()
        draw.rectangle(box, outline="black", fill=tuple(rng.integers(0, 256, 3).tolist()))
    return np.asarray(image)


def dithered(rng: np.random.Generator) -> Pixels:
    image = Image.fromarray(shaded(rng))
    return np.asarray(image.quantize(int(rng.integers(4, 64))).convert("RGB"))


def chance(payload: Payload) -> float:
    bits = len(payload.bits)
    tail = sum(comb(bits, matched) for matched in range(payload.least, bits + 1))
    return WAYS * tail * 0.5**bits


def measured(title: str, pictures: Iterator[Pixels]) -> dict[str, Any]:
    """Counts of one set: pictures looked at, and for each payload its hits and its best score."""
    looked = 0
    hits = dict.fromkeys((payload.name for payload in PAYLOADS), 0)
    best = dict(hits)
    for rgb in pictures:
        scores = list(score_watermarks(rgb))
        looked += bool(scores)
        for _, score in scores:
            best[score.payload] = max(best[score.payload], score.matched)
        for hit in find_watermark(rgb):
            hits[hit.payload] += 1
    return {"set": title, "pictures": looked, "hits": hits, "best": best}


def printed(found: dict[str, Any]) -> None:
    print(f"\n{found['set']}: {found['pictures']} pictures of 256 x 256 pixels or more")
    print(f"{'payload':<20}{'hits':>6}{'best':>7}{'needed':>8}{'bits':>6}{'chance':>10}")
    for payload in PAYLOADS:
        name = payload.name
        print(
            f"{name:<20}{found['hits'][name]:>6}{found['best'][name]:>7}{payload.least:>8}"
            f"{len(payload.bits):>6}{chance(payload):>10.1e}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("controls", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, help="also write the counts, as JSON")
    options = parser.parse_args()
    sets = [("Human pictures of the corpus", human_pictures(options.corpus))]
    if options.controls is not None:
        sets.append(("Other files", decoded(sorted(options.controls.glob("ctl_*")))))
    sets.append(("Made-up pictures", made_up()))
    found = [measured(title, pictures) for title, pictures in sets]
    for each in found:
        printed(each)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
