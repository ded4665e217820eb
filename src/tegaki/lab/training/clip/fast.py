"""From a trained student to the fast model: its second output, calibration, bundle."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.imaging import make_crops
from tegaki.lab.corpus import Sample
from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.onnx_export import to_onnx
from tegaki.lab.training.clip.careful import IDENTITY
from tegaki.lab.training.clip.features import copies_of
from tegaki.lab.training.clip.heads import Head
from tegaki.lab.training.clip.student import StudentPlan
from tegaki.lab.training.recipes import AugmentPolicy
from tegaki.model import Bundle, save_bundle
from tegaki.results.scoring_config import (
    Calibration,
    CropPolicy,
    DecodePolicy,
    ModelRef,
    ScoringConfig,
    ShrinkPolicy,
    Thresholds,
    TilePolicy,
)

Means = npt.NDArray[np.float32]


class FastNetwork(nn.Module):
    """Views float ``(n, 3, size, size)`` to calibrated ``logit (n,)`` and ``outside (n,)``."""

    def __init__(self, network: Classifier, calibration: Calibration, outside: Head) -> None:
        super().__init__()
        self.network = network
        self.outside = nn.Linear(network.channels, 1)
        with torch.no_grad():
            self.outside.weight.copy_(torch.from_numpy(outside.weights[None].astype(np.float32)))
            self.outside.bias.fill_(outside.bias)
        self.slope, self.intercept = calibration.slope, calibration.intercept

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        means = self.network.pool(views)
        logit = self.network.classify(means) * self.slope + self.intercept
        return logit, self.outside(means).squeeze(1)


def views_of(plan: StudentPlan) -> CropPolicy:
    """What the fast model sees: the whole picture, squashed."""
    return CropPolicy(names=("squashed",), size=plan.size)


def means_of(
    network: Classifier,
    samples: Iterable[Sample],
    views: CropPolicy,
    edits: AugmentPolicy,
    copies: int,
    workers: int,
) -> tuple[list[Sample], Means]:
    """The samples, and the means of the last feature map for every copy: float32
    ``(n, copies, channels)``."""

    def transform(sample: Sample) -> tuple[Sample, Means]:
        made = [make_crops(c, views).unique[0] for c in copies_of(sample, views, edits, copies)]
        with torch.inference_mode():
            found: Means = network.pool(torch.from_numpy(np.stack(made))).numpy()
        return dataclasses.replace(sample, data=b""), found

    seen = list(ordered_map(transform, samples, workers))
    return [sample for sample, _ in seen], np.stack([means for _, means in seen])


def logits_of(network: Classifier, means: Means) -> Scores:
    """Raw logits float64 ``(n, copies)``."""
    with torch.inference_mode():
        found = network.classify(torch.from_numpy(means.reshape(-1, means.shape[2])))
    logits: Scores = found.numpy().astype(np.float64).reshape(means.shape[:2])
    return logits


def fast_bundle(
    plan: StudentPlan,
    network: Classifier,
    calibration: Calibration,
    thresholds: Thresholds,
    outside: Head,
    facts: dict[str, Any],
    folder: Path,
) -> Bundle:
    """Write the bundle into ``folder``.

    Args:
        facts: what it was trained on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    module = FastNetwork(network, calibration, outside).eval()
    data = to_onnx(module, (3, plan.size, plan.size), "views", "logit", "outside")
    (folder / "model.onnx").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    reference = ModelRef(f"fast-{sha256[:8]}", sha256)
    recipe = ScoringConfig(
        DecodePolicy(), views_of(plan), reference, IDENTITY, ShrinkPolicy(), tiles=TilePolicy()
    )
    training = {"runs": [{"recipe": {"name": "fast", **asdict(plan)}}], **facts}
    bundle = Bundle(folder, recipe, thresholds, training)
    save_bundle(bundle)
    return bundle
