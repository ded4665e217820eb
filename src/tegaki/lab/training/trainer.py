"""The training loop: resumable, reproducible, in bounded memory, never near a test split.

One run lives in one folder:

recipe.json     what is trained
checkpoint.pt   everything that going on needs; written after every epoch, every five minutes, and
                on Ctrl-C
log.jsonl       one line an epoch: losses, accuracies, AUC, rate of learning, pictures a second
network.pt      the trained network, when the run is done
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tegaki.errors import TrainingError
from tegaki.lab.corpus import ShardSet
from tegaki.lab.metrics.metrics import auc
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.training import initialization
from tegaki.lab.training.checkpoint import load_checkpoint, save_checkpoint
from tegaki.lab.training.data import FeatureInputs, Inputs, PictureInputs
from tegaki.lab.training.distillation import TeacherNetwork
from tegaki.lab.training.distributed import World, single_process
from tegaki.lab.training.feature_cache import digest
from tegaki.lab.training.interrupts import DeferredInterrupt
from tegaki.lab.training.recipes import TrainingRecipe
from tegaki.lab.training.stage import StageRun
from tegaki.utils.folder_lock import locked

SAVE_EVERY = 300.0  # seconds

Progress = Callable[[int], None]
"""Called after a batch with the draws done since the run began, as if no stage stopped early."""

LogLine = Callable[[str], None]
"""Called after an epoch with a line for people."""


@dataclass(frozen=True, slots=True)
class EpochLog:
    """One line of ``log.jsonl``."""

    stage: int
    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_auc: float
    learning_rate: float
    pictures_per_second: float

    def line(self) -> str:
        return (
            f"stage {self.stage} epoch {self.epoch}  loss {self.loss:.4f}  "
            f"accuracy {self.accuracy:.3f}  val loss {self.val_loss:.4f}  "
            f"accuracy {self.val_accuracy:.3f}  AUC {self.val_auc:.3f}  "
            f"{self.pictures_per_second:.1f} pictures/s"
        )


@dataclass(slots=True)
class _Position:
    """Where a run stands: at the step ``step`` of an epoch, with the epoch's sums so far."""

    stage: int = 0
    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss: float = 0.0
    right: int = 0
    seconds: float = 0.0


class Trainer:
    """One run in one folder.

    Args:
        weights: the file that ``recipe.start`` names.
        teacher: the file that ``recipe.teacher`` names.
        backbone: the folder of a finished run of ``recipe.backbone_from``.
        features: where features of a frozen backbone are kept (shared between runs on one
            backbone); by default in the run's folder.
        workers: threads that decode pictures.

    Raises:
        TrainingError: start weights are missing or other ones, or the folder holds another run.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        shards: ShardSet,
        out: Path,
        *,
        weights: Path | None = None,
        teacher: Path | None = None,
        backbone: Path | None = None,
        features: Path | None = None,
        workers: int = 2,
        world: World | None = None,
    ) -> None:
        self.recipe, self.shards, self.out = recipe, shards, out
        self.world = world or single_process()
        initialization.check_trainable(recipe, shards, self.world)
        torch.manual_seed(recipe.seed)
        self.network = Classifier(recipe.network)
        initialization.load_start_weights(self.network, recipe, shards, weights, backbone)
        self._backbone_digest = digest(self.network) if recipe.backbone_from else ""
        self.network.to(self.world.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.teaching = (
            TeacherNetwork(recipe.teacher, teacher, self.network, self.world.device)
            if recipe.teacher
            else None
        )
        self.features = features or out / "features"
        self.workers = workers
        self.position = _Position()
        self.log: list[EpochLog] = []
        self.done = False
        self._inputs: Inputs | None = None
        self._stage_state: dict[str, Any] | None = None
        # Several processes have the same statistics at the end of epochs only.
        self._ctrl_c = DeferredInterrupt(active=self.world.size == 1)
        self._prepare()

    # ---- the run's folder ----------------------------------------------------------------------

    def _prepare(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        kept, checkpoint = self.out / "network.pt", self.out / "checkpoint.pt"
        path = kept if kept.exists() else checkpoint
        if not path.exists():
            note = json.dumps(self.recipe.plain(), indent=1) + "\n"
            (self.out / "recipe.json").write_text(note, encoding="utf-8")
            return
        state = load_checkpoint(path)
        for what, value in self._identity.items():
            if state[what] != value:
                raise TrainingError(
                    f"{self.out} holds a run of another {what}; name another folder, or remove it"
                )
        self.network.load_state_dict(state["network"])
        self.done = path == kept
        if not self.done:
            self.position = _Position(**state["at"])
            self.log = [EpochLog(**line) for line in state["log"]]
            self._stage_state = state["stage"]

    def _save(self, stage: StageRun) -> None:
        if not self.world.main:
            return
        state = self._run_state() | {
            "at": dataclasses.asdict(self.position),
            "log": [dataclasses.asdict(line) for line in self.log],
            "stage": stage.state_dict(),
        }
        save_checkpoint(state, self.out / "checkpoint.pt")
        lines = "".join(json.dumps(dataclasses.asdict(line)) + "\n" for line in self.log)
        (self.out / "log.jsonl").write_text(lines, encoding="utf-8")

    @property
    def _identity(self) -> dict[str, str]:
        """What a run is of. Another one must not go on in its folder."""
        return {
            "recipe": self.recipe.hash,
            "corpus": self.shards.manifest_sha256,
            "backbone": self._backbone_digest,
        }

    def _run_state(self) -> dict[str, Any]:
        facts = {"name": self.recipe.name, "split": self.shards.made_by}
        return {**self._identity, **facts, "network": self.network.state_dict()}

    # ---- the run -------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """Draws of the whole run, if no stage stops early."""
        epochs = sum(stage.epochs for stage in self.recipe.stages)
        return epochs * self.shards.size("train")

    def run(
        self, progress: Progress = lambda _: None, log_line: LogLine = lambda _: None
    ) -> Classifier:
        """Train to the end; returns the network that the recipe keeps.

        Ctrl-C is put off to the end of a step, which is saved; a second one is not.

        Raises:
            OutputError: another run is at work in the folder.
            KeyboardInterrupt: it was stopped; a new trainer of the folder goes on.
        """
        with locked(self.out) if self.world.main else nullcontext():
            return self._run(progress, log_line)

    def _run(self, progress: Progress, log_line: LogLine) -> Classifier:
        while not self.done and self.position.stage < len(self.recipe.stages):
            self._run_stage(progress, log_line)
            self.position = _Position(stage=self.position.stage + 1)
        if not self.done:
            if self.world.main:
                save_checkpoint(self._run_state(), self.out / "network.pt")
                (self.out / "checkpoint.pt").unlink(missing_ok=True)
            self.done = True
        return self.network.eval()

    def inputs(self) -> Inputs:
        """What the network is fed: pictures, or features where the backbone never moves."""
        if self._inputs is None:
            kind = FeatureInputs if self.recipe.frozen else PictureInputs
            self._inputs = kind(
                self.network, self.shards, self.recipe, self.features, self.workers, self.world
            )
        return self._inputs

    def _run_stage(self, progress: Progress, log_line: LogLine) -> None:
        plan = self.recipe.stages[self.position.stage]
        inputs = self.inputs()
        student = self.teaching.student if self.teaching else None
        stage = StageRun(self.network, plan, inputs.steps(self.position.stage), self.world, student)
        if self._stage_state is not None:
            stage.load_state_dict(self._stage_state)
            self._stage_state = None
        before = sum(s.epochs for s in self.recipe.stages[: self.position.stage])
        with self._ctrl_c:
            while self.position.epoch < plan.epochs and not stage.stopping.should_stop:
                passed = (before + self.position.epoch) * self.shards.size("train")
                self._train_epoch(stage, inputs, lambda seen, p=passed: progress(p + seen))  # type: ignore[misc]
                self._end_epoch(stage, inputs, log_line)
                self._stop_if_requested(stage)
        self.network.load_state_dict(stage.best_state())

    def _train_epoch(self, stage: StageRun, inputs: Inputs, progress: Progress) -> None:
        at = self.position
        saved = time.monotonic()
        self.network.set_trainable(stage.plan.trained)
        steps = inputs.batches(at.stage, at.epoch, at.step)
        started = time.perf_counter()
        for batch, labels in steps:
            torch.manual_seed(_seed(self.recipe.seed, at, self.world.rank))
            loss, right = self._step(stage, inputs, batch, labels)
            at.step += 1
            at.seen += len(labels) * self.world.size
            at.loss += loss * len(labels) * self.world.size
            at.right += right * self.world.size
            now = time.perf_counter()
            at.seconds, started = at.seconds + now - started, now
            progress(at.seen)
            # Several processes save at the end of epochs: there their statistics are the same.
            if self.world.size == 1 and time.monotonic() - saved > SAVE_EVERY:
                self._save(stage)
                saved = time.monotonic()
            self._stop_if_requested(stage)

    def _stop_if_requested(self, stage: StageRun) -> None:
        """Called between steps, where a run is whole."""
        if self._ctrl_c.requested:
            self._save(stage)
            raise KeyboardInterrupt

    def _step(
        self, stage: StageRun, inputs: Inputs, batch: Tensor, labels: Tensor
    ) -> tuple[float, int]:
        stage.optimizer.zero_grad(set_to_none=True)
        smoothing = stage.plan.label_smoothing
        total, right = 0.0, 0
        size = self.recipe.micro_batch or len(labels)
        starts = range(0, len(labels), size)
        parts = [(batch[i : i + size], labels[i : i + size]) for i in starts]
        for number, (part, truth) in enumerate(parts):
            truth = truth.to(self.world.device)
            with stage.gradient_sync(number == len(parts) - 1):
                logits, away = self._forward(stage, inputs, part)
                softened = truth * (1 - smoothing) + smoothing / 2
                loss = functional.binary_cross_entropy_with_logits(
                    logits, softened, reduction="sum"
                ) / len(labels)
                (loss + away / len(labels)).backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
            right += int(((logits > 0) == (truth > 0.5)).sum())
        stage.step()
        return total, right

    def _forward(
        self, stage: StageRun, inputs: Inputs, part: Tensor
    ) -> tuple[Tensor, Tensor | float]:
        """Logits, and what being away from the teacher adds to the loss, summed."""
        if self.teaching is None:
            return inputs.logits(stage.parallel, part), 0.0
        assert isinstance(inputs, PictureInputs)  # a recipe with a teacher has no fixed backbone
        return inputs.distill(self.teaching, stage.parallel, part)

    def _end_epoch(self, stage: StageRun, inputs: Inputs, log_line: LogLine) -> None:
        for network in (self.network, stage.eval_model()):
            self.world.broadcast_buffers(network)
        at, rate = self.position, stage.learning_rate
        val = self.world.broadcast_metrics(self._validate(stage, inputs))
        log = EpochLog(
            stage=at.stage + 1,
            epoch=at.epoch + 1,
            loss=at.loss / at.seen,
            accuracy=at.right / at.seen,
            **val,
            learning_rate=rate,
            pictures_per_second=at.seen / at.seconds,
        )
        stage.on_validation_end(log.val_accuracy, log.val_loss)
        self.log.append(log)
        self.position = _Position(stage=at.stage, epoch=at.epoch + 1)
        self._save(stage)
        if self.world.main:
            log_line(log.line())

    def _validate(self, stage: StageRun, inputs: Inputs) -> dict[str, float]:
        """The figures on ``val``. Looking changes nothing: it may stop anywhere."""
        try:
            with self._ctrl_c.immediately():
                return _measure(inputs, stage.eval_model(), self.position.stage)
        except KeyboardInterrupt:
            self._save(stage)
            raise


def _measure(inputs: Inputs, network: Classifier, stage: int) -> dict[str, float]:
    logits, generated = inputs.validate(network, stage)
    truth = torch.from_numpy(generated.astype(np.float64))
    loss = functional.binary_cross_entropy_with_logits(torch.from_numpy(logits), truth)
    return {
        "val_loss": float(loss),
        "val_accuracy": float(np.mean((logits > 0) == generated)),
        "val_auc": auc(logits, generated),
    }


def _seed(seed: int, at: _Position, rank: int) -> int:
    """Dropout of a step depends on where it stands alone, so a run that goes on is the same."""
    words = np.random.SeedSequence((seed, at.stage, at.epoch, at.step, rank)).generate_state(1)
    return int(words[0])
