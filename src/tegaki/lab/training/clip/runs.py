"""``tegaki lab train --recipe careful`` and ``--recipe fast``: from shards to a bundle.

A run of the careful model lives in one folder and goes on where it was stopped:

features/      what the frozen network says of every picture (:mod:`features`)
outside/       likewise of pictures outside the domain
base.onnx      the frozen network
scores.npz     out-of-source logits, by picture id
bundle/        the model, and in study.json what leave-sources-out says of what was tried

A run of the fast model holds ``checkpoint.pt``, ``log.jsonl`` and ``bundle/``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tegaki.errors import CorpusError, TrainingError
from tegaki.lab.corpus import Sample, ShardSet
from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.training import initialization
from tegaki.lab.training.clip.careful import (
    TRIED,
    CarefulPlan,
    Fitted,
    calibrated,
    careful_bundle,
    features_of,
    fit_heads,
)
from tegaki.lab.training.clip.fast import fast_bundle, logits_of, means_of, views_of
from tegaki.lab.training.clip.features import FeatureStore, SampleInfo
from tegaki.lab.training.clip.heads import CrossFit, Features, auc_by_source, fit_outside
from tegaki.lab.training.clip.lessons import DistillationBatches
from tegaki.lab.training.clip.student import StudentPlan, StudentRun
from tegaki.lab.training.clip.study import aucs, looks_of, study
from tegaki.model import Bundle

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much of it is done."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What both models learn from. ``outside``: a folder of pictures outside the domain, with a
    ``manifest.csv`` (file, category, source, split) as ``tools/collect_outside.py`` writes it."""

    shards: ShardSet
    outside: Path
    workers: int = 2

    def samples(self) -> Iterator[Sample]:
        """All pictures of train and val."""
        for split in ("train", "val"):
            yield from self.shards.stream(split)

    def held_out(self) -> frozenset[str]:
        """The sources of val that stand nowhere in train."""
        train, val = (self.shards.counts.get(split, {}) for split in ("train", "val"))
        known = {source for sources in train.values() for source in sources}
        return frozenset(s for sources in val.values() for s in sources if s not in known)

    def size(self) -> int:
        """How many pictures :meth:`samples` gives."""
        return self.shards.size("train") + self.shards.size("val")

    def outside_samples(self) -> Iterator[Sample]:
        """The pictures outside the domain to learn from."""
        for row in self._outside_rows():
            data = (self.outside / row["file"]).read_bytes()
            yield Sample(row["file"], data, False, row["source"], row["category"])

    def outside_size(self) -> int:
        """How many pictures :meth:`outside_samples` gives."""
        return len(self._outside_rows())

    def facts(self) -> dict[str, Any]:
        """What a bundle says of it."""
        counts = [self.shards.counts.get(split, {}) for split in ("train", "val")]
        sources = {s for count in counts for label in count.values() for s in label}
        families = {f for split in ("train", "val") for f in self.shards.families.get(split, {})}
        return {
            "manifest_sha256": self.shards.manifest_sha256,
            "split": self.shards.made_by,
            "human": sum(sum(count.get("human", {}).values()) for count in counts),
            "generated": sum(sum(count.get("generated", {}).values()) for count in counts),
            "sources": len(sources),
            "families": sorted(families),
            "outside": self.outside_size(),
        }

    def _outside_rows(self) -> list[dict[str, str]]:
        path = self.outside / "manifest.csv"
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                rows = [row for row in csv.DictReader(stream) if row["split"] == "train"]
        except (OSError, KeyError, ValueError) as problem:
            raise CorpusError(f"{path} cannot be read: {problem}") from problem
        if not rows:
            raise CorpusError(f"{path} names no picture of split train")
        return rows


def train_careful(
    plan: CarefulPlan,
    data: TrainingData,
    base: bytes,
    out: Path,
    progress: Progress = lambda *_: None,
    tried: dict[str, dict[str, Any]] = TRIED,
) -> Bundle:
    """Make the careful model; see the module's head.

    Args:
        base: the frozen network (:func:`tegaki.lab.models.clip_onnx.base_onnx`).
        tried: changes of the plan to compare with it, by name.

    Raises:
        CorpusError, TrainingError: something is missing, damaged or another one.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "base.onnx").write_bytes(base)
    inside, outside = (_store(out / name, plan, base) for name in ("features", "outside"))
    inside.add(data.samples(), data.workers, _of(progress, "features", data.size()))
    outside.add(data.outside_samples(), data.workers, _of(progress, "outside", data.outside_size()))
    index = inside.index()
    fitted = fit_heads(
        plan, features_of(inside, plan), index, features_of(outside, plan),
        _of(progress, "heads", plan.folds),
    )  # fmt: skip
    ids = np.array([one.id for one in index])
    np.savez(out / "scores.npz", ids=ids, scores=fitted.scores, outside=fitted.outside_scores)
    facts = data.facts() | _figures(fitted, inside)
    bundle = careful_bundle(plan, fitted, base, facts, out / "bundle")
    looks = looks_of(fitted.scores, fitted.thresholds, index)
    text = json.dumps(study(plan, inside, tried, progress) | {"looks": looks}, indent=1) + "\n"
    (out / "bundle" / "study.json").write_text(text, encoding="utf-8")
    return bundle


def train_fast(
    plan: StudentPlan,
    data: TrainingData,
    careful: Path,
    weights: Path | None,
    out: Path,
    progress: Progress = lambda *_: None,
    features: CarefulPlan | None = None,
) -> Bundle:
    """Make the fast model from a finished run of the careful one; see the module's head.

    Pictures of :meth:`TrainingData.held_out` calibrate it and teach it nothing.

    Args:
        careful: the folder of that run; ``features``: its plan.

    Raises:
        CorpusError, TrainingError: something is missing, damaged or another one.
    """
    start = initialization.verified_weights(plan.start, weights, "fast")
    careful_plan = features or CarefulPlan()
    try:
        store = _store(careful / "features", careful_plan, (careful / "base.onnx").read_bytes())
        (careful / "scores.npz").stat()  # written when everything before it is there
    except OSError as problem:
        raise TrainingError(
            f"{careful} is no finished run of recipe careful: {problem}"
        ) from problem
    index, held = store.index(), data.held_out()
    rows = np.array([n for n, one in enumerate(index) if one.source not in held], np.int64)
    lessons = DistillationBatches(
        store, rows, teacher_logits(careful_plan, features_of(store, careful_plan), index, rows),
        components=plan.components, size=plan.size, cells=plan.cells, area=plan.area,
    )  # fmt: skip
    run = StudentRun(plan, start, lessons, out)
    run.run(_of(progress, "train", plan.steps))
    network = run.network()
    views, edits, copies = views_of(plan), careful_plan.edits, careful_plan.copies
    progress("calibrate", 0, 1)
    mine = (sample for sample in data.samples() if sample.source in held)
    samples, means = means_of(network, mine, views, edits, copies, data.workers)
    labels = np.array([sample.generated for sample in samples])
    logits = logits_of(network, means)
    calibration, thresholds = calibrated(logits, labels, [s.source for s in samples])
    _, others = means_of(network, data.outside_samples(), views, edits, copies, data.workers)
    outside, _ = fit_outside(
        means, [s.source for s in samples], others,
        careful_plan.outside_penalty, careful_plan.lost, careful_plan.folds,
    )  # fmt: skip
    calibrated_logits = logits * calibration.slope + calibration.intercept
    ids = np.array([sample.id for sample in samples])
    names = np.array([sample.source for sample in samples])
    np.savez(out / "scores.npz", ids=ids, scores=calibrated_logits, labels=labels, sources=names)
    facts = data.facts() | {"held_out": {
        "human": int((~labels).sum()), "generated": int(labels.sum()), "sources": len(held),
        "auc": [round(auc_by_source(logits[:, c], labels, [s.source for s in samples]), 4)
                for c in range(copies)],
    }}  # fmt: skip
    return fast_bundle(plan, network, calibration, thresholds, outside, facts, out / "bundle")


def teacher_logits(
    plan: CarefulPlan, features: Features, index: list[SampleInfo], rows: npt.NDArray[np.int64]
) -> Scores:
    """Calibrated logits float64 ``(rows, copies)`` that a student may learn from.

    Each is of a head that saw no picture of the source, and none that is not among ``rows``: heads
    that know the labels of sources that are kept from a student would teach it these too.

    Args:
        features: of all pictures of ``index``, float32 ``(n, copies, features)``.
    """
    labels = np.array([index[row].generated for row in rows])
    sources = [index[row].source for row in rows]
    raw = CrossFit(features[rows], labels, sources, plan.folds).scores(plan.penalty)
    calibration, _ = calibrated(raw, labels, sources)
    return raw * calibration.slope + calibration.intercept


def _store(folder: Path, plan: CarefulPlan, base: bytes) -> FeatureStore:
    return FeatureStore(folder, base, plan.views, plan.edits, plan.copies)


def _figures(fitted: Fitted, store: FeatureStore) -> dict[str, Any]:
    index = store.index()
    labels = np.array([one.generated for one in index])
    return {"out_of_source": {"auc": aucs(fitted.scores, labels, [o.source for o in index])}}


def _of(progress: Progress, what: str, total: int) -> Callable[[int], None]:
    return lambda done: progress(what, done, total)
