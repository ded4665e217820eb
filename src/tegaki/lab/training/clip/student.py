"""The fast model: a small network taught by labels, the careful model's logits and its tokens.

For each crop of a picture the student answers for three things: the label; the careful model's
logit, by a head that had not seen the picture's source; and, cell by cell, the careful model's
tokens after a middle block, through a 1x1 convolution that is left behind afterwards (Romero et
al., "FitNets: Hints for Thin Deep Nets", ICLR 2015).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.config import (
    IMAGENET_160,
    LITE0,
    Backbone,
    NetworkPlan,
    StartWeights,
    check_fields,
)
from tegaki.lab.training.clip.lessons import Batch, DistillationBatches

_SAVE_EVERY = 120.0  # seconds
_LOG_EVERY = 50  # steps


@dataclass(frozen=True, slots=True)
class StudentPlan:
    """How a student learns. ``dense`` and ``logit`` weigh beside the loss of the labels.

    ``area``: share of the picture that a crop takes. ``averaging``: how much of the running
    average of the weights each step keeps.
    """

    network: NetworkPlan
    start: StartWeights
    size: int = 160
    steps: int = 2400
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    averaging: float = 0.998
    components: int = 192
    dense: float = 1.0
    logit: float = 0.3
    area: tuple[float, float] = (0.4, 1.0)
    seed: int = 42

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def cells(self) -> int:
        """Side of the grid that the network ends with."""
        return self.size // 32


def _plan(backbone: Backbone, attention: bool, start: StartWeights) -> StudentPlan:
    return StudentPlan(NetworkPlan(backbone, attention, (), (), 0.1), start)


FAST = {
    "fast": _plan("efficientnet-lite0", False, LITE0),
    "fast-attention": _plan("efficientnet-lite0", True, LITE0),
    "fast-mobilenetv2": _plan("mobilenetv2", False, IMAGENET_160),
    "fast-mobilenetv2-attention": _plan("mobilenetv2", True, IMAGENET_160),
}
"""The candidates by name; the first one ships."""


class Student(nn.Module):
    """A classifier whose last feature map also answers for the teacher's tokens."""

    def __init__(self, network: Classifier, components: int) -> None:
        super().__init__()
        self.network = network
        self.bridge = nn.Conv2d(network.channels, components, 1)

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """float ``(n, 3, size, size)`` to logits ``(n,)`` and ``(n, components, cells, cells)``."""
        maps = self.network.features(views)
        return self.network.classify(maps.mean(dim=(2, 3))), self.bridge(maps)


class StudentRun:
    """One run in one folder; started again it goes on from its last checkpoint."""

    def __init__(
        self, plan: StudentPlan, weights: Path, lessons: DistillationBatches, folder: Path
    ) -> None:
        self.plan, self.lessons, self.folder = plan, lessons, folder
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        network = Classifier(plan.network)
        network.load_backbone(weights)
        self.student = Student(network, plan.components)
        self.student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = {k: v.clone() for k, v in self.student.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.student.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, plan.learning_rate, total_steps=plan.steps, pct_start=0.15
        )
        self.step = 0
        self._resume()

    def run(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Train to the end."""
        saved = time.monotonic()
        sums, started, first = np.zeros(4), time.monotonic(), self.step
        self.student.train()
        while self.step < self.plan.steps:
            rng = np.random.default_rng((self.plan.seed, self.step))
            for batch in self.lessons.batches(1, self.plan.batch, rng):
                sums += self._train_step(batch)
            self.step += 1
            progress(self.step)
            if self.step % _LOG_EVERY == 0:
                rate = (self.step - first) * self.plan.batch / (time.monotonic() - started)
                self._report(sums / _LOG_EVERY, rate)
                sums = np.zeros(4)
            if time.monotonic() - saved > _SAVE_EVERY:
                self._save()
                saved = time.monotonic()
        self._save()

    def network(self) -> Classifier:
        """The averaged network, ready for use."""
        found = Student(Classifier(self.plan.network), self.plan.components)
        found.load_state_dict(self.average)
        return found.network.eval()

    def _train_step(self, batch: Batch) -> tuple[float, float, float, float]:
        plan = self.plan
        logits, cells = self.student(batch.views.contiguous(memory_format=torch.channels_last))
        label = functional.binary_cross_entropy_with_logits(logits, 0.95 * batch.labels + 0.025)
        taught = functional.smooth_l1_loss(logits, batch.logits)
        dense = functional.mse_loss(cells, batch.targets)
        loss = label + plan.logit * taught + plan.dense * dense
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        keep = min(plan.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.student.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)
        right = float(((logits > 0) == (batch.labels > 0.5)).float().mean())
        return label.item(), taught.item(), dense.item(), right

    def _report(self, means: np.ndarray[tuple[int], np.dtype[np.float64]], rate: float) -> None:
        names = ("label", "logit", "dense", "accuracy")
        line = {name: round(float(v), 4) for name, v in zip(names, means, strict=True)}
        line |= {"step": self.step, "pictures_per_second": round(rate, 1)}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        state = {
            "plan": asdict(self.plan), "step": self.step, "student": self.student.state_dict(),
            "average": self.average, "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }  # fmt: skip
        partial = self.folder / "checkpoint.partial"
        torch.save(state, partial)
        os.replace(partial, self.folder / "checkpoint.pt")

    def _resume(self) -> None:
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.step = state["step"]
        self.student.load_state_dict(state["student"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
