"""The figures of a model card: what a bundle is worth on each split of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tegaki.detector import Detector
from tegaki.lab.corpus import Corpus, Item
from tegaki.lab.metrics import (
    Labels,
    Metric,
    Scores,
    accuracy,
    auc,
    bootstrap_by_source,
    expected_calibration_error,
    tpr_at_fpr,
)
from tegaki.lab.scoring import score_split
from tegaki.recipe import Thresholds
from tegaki.verdict import decide, probability_of

SPLITS = ("val", "test_seen", "test_unseen")


def measure(detector: Detector, corpus: Corpus, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of every split, and the hashes of what they were measured on.

    Args:
        tell: called with the name of a split before it is scored.
    """
    figures: dict[str, Any] = {
        "model_sha256": detector.bundle.recipe.model.sha256,
        "recipe": detector.bundle.recipe.hash,
        "manifest_sha256": corpus.manifest_sha256,
        "splits": {},
    }
    for name in SPLITS:
        tell(name)
        items = corpus.split(name)
        scores, generated = score_split(detector, items)
        figures["splits"][name] = split_figures(detector, items, scores, generated)
    return figures


def split_figures(
    detector: Detector, items: Sequence[Item], scores: Scores, generated: Labels
) -> dict[str, Any]:
    """Figures of one split; shares and areas 0-1, rounded to three decimals.

    Args:
        scores: logits float64 ``(n,)``; generated: bool ``(n,)``.
    """
    calibration, thresholds = detector.bundle.recipe.calibration, detector.bundle.thresholds
    probabilities = np.array([probability_of(score, calibration) for score in scores])
    sources = [item.source for item in items]
    metrics: dict[str, tuple[Metric, Scores]] = {
        "auc": (auc, scores),
        "accuracy": (accuracy, probabilities),
        "tpr_at_1_percent_fpr": (_tpr_at_1_percent, scores),
        "ece": (expected_calibration_error, probabilities),
    }
    return {
        "human": int((~generated).sum()),
        "generated": int(generated.sum()),
        "sources": len(set(sources)),
        "metrics": {
            name: _with_interval(metric, values, generated, sources)
            for name, (metric, values) in metrics.items()
        },
        "verdicts": _verdicts(probabilities, generated, thresholds),
        "by_family": _by_group(items, probabilities, thresholds, lambda i: i.family, True),
        "by_style": _by_group(items, probabilities, thresholds, lambda i: i.style, False),
    }


def _tpr_at_1_percent(scores: Scores, generated: Labels) -> float:
    return tpr_at_fpr(scores, generated, 0.01)


def _with_interval(
    metric: Metric, values: Scores, generated: Labels, sources: Sequence[str]
) -> dict[str, float]:
    value = round(metric(values, generated), 3)
    if metric is expected_calibration_error:
        return {"value": value}  # drawing anew only ever adds to it: the interval would mislead
    low, high = bootstrap_by_source(metric, values, generated, sources)
    return {
        "value": value,
        "low": round(low, 3),
        "high": round(high, 3),
    }


def _verdicts(
    probabilities: Scores, generated: Labels, thresholds: Thresholds
) -> dict[str, dict[str, float]]:
    given = np.array([decide(p, thresholds) for p in probabilities])
    return {
        label: {
            verdict: round(float(np.mean(given[mask] == verdict)), 3)
            for verdict in ("drawn", "unsure", "generated")
        }
        for label, mask in (("human", ~generated), ("generated", generated))
    }


def _by_group(
    items: Sequence[Item],
    probabilities: Scores,
    thresholds: Thresholds,
    key: Callable[[Item], str],
    generated: bool,
) -> dict[str, dict[str, float]]:
    """Of each group's pictures of one label: how many, and the share of each verdict."""
    groups: dict[str, list[str]] = {}
    for item, probability in zip(items, probabilities, strict=True):
        if item.generated == generated:
            groups.setdefault(key(item), []).append(decide(float(probability), thresholds))
    return {
        name: {
            "pictures": len(given),
            **{v: round(given.count(v) / len(given), 3) for v in ("drawn", "unsure", "generated")},
        }
        for name, given in sorted(groups.items())
    }


def differences(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> list[str]:
    """Where two sets of figures differ by more than ``tolerance`` (numbers) or at all (else)."""
    return list(_differences(old, new, tolerance, ""))


def _differences(old: Any, new: Any, tolerance: float, where: str) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in sorted(old.keys() | new.keys()):
            found += _differences(old.get(key), new.get(key), tolerance, f"{where}/{key}")
        return found
    both_shares = isinstance(old, float) and isinstance(new, float)
    same = abs(old - new) <= tolerance if both_shares else old == new
    return [] if same else [f"{where}: {old} was written, {new} was measured"]
