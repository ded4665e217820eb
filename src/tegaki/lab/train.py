"""The training loop: resumable, reproducible, never near a test split."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tegaki.errors import TrainingError
from tegaki.lab.corpus import Corpus, Item
from tegaki.lab.loader import training_batches
from tegaki.lab.metrics import Scores, auc
from tegaki.lab.network import Enhanced
from tegaki.lab.recipes import TrainingRecipe
from tegaki.pictures import make_views

Progress = Callable[[int], None]
"""Called after a batch with the draws done since the first epoch."""

Tell = Callable[[str], None]
"""Called after an epoch with a line for people."""


@dataclass(frozen=True, slots=True)
class EpochLog:
    """One line of ``log.jsonl``. ``val_auc`` is watched; no epoch is chosen by it."""

    epoch: int
    loss: float
    accuracy: float
    val_auc: float
    pictures_per_second: float

    def line(self, epochs: int) -> str:
        return (
            f"epoch {self.epoch}/{epochs}  loss {self.loss:.4f}  accuracy {self.accuracy:.3f}  "
            f"val AUC {self.val_auc:.3f}  {self.pictures_per_second:.1f} pictures/s"
        )


class Trainer:
    """One run in one folder: ``checkpoint.pt`` (latest), ``log.jsonl``, ``recipe.json``."""

    def __init__(
        self,
        recipe: TrainingRecipe,
        corpus: Corpus,
        weights: Path | None,
        out: Path,
        workers: int = 2,
    ) -> None:
        self.recipe = recipe
        self.manifest_sha256 = corpus.manifest_sha256
        self.train = corpus.split("train")
        self.val = corpus.split("val")
        self.out = out
        self.workers = workers
        torch.manual_seed(recipe.seed)
        self.network = Enhanced()
        _start(self.network, recipe, weights)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.steps = len(self.train) // recipe.batch
        if not self.steps:
            raise TrainingError(
                f"{len(self.train)} training pictures are fewer than one batch of {recipe.batch}"
            )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            recipe.learning_rate,
            total_steps=recipe.epochs * self.steps,
            pct_start=recipe.warmup,
        )
        average = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
        self.averaged = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.epoch = 0
        self._prepare()

    def _prepare(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        note = self.out / "recipe.json"
        if not self._checkpoint.exists():
            note.write_text(json.dumps(dataclasses.asdict(self.recipe), indent=1) + "\n")
            (self.out / "log.jsonl").write_text("")
            return
        state = torch.load(self._checkpoint, weights_only=True)
        ours = {"recipe": self.recipe.hash, "corpus": self.manifest_sha256}
        for what, value in ours.items():
            if state[what] != value:
                raise TrainingError(
                    f"{self.out} holds a run of another {what}; name another folder, or remove it"
                )
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["rng"])
        self.epoch = state["epoch"]

    @property
    def _checkpoint(self) -> Path:
        return self.out / "checkpoint.pt"

    @property
    def draws(self) -> int:
        """Training pictures drawn in one epoch."""
        return self.steps * self.recipe.batch

    def run(self, progress: Progress, tell: Tell) -> Enhanced:
        """Train to the last epoch, a checkpoint after each; returns the averaged network."""
        while self.epoch < self.recipe.epochs:
            log = self._one_epoch(progress)
            self.epoch += 1
            self._save()
            with (self.out / "log.jsonl").open("a") as stream:
                stream.write(json.dumps(dataclasses.asdict(log)) + "\n")
            tell(log.line(self.recipe.epochs))
        return self._kept()

    def _kept(self) -> Enhanced:
        return cast(Enhanced, self.averaged.module.eval())

    def _one_epoch(self, progress: Progress) -> EpochLog:
        self.network.train()
        loss_function, smoothing = nn.BCEWithLogitsLoss(), self.recipe.label_smoothing
        started = time.perf_counter()
        done, loss_sum, right = 0, 0.0, 0
        for views, labels in training_batches(self.train, self.recipe, self.epoch, self.workers):
            views = views.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = self.network(views).float()
            softened = labels * (1 - smoothing) + smoothing / 2
            loss = loss_function(logits, softened)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimizer.step()
            self.schedule.step()
            self.averaged.update_parameters(self.network)
            done += len(labels)
            loss_sum += float(loss.detach()) * len(labels)
            right += int(((logits > 0) == (labels > 0.5)).sum())
            progress(self.epoch * self.draws + done)
        rate = done / (time.perf_counter() - started)
        generated = np.array([item.generated for item in self.val])
        val_auc = auc(score_items(self._kept(), self.val, self.recipe), generated)
        return EpochLog(self.epoch + 1, loss_sum / done, right / done, val_auc, rate)

    def _save(self) -> None:
        state: dict[str, Any] = {
            "recipe": self.recipe.hash,
            "corpus": self.manifest_sha256,
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": torch.get_rng_state(),
        }
        partial = self._checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._checkpoint)


def _start(network: Enhanced, recipe: TrainingRecipe, weights: Path | None) -> None:
    if recipe.start is None:
        return
    if weights is None:
        raise TrainingError(f"recipe {recipe.name!r} starts from weights: {recipe.start.origin}")
    try:
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as problem:
        raise TrainingError(f"{weights} cannot be read: {problem.strerror}") from problem
    if found != recipe.start.sha256:
        raise TrainingError(f"{weights} is not the file that the recipe names (SHA-256 differs)")
    network.load_backbone(weights)


def score_items(network: Enhanced, items: Sequence[Item], recipe: TrainingRecipe) -> Scores:
    """Mean logit over the deployed views of each picture: float64 ``(n,)``."""
    network.eval()
    scores = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for item in items:
            with Image.open(item.path) as stored:
                views, which = make_views(stored.convert("RGB"), recipe.views)
            logits = network(torch.from_numpy(views)).float().numpy()
            scores.append(float(np.mean(logits[list(which)])))
    return np.array(scores, dtype=np.float64)
