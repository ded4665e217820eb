"""Optimizer, schedule, average and stopping of one stage of a run."""

from __future__ import annotations

import copy
import dataclasses
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tegaki.lab.models.classifier import Classifier
from tegaki.lab.training.callbacks import EarlyStopping, ReduceOnPlateau
from tegaki.lab.training.distillation import StudentWithBridge
from tegaki.lab.training.distributed import World
from tegaki.lab.training.recipes import Stage


class StageRun:
    """What changes while a stage runs, and can be saved and loaded."""

    def __init__(
        self,
        network: Classifier,
        plan: Stage,
        steps: int,
        world: World,
        student: StudentWithBridge | None = None,
    ) -> None:
        self.network, self.plan, self.student = network, plan, student
        network.set_trainable(plan.trained)
        whole = student or network
        trainable = [p for p in whole.parameters() if p.requires_grad]
        self.trainable = trainable
        self.optimizer = _optimizer(plan, trainable)
        self.parallel = world.parallel(whole)
        self.schedule = None
        if plan.schedule == "one-cycle":
            self.schedule = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, plan.learning_rate, plan.epochs * steps, pct_start=plan.warmup
            )
        self.averaged: AveragedModel | None = None
        if plan.averaging:
            average = get_ema_multi_avg_fn(plan.averaging)  # type: ignore[no-untyped-call]
            self.averaged = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
        self.stopping = EarlyStopping(plan.patience)
        self.plateau = ReduceOnPlateau(plan.plateau)
        self.best: dict[str, Tensor] | None = None

    @property
    def learning_rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def gradient_sync(self, last: bool) -> AbstractContextManager[None]:
        """Gradients are exchanged between processes once a batch, with its last part."""
        if last or not isinstance(self.parallel, DistributedDataParallel):
            return nullcontext()
        return self.parallel.no_sync()

    def step(self) -> None:
        if self.plan.clip:
            nn.utils.clip_grad_norm_(self.trainable, self.plan.clip)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)

    def eval_model(self) -> Classifier:
        """The network whose ``val`` figures count."""
        network = self.network if self.averaged is None else self.averaged.module
        assert isinstance(network, Classifier)
        return network.eval()

    def on_validation_end(self, accuracy: float, loss: float) -> None:
        """Take an epoch's ``val`` figures: keep the best network, lower the rate."""
        if self.stopping.update(accuracy):
            self.best = copy.deepcopy(self.eval_model().state_dict())
        if self.plan.plateau:
            for group in self.optimizer.param_groups:
                group["lr"] = self.plateau.update(loss, group["lr"])

    def best_state(self) -> dict[str, Tensor]:
        return self.eval_model().state_dict() if self.best is None else self.best

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.schedule is None else self.schedule.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "stopping": dataclasses.asdict(self.stopping),
            "plateau": dataclasses.asdict(self.plateau),
            "best": self.best,
            "bridge": None if self.student is None else self.student.bridge.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.stopping = EarlyStopping(**state["stopping"])
        self.plateau = ReduceOnPlateau(**state["plateau"])
        self.best = state["best"]
        if self.student is not None:
            self.student.bridge.load_state_dict(state["bridge"])


def _optimizer(plan: Stage, trainable: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Keras' defaults where the seed used Keras' optimizers."""
    rate, decay = plan.learning_rate, plan.weight_decay
    if plan.optimizer == "adamw":
        return torch.optim.AdamW(trainable, rate, weight_decay=decay)
    if plan.optimizer == "adam":
        return torch.optim.Adam(trainable, rate, eps=1e-7, weight_decay=decay)
    return torch.optim.RMSprop(trainable, rate, alpha=0.9, eps=1e-7, weight_decay=decay)
