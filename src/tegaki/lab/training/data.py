"""What a network is fed while it trains: pictures, or the cached features of a fixed backbone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tegaki.errors import TrainingError
from tegaki.imaging import make_crops
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.frozen import FrozenLayers
from tegaki.lab.training.distillation import TeacherNetwork
from tegaki.lab.training.distributed import World
from tegaki.lab.training.feature_cache import FeatureCache
from tegaki.lab.training.letterbox import letterbox, scaled
from tegaki.lab.training.recipes import TrainingRecipe
from tegaki.lab.training.stream import (
    batched,
    batches,
    epoch_size,
    load_batches,
    open_picture,
    training_input,
)

Batch = tuple[Tensor, Tensor]


class Inputs(Protocol):
    """What :class:`tegaki.lab.training.trainer.Trainer` needs to know of its data."""

    def steps(self, stage: int) -> int:
        """Batches in one epoch."""

    def batches(self, stage: int, epoch: int, skip: int) -> Iterator[Batch]:
        """Inputs and labels float32 ``(batch,)`` of one epoch, from batch ``skip`` on."""

    def logits(self, network: nn.Module, batch: Tensor) -> Tensor:
        """float32 ``(batch,)``, on the network's device."""

    def validate(self, network: Classifier, stage: int) -> tuple[Scores, Labels]:
        """Logits and labels of split ``val``."""


class PictureInputs:
    """Pictures are decoded and augmented while the network learns."""

    def __init__(
        self,
        network: Classifier,
        shards: ShardSet,
        recipe: TrainingRecipe,
        _: Path,
        workers: int,
        world: World,
    ) -> None:
        self.network = network
        self.shards, self.recipe, self.workers, self.world = shards, recipe, workers, world
        self._frozen: tuple[int, FrozenLayers] | None = None

    def steps(self, stage: int) -> int:
        return -(-epoch_size(self.shards, self.recipe, stage) // self.recipe.stages[stage].batch)

    def batches(self, stage: int, epoch: int, skip: int) -> Iterator[Batch]:
        plan = self.recipe.stages[stage]
        frozen = self._frozen_layers(stage)

        def transform(data: bytes, rng: np.random.Generator) -> npt.NDArray[np.float32]:
            view = training_input(data, self.recipe, plan, rng)
            return view if frozen is None else frozen(view)

        share = (self.world.rank, self.world.size)
        return batches(
            self.shards, self.recipe, stage, epoch, transform,
            skip=skip, workers=self.workers, share=share,
        )  # fmt: skip

    def logits(self, network: nn.Module, batch: Tensor) -> Tensor:
        batch, start = self._sent(batch)
        with self._precision():
            logits: Tensor = network(batch, start)
        return logits.float()

    def distill(
        self, teaching: TeacherNetwork, student: nn.Module, batch: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As :meth:`tegaki.lab.training.distillation.TeacherNetwork.logits`."""
        batch, start = self._sent(batch)
        with self._precision():
            return teaching.logits(student, batch, start)

    def _sent(self, batch: Tensor) -> tuple[Tensor, int]:
        """The batch on the device, and the layer that comes next."""
        start = 0 if self._frozen is None else self._frozen[0]
        return batch.to(self.world.device, memory_format=torch.channels_last), start

    def _precision(self) -> torch.autocast:
        lower = self.recipe.precision == "bf16"
        return torch.autocast(self.world.device.type, dtype=torch.bfloat16, enabled=lower)

    def _frozen_layers(self, stage: int) -> FrozenLayers | None:
        """The layers that do not learn in this stage, made once a stage; on a CPU only."""
        count = self.network.frozen_layers(self.recipe.stages[stage].trained)
        if not count or self.world.device.type != "cpu":
            self._frozen = None
        elif self._frozen is None or self._frozen[0] != count:
            layers = FrozenLayers(self.network, count, self.recipe.views.size)
            self._frozen = (count, layers)
        return None if self._frozen is None else self._frozen[1]

    def validate(self, network: Classifier, stage: int) -> tuple[Scores, Labels]:
        frozen = self._frozen_layers(stage)

        def transform(sample: Sample) -> npt.NDArray[np.float32]:
            views = views_of(sample.data, self.recipe, stage)
            return views if frozen is None else np.stack([frozen(view) for view in views])

        scores: list[float] = []
        labels: list[bool] = []
        with torch.inference_mode():
            for samples, views in load_batches(self.shards.stream("val"), transform, self.workers):
                logits = self.logits(network, views).cpu().numpy()
                scores += logits.reshape(len(samples), -1).mean(axis=1).tolist()
                labels += [sample.generated for sample in samples]
        return np.array(scores, dtype=np.float64), np.array(labels)


def views_of(data: bytes, recipe: TrainingRecipe, stage: int) -> npt.NDArray[np.float32]:
    """A picture as it is judged while watching ``val``: float32 ``(views, 3, size, size)``."""
    picture = open_picture(data)
    if recipe.look == "squares":
        return make_crops(picture, recipe.views).stacked()
    view = scaled(letterbox(picture, recipe.views.size))
    if recipe.validate_in_place:
        for _ in range(stage):
            view = view / np.float32(127.5) - np.float32(1)
    return view[None]


class FeatureInputs:
    """The backbone is fixed and nothing is augmented: its features are computed once."""

    def __init__(
        self,
        network: Classifier,
        shards: ShardSet,
        recipe: TrainingRecipe,
        folder: Path,
        workers: int,
        world: World,
    ) -> None:
        if recipe.look != "letterbox":
            raise TrainingError(f"recipe {recipe.name!r} trains on features of letterboxed views")
        self.recipe, self.world = recipe, world

        cache = FeatureCache(network, shards, folder, recipe.views.size, workers)
        self.train, self.val = (cache.split(name, ("plain",)) for name in ("train", "val"))

    def steps(self, stage: int) -> int:
        return -(-self.train.size // self.recipe.stages[stage].batch)

    def batches(self, stage: int, epoch: int, skip: int) -> Iterator[Batch]:
        rng = np.random.default_rng((self.recipe.seed, stage, epoch))
        size = self.recipe.stages[stage].batch
        number = 0
        order = rng.permutation(self.train.chunks).tolist()
        for chunk, rows in zip(order, self.train.rows("plain", order), strict=True):
            labels = self.train.labels(chunk)
            for drawn in batched(rng.permutation(len(rows)).tolist(), size):
                if number >= skip:
                    truth = torch.from_numpy(labels[drawn].astype(np.float32))
                    yield torch.from_numpy(rows[drawn]), truth
                number += 1

    def logits(self, network: nn.Module, batch: Tensor) -> Tensor:
        assert isinstance(network, Classifier)
        return network.classify(batch.to(self.world.device))

    def validate(self, network: Classifier, stage: int) -> tuple[Scores, Labels]:
        with torch.inference_mode():
            logits = [
                self.logits(network, torch.from_numpy(rows.copy())).cpu().numpy()
                for rows in self.val.rows("plain")
            ]
        return np.concatenate(logits).astype(np.float64), self.val.generated
