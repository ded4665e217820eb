"""Folders of pictures to build sets of, and what a set holds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from tegaki.lab.corpus import ShardSet, load_corpus
from tegaki.lab.corpus.build import BuildOptions, build
from tests.lab.scenes import scene

WORDS = b"painted with a well-known program"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Human pictures in many forms: three files in DIR, the rest in two sources."""
    folder = tmp_path_factory.mktemp("in") / "drawn"
    (folder / "alice" / "2020").mkdir(parents=True)
    (folder / "bob").mkdir()
    scene(1, 640, 480).save(folder / "a.png")
    scene(2, 640, 480).save(folder / "b.webp", lossless=True)
    scene(3, 640, 480).save(folder / "c.jpg", quality=92, comment=WORDS)
    turned = Image.Exif()
    turned[0x0112] = 6
    scene(4, 640, 480).save(folder / "alice" / "2020" / "turned.jpg", exif=turned)
    scene(5, 900, 300).save(folder / "alice" / "wide.bmp")
    cut_out = scene(6, 300, 280).convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (0, 0, 150, 280))
    cut_out.save(folder / "alice" / "alpha.png")
    scene(7, 500, 500).convert("P").save(folder / "bob" / "palette.gif")
    scene(8, 300, 400).convert("L").save(folder / "bob" / "grey.tiff")
    scene(9, 400, 300).save(folder / "bob" / "絵.avif")
    return folder


@pytest.fixture(scope="module")
def built(drawn: Path) -> ShardSet:
    return build(BuildOptions(human=(drawn,)), drawn.parent / "built")


def left_out(folder: Path) -> dict[str, tuple[str, str]]:
    with (folder / "left-out.csv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return {Path(r["picture"]).name: (r["reason"], r["detail"]) for r in rows}


def pictures(folder: Path) -> dict[str, bytes]:
    return {item.id: item.read() for item in load_corpus(folder).items}


def save_many(folder: Path, seeds: range, source: str) -> None:
    (folder / source).mkdir(parents=True)
    for seed in seeds:
        scene(seed, 280, 260).save(folder / source / f"{seed}.bmp")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> BuildOptions:
    """25 human and 25 generated pictures a source, two sources each, copies among them."""
    folder = tmp_path_factory.mktemp("many")
    for number, source in enumerate(("h1", "h2", "g1", "g2")):
        inputs = folder / ("human" if source[0] == "h" else "made")
        save_many(inputs, range(100 * number, 100 * number + 25), source)
    for seed in range(8):
        scene(seed, 400, 371).save(folder / "human" / "h1" / f"{seed} again.jpg", quality=70)
        scene(seed, 300, 278).save(folder / "human" / "h2" / f"{seed} elsewhere.webp")
    return BuildOptions(human=(folder / "human",), generated=(folder / "made",))
