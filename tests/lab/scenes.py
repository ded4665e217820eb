"""Pictures that resemble nothing but themselves: no two seeds are near-duplicates."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tegaki.lab.corpus import Item
from tegaki.lab.corpus.shards import ShardSet


def scene(seed: int, width: int = 400, height: int = 300) -> Image.Image:
    """Patches of random colours, RGB."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)


def contents(shards: ShardSet) -> dict[str, bytes]:
    """The bytes of every file of a set, by name."""
    return {path.name: path.read_bytes() for path in shards.folder.iterdir()}


def by_path(items: tuple[Item, ...]) -> dict[str, Item]:
    """Items of folders by their path in the folder."""
    return {item.origin_path: item for item in items}
