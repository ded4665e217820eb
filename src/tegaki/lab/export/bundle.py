"""From a trained network to a bundle: ONNX, recipe, calibration, thresholds."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import Detector, default_workers
from tegaki.errors import CorpusError
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.metrics.calibration import fit_platt, fit_thresholds
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.models.onnx_export import to_onnx
from tegaki.lab.training.recipes import TrainingRecipe
from tegaki.model import Bundle, save_bundle
from tegaki.results.result import Result
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

_UNCALIBRATED = Calibration(slope=1.0, intercept=0.0)
_NO_THRESHOLDS = Thresholds(0.0, 1.0, 0.0, 0.0, 0, 0)


def export_onnx(network: Classifier, size: int) -> bytes:
    """An ONNX file: views ``(n, 3, size, size)`` to ``logit (n,)``."""
    network.eval()
    network.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return to_onnx(network, (3, size, size), "views", "logit")


def build_bundle(
    network: Classifier, recipe: TrainingRecipe, shards: ShardSet, folder: Path
) -> Bundle:
    """Export, then calibrate the exported network on ``val`` as users will run it.

    The bundle appears in ``folder`` when it is whole; one that stood there is replaced.
    """
    onnx = export_onnx(network, recipe.views.size)
    facts = _training_facts(recipe, shards)
    # What it learnt from was decoded when the corpus was made; what it judges is decoded now.
    decode = dataclasses.replace(recipe.decode, version=DecodePolicy().version)
    return assemble_bundle(onnx, recipe.name, decode, recipe.views, facts, shards, folder)


def assemble_bundle(
    onnx: bytes,
    name: str,
    decode: DecodePolicy,
    views: CropPolicy,
    training: dict[str, Any],
    shards: ShardSet,
    folder: Path,
) -> Bundle:
    """A network in ONNX's form as a bundle, calibrated on ``val``; see :func:`build_bundle`."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "model.onnx").write_bytes(onnx)
    sha256 = hashlib.sha256(onnx).hexdigest()
    reference = ModelRef(f"{name}-{sha256[:8]}", sha256)
    raw = ScoringConfig(decode, views, reference, _UNCALIBRATED, ShrinkPolicy(), tiles=TilePolicy())
    bundle = Bundle(partial, raw, _NO_THRESHOLDS, training)
    save_bundle(bundle)
    scores, generated, sources = val_scores(Detector.load(partial, provenance=False), shards)
    calibration = fit_platt(scores, generated)
    bundle = dataclasses.replace(
        bundle,
        config=dataclasses.replace(raw, calibration=calibration),
        thresholds=fit_thresholds(scores, generated, sources, calibration),
    )
    save_bundle(bundle)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return dataclasses.replace(bundle, folder=folder)


def val_scores(detector: Detector, shards: ShardSet) -> tuple[Scores, Labels, list[str]]:
    """Logits float64 ``(n,)``, labels bool ``(n,)`` and sources of ``val``, as users see them."""

    def judge(sample: Sample) -> tuple[Sample, Result]:
        return sample, detector.inspect(sample.data, sample.id)

    scores: list[float] = []
    labels: list[bool] = []
    sources: list[str] = []
    for sample, row in ordered_map(judge, shards.stream("val"), default_workers()):
        if row.logit is None:
            raise CorpusError(f"picture {sample.id} of val cannot be judged: {row.reasons[0]}")
        scores.append(row.logit)
        labels.append(sample.generated)
        sources.append(sample.source)
    return np.array(scores, dtype=np.float64), np.array(labels), sources


def _training_facts(recipe: TrainingRecipe, shards: ShardSet) -> dict[str, Any]:
    counts = shards.counts["train"]
    return {
        "runs": [{"recipe": recipe.plain(), "recipe_hash": recipe.hash}],
        "manifest_sha256": shards.manifest_sha256,
        "split": shards.made_by,
        "human": sum(counts["human"].values()),
        "generated": sum(counts["generated"].values()),
        "sources": len({*counts["human"], *counts["generated"]}),
        "families": sorted(shards.families["train"]),
    }
