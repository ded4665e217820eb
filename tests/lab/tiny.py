"""Recipes and shards small enough to train in a second or two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki.lab.corpus import ShardSet, load_corpus
from tegaki.lab.corpus.build import build_from_items
from tegaki.lab.training.recipes import RECIPES, TrainingRecipe
from tegaki.results.scoring_config import CropPolicy
from tests.lab.little_corpus import PER_LABEL, write_corpus

SMALL = CropPolicy(size=64)


def tiny(name: str, epochs: int = 2, **changes: object) -> TrainingRecipe:
    """A shipped recipe on 64-pixel views, batches of 8, no start weights."""
    recipe = RECIPES[name]
    stages = tuple(replace(s, epochs=min(epochs, s.epochs), batch=8) for s in recipe.stages)
    recipe = replace(recipe, stages=stages, start=None, views=SMALL, micro_batch=4)
    return replace(recipe, **changes)  # type: ignore[arg-type]


def little_shards(folder: Path, per_label: dict[str, int] = PER_LABEL) -> ShardSet:
    """Shards of the little corpus."""
    corpus = load_corpus(write_corpus(folder / "corpus", per_label))
    return build_from_items(corpus.items, folder / "shards")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small steps on several threads wait for each other longer than they work."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
