"""The figures of a model card: what a bundle is worth on each split of a corpus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tegaki.detector import Detector
from tegaki.errors import BundleError
from tegaki.lab.corpus import Corpus, Item
from tegaki.lab.corpus.looks import load_looks
from tegaki.lab.evaluation.scoring import judge_split
from tegaki.lab.metrics.metrics import (
    Labels,
    Metric,
    Scores,
    accuracy,
    auc,
    bootstrap_by_source,
    expected_calibration_error,
    tpr_at_fpr,
)
from tegaki.model import Bundle
from tegaki.results.result import Row

TESTS = ("test_seen", "test_unseen")
_FEWEST = 5  # pictures of a source that is named for its errors
_NAMED = 8  # of the worst sources of a split
_CUT_OFF = "2022-08"  # generators that draw anime well came with this month


def splits_of(bundle: Bundle) -> tuple[str, ...]:
    """The splits that a model's figures are given for: its training may have taken ``val`` too."""
    took_val = bundle.recipe.base is not None or "held_out" in bundle.training
    return TESTS if took_val else ("val", *TESTS)


def measure(detector: Detector, corpus: Corpus, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of every split, and the hashes of what they were measured on.

    Args:
        tell: called with the name of a split before it is scored.
    """
    bundle = single(detector)
    figures: dict[str, Any] = {
        "model_sha256": bundle.recipe.model.sha256,
        "recipe": bundle.recipe.hash,
        "manifest_sha256": corpus.manifest_sha256,
        "splits": {},
    }
    for name in splits_of(bundle):
        tell(name)
        items = corpus.split(name)
        rows = judge_split(detector, items)
        figures["splits"][name] = split_figures(items, rows)
    return figures


def split_figures(items: Sequence[Item], rows: Sequence[Row]) -> dict[str, Any]:
    """Figures of one split; shares and areas 0-1, rounded to three decimals."""
    generated = np.array([item.generated for item in items])
    scores = np.array([row.logit for row in rows], dtype=np.float64)
    probabilities = np.array([row.probability for row in rows], dtype=np.float64)
    given: list[str] = [row.verdict for row in rows]
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
        "verdicts": _verdicts(given, generated),
        "outside": round(sum(row.domain == "outside" for row in rows) / len(rows), 3),
        "by_family": _by_group(items, given, lambda i: i.family, True),
        "by_style": _by_group(items, given, lambda i: i.style, False),
        "by_kind": _by_group(items, given, _kind, False),
        "by_look": _by_group(items, given, _look, False),
        "worst_sources": _worst(items, given),
    }


def single(detector: Detector) -> Bundle:
    """The one bundle of a detector.

    Raises:
        BundleError: it joins two.
    """
    bundle = detector.bundle
    if not isinstance(bundle, Bundle):
        raise BundleError(f"{bundle.folder} joins two models, each of which has a card of its own")
    return bundle


def _kind(item: Item) -> str:
    """Age and ground of a human-drawn picture, as far as its manifest says."""
    age = "undated"
    if item.date:
        age = "before August 2022" if item.date < _CUT_OFF else "August 2022 and later"
    cut_out = item.original is not None and item.original.alpha
    return f"{age}, cut out" if cut_out else age


def _look(item: Item) -> str:
    """What a human-drawn picture looks like, by eye."""
    return load_looks().get(item.id, "none of these")


def _worst(items: Sequence[Item], given: Sequence[str]) -> list[dict[str, Any]]:
    """The sources whose pictures are most often called the wrong thing, worst first."""
    by_source: dict[tuple[str, bool], list[str]] = {}
    for item, verdict in zip(items, given, strict=True):
        by_source.setdefault((item.source, item.generated), []).append(verdict)
    rows: list[dict[str, Any]] = []
    for (source, generated), verdicts in sorted(by_source.items()):
        right, wrong = ("generated", "drawn") if generated else ("drawn", "generated")
        share = {name: round(verdicts.count(name) / len(verdicts), 3) for name in set(verdicts)}
        rows.append({
            "source": source, "label": "generated" if generated else "human",
            "pictures": len(verdicts), "wrong": share.get(wrong, 0.0),
            "right": share.get(right, 0.0), "unsure": share.get("unsure", 0.0),
        })  # fmt: skip
    large = [row for row in rows if row["pictures"] >= _FEWEST and row["wrong"]]
    return sorted(large, key=lambda row: (-row["wrong"], row["source"]))[:_NAMED]


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


def _verdicts(given: Sequence[str], generated: Labels) -> dict[str, dict[str, float]]:
    each = np.array(given)
    return {
        label: {
            verdict: round(float(np.mean(each[mask] == verdict)), 3)
            for verdict in ("drawn", "unsure", "generated")
        }
        for label, mask in (("human", ~generated), ("generated", generated))
    }


def _by_group(
    items: Sequence[Item], given: Sequence[str], key: Callable[[Item], str], generated: bool
) -> dict[str, dict[str, float]]:
    """Of each group's pictures of one label: how many, and the share of each verdict."""
    groups: dict[str, list[str]] = {}
    for item, verdict in zip(items, given, strict=True):
        if item.generated == generated:
            groups.setdefault(key(item), []).append(verdict)
    return {
        name: {
            "pictures": len(verdicts),
            **{
                v: round(verdicts.count(v) / len(verdicts), 3)
                for v in ("drawn", "unsure", "generated")
            },
        }
        for name, verdicts in sorted(groups.items())
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
