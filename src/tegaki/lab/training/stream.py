"""Training batches from shards: sequential reads, bounded memory, the same draws every time.

Shards are read whole and in turn, in an order drawn anew each epoch. What is read waits in a chunk
of at most ``CHUNK`` bytes, is shuffled there and handed on, so memory does not depend on the size
of the set and a hard disk reads in one direction. Pictures of a split stand in a drawn order in
the shards already, so a chunk is a fair sample.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.errors import CorpusError
from tegaki.imaging import normalise
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.training.augment import training_view
from tegaki.lab.training.letterbox import letterbox, scaled, warped
from tegaki.lab.training.recipes import AugmentPolicy, Stage, TrainingRecipe, Warp

CHUNK = 96 * 1024 * 1024
Rng = np.random.Generator
T = TypeVar("T")


def sample_epoch(
    shards: ShardSet, recipe: TrainingRecipe, stage: int, epoch: int
) -> Iterator[Sample]:
    """The training pictures of one epoch, in the order in which they are drawn."""
    rng = np.random.default_rng((recipe.seed, stage, epoch))
    if recipe.draws == "once":
        for chunk in _chunks(_mixed(shards, rng)):
            yield from (chunk[i] for i in rng.permutation(len(chunk)))
        return
    yield from islice(_balanced(shards, rng), epoch_size(shards, recipe, stage))


def epoch_size(shards: ShardSet, recipe: TrainingRecipe, stage: int) -> int:
    """Draws in one epoch: every training picture once, or as many in whole batches."""
    size, batch = shards.size("train"), recipe.stages[stage].batch
    return size if recipe.draws == "once" else size // batch * batch


def _mixed(shards: ShardSet, rng: Rng) -> Iterator[Sample]:
    order = rng.permutation(len(shards.shards.get("train", ())))
    return shards.stream("train", order.tolist())


def _chunks(stream: Iterable[Sample]) -> Iterator[list[Sample]]:
    chunk: list[Sample] = []
    waiting = 0
    for sample in stream:
        chunk.append(sample)
        waiting += len(sample.data)
        if waiting >= CHUNK:
            yield chunk
            chunk, waiting = [], 0
    if chunk:
        yield chunk


def _balanced(shards: ShardSet, rng: Rng) -> Iterator[Sample]:
    """Human and generated in turn, for ever; a source weighs as the root of its size."""
    wanted = _expected_draws(shards)
    halves: dict[bool, list[Sample]] = {False: [], True: []}
    for _ in count():
        for chunk in _chunks(_mixed(shards, rng)):
            for sample in chunk:
                times = wanted[sample.generated, sample.source]
                # Whole times for certain, the rest by chance: right on average for any stream.
                halves[sample.generated] += [sample] * int(times + rng.random())
            human, generated = ([half[i] for i in rng.permutation(len(half))]
                                for half in halves.values())  # fmt: skip
            for pair in zip(human, generated, strict=False):
                yield from pair
            pairs = min(len(human), len(generated))
            halves = {False: human[pairs:], True: generated[pairs:]}


def _expected_draws(shards: ShardSet) -> dict[tuple[bool, str], float]:
    """How often a picture of each label and source is drawn in an epoch, on average."""
    half = shards.size("train") / 2
    wanted = {}
    for label, sources in shards.counts["train"].items():
        roots = sum(size**0.5 for size in sources.values())
        for source, size in sources.items():
            wanted[label == "generated", source] = half * size**0.5 / roots / size
    return wanted


Transform = Callable[[bytes, Rng], npt.NDArray[np.float32]]
"""What becomes of a stored picture, by chance, before the network sees it."""


def batches(
    shards: ShardSet,
    recipe: TrainingRecipe,
    stage: int,
    epoch: int,
    transform: Transform,
    *,
    skip: int = 0,
    workers: int = 2,
    share: tuple[int, int] = (0, 1),
) -> Iterator[tuple[Tensor, Tensor]]:
    """What ``transform`` gives, stacked, and labels float32 ``(batch,)``, 1 = generated.

    Args:
        skip: whole batches to leave out at the start (a run that goes on); they are read, not
            decoded.
        workers: threads that decode and augment. Draw k depends on (seed, stage, epoch, k) alone.
        share: this process' number and how many there are; each takes its part of every batch.
    """
    batch = recipe.stages[stage].batch
    rank, world = share
    whole = epoch_size(shards, recipe, stage) // world * world
    numbered = enumerate(sample_epoch(shards, recipe, stage, epoch))
    mine = islice(numbered, skip * batch + rank, whole, world)

    def view(pair: tuple[int, Sample]) -> tuple[npt.NDArray[np.float32], bool]:
        k, sample = pair
        rng = np.random.default_rng((recipe.seed, stage, epoch, k))
        return transform(sample.data, rng), sample.generated

    for group in batched(ordered_map(view, mine, workers), batch // world):
        views, labels = zip(*group, strict=True)
        yield torch.from_numpy(np.stack(views)), torch.tensor(labels, dtype=torch.float32)


def training_input(
    data: bytes, recipe: TrainingRecipe, stage: Stage, rng: Rng
) -> npt.NDArray[np.float32]:
    """One stored picture as the network learns from it: float32 ``(3, size, size)`` in [-1, 1]."""
    picture, size = open_picture(data), recipe.views.size
    if recipe.look == "squares":
        assert isinstance(stage.augmentation, AugmentPolicy)
        return training_view(normalise(picture, recipe.views), size, stage.augmentation, rng)
    levels = letterbox(picture, size)
    if isinstance(stage.augmentation, Warp):
        levels = warped(levels, stage.augmentation, rng)
    return scaled(levels)


def open_picture(data: bytes) -> Image.Image:
    """A picture of a shard: they are all in the normal form, so nothing is left to decide.

    Raises:
        CorpusError: it is damaged.
    """
    try:
        with Image.open(io.BytesIO(data)) as stored:
            return stored.convert("RGB")
    except (OSError, ValueError, SyntaxError) as problem:
        raise CorpusError(f"a picture of the shards is damaged; build them anew: {problem}") from (
            problem
        )


def load_batches(
    samples: Iterable[Sample],
    transform: Callable[[Sample], npt.NDArray[np.float32]],
    workers: int,
    batch: int = 16,
) -> Iterator[tuple[list[Sample], Tensor]]:
    """Samples and their views ``(n * views, 3, size, size)``, in order, ``batch`` at a time."""
    done = ordered_map(lambda sample: (sample, transform(sample)), samples, workers)
    for group in batched(done, batch):
        chosen, views = zip(*group, strict=True)
        yield list(chosen), torch.from_numpy(np.concatenate(views))


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` things; the last may be shorter."""
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
