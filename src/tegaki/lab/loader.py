"""Training batches: balanced draws, reproducible whatever the number of workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tegaki.lab.augment import training_view
from tegaki.lab.corpus import Item
from tegaki.lab.recipes import TrainingRecipe
from tegaki.pictures import normalise


def draw_epoch(items: Sequence[Item], recipe: TrainingRecipe, epoch: int) -> list[int]:
    """Indices into ``items`` for one epoch: labels in turn, sources by the root of their size."""
    rng = np.random.default_rng((recipe.seed, epoch))
    count = len(items) // recipe.batch * recipe.batch
    halves = [_draw_label(items, generated, count // 2, rng) for generated in (False, True)]
    return [index for pair in zip(*halves, strict=True) for index in pair]


def _draw_label(
    items: Sequence[Item], generated: bool, count: int, rng: np.random.Generator
) -> list[int]:
    indices = [i for i, item in enumerate(items) if item.generated == generated]
    sizes = Counter(items[i].source for i in indices)
    weights = np.array([sizes[items[i].source] ** -0.5 for i in indices])
    drawn: list[int] = rng.choice(indices, count, p=weights / weights.sum()).tolist()
    return drawn


class _Draws(Dataset[tuple[Tensor, float]]):
    """Item k of an epoch depends on (seed, epoch, k) alone."""

    def __init__(self, items: Sequence[Item], recipe: TrainingRecipe, epoch: int) -> None:
        self.items = items
        self.recipe = recipe
        self.epoch = epoch
        self.order = draw_epoch(items, recipe, epoch)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, k: int) -> tuple[Tensor, float]:
        item = self.items[self.order[k]]
        rng = np.random.default_rng((self.recipe.seed, self.epoch, k))
        with Image.open(item.path) as stored:
            picture = normalise(stored.convert("RGB"), self.recipe.views)
        view = training_view(picture, self.recipe.views.size, self.recipe.augmentation, rng)
        return torch.from_numpy(view), float(item.generated)


def training_batches(
    items: Sequence[Item], recipe: TrainingRecipe, epoch: int, workers: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Views float32 ``(batch, 3, size, size)`` and labels float ``(batch,)``, 1 = generated."""
    loader: DataLoader[tuple[Tensor, float]] = DataLoader(
        _Draws(items, recipe, epoch), batch_size=recipe.batch, num_workers=workers
    )
    for views, labels in loader:
        yield views, labels.float()
