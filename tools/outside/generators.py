"""Every program that draws pictures: its category, its split, how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tools.outside import charts, diagrams, documents, patterns, scenes, screens
from tools.outside.lettering import Lettering

Draw = Callable[[np.random.Generator, Lettering], Image.Image]


@dataclass(frozen=True, slots=True)
class Generator:
    """One program; a program's pictures are all in one split."""

    name: str
    category: str
    split: str
    count: int
    draw: Draw


def _plain(draw: Callable[[np.random.Generator], Image.Image]) -> Draw:
    return lambda rng, fonts: draw(rng)


GENERATORS = (
    Generator("terminal", "screenshot", "train", 20, screens.terminal),
    Generator("editor", "screenshot", "train", 16, screens.editor),
    Generator("chat", "screenshot", "train", 12, screens.chat),
    Generator("desktop", "screenshot", "test", 16, screens.desktop),
    Generator("spreadsheet", "screenshot", "test", 14, screens.spreadsheet),
    Generator("phone", "screenshot", "test", 14, screens.phone),
    Generator("page", "text", "train", 24, documents.page),
    Generator("specimen", "text", "train", 14, documents.specimen),
    Generator("receipt", "text", "train", 12, documents.receipt),
    Generator("scan", "text", "test", 22, documents.scan),
    Generator("slide", "text", "test", 16, documents.slide),
    Generator("upright", "text", "test", 12, documents.upright),
    Generator("chart", "plot", "train", 26, charts.chart),
    Generator("surface", "plot", "train", 10, charts.surface),
    Generator("field", "plot", "test", 24, charts.field),
    Generator("flowchart", "plot", "train", 14, diagrams.flowchart),
    Generator("network", "plot", "test", 12, diagrams.network),
    Generator("circuit", "plot", "test", 12, diagrams.circuit),
    Generator("street_map", "other", "test", 12, diagrams.street_map),
    Generator("floor_plan", "other", "train", 12, diagrams.floor_plan),
    Generator("scan_code", "other", "train", 10, diagrams.scan_code),
    Generator("icons", "other", "test", 14, diagrams.icons),
    Generator("white_noise", "noise", "train", 14, _plain(patterns.white_noise)),
    Generator("power_noise", "noise", "test", 16, _plain(patterns.power_noise)),
    Generator("weave", "noise", "test", 10, _plain(patterns.weave)),
    Generator("cells", "noise", "train", 14, _plain(patterns.cells)),
    Generator("gradient", "pattern", "train", 14, _plain(patterns.gradient)),
    Generator("stripes", "pattern", "train", 12, _plain(patterns.stripes)),
    Generator("tiles", "pattern", "test", 14, _plain(patterns.tiles)),
    Generator("fractal", "pattern", "train", 10, _plain(patterns.fractal)),
    Generator("blobs", "pattern", "test", 12, _plain(patterns.blobs)),
    Generator("marched", "render", "train", 24, scenes.marched),
    Generator("traced", "render", "test", 30, scenes.traced),
)


def drawn(generator: Generator, seed: int, fonts: Lettering) -> Iterator[tuple[str, Image.Image]]:
    """The generator's pictures, each with its name; one seed gives the same ones everywhere."""
    for k in range(generator.count):
        rng = np.random.default_rng([seed, *generator.name.encode(), k])
        yield f"{generator.name}-{k:03d}", generator.draw(rng, fonts)
