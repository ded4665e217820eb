"""All figures of one system on one test, with 95 % intervals by source.

Every bootstrap draw takes as many sources of each label as there are, with replacement: pictures
of one source share artist, prompt or pipeline, and drawing single pictures would give intervals
that are too narrow. A draw is a weight for every picture, so that all draws are computed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tegaki.lab.metrics.metrics import Labels, Scores, Values, Weights, calibration_errors, roc
from tegaki.lab.metrics.predictions import Predictions, probabilities
from tegaki.results.scoring_config import Calibration

DRAWS = 1000
_BLOCK = 100
FPRS = {"tpr_at_5": 0.05, "tpr_at_1": 0.01, "tpr_at_0.5": 0.005, "tpr_at_0.1": 0.001}
FEWEST = 5  # pictures of a human source whose rate of false positives is worth a look


def compute_metrics(
    predictions: Predictions, system: str, calibration: Calibration, draws: int = DRAWS
) -> dict[str, Any]:
    """Figures of one system on one test, rounded to four decimals.

    Returns:
        Counts, ``metrics`` (value, low, high each), ``confusion`` ([[TN, FP], [FN, TP]]), recall
        by family and source, and the worst human source.
    """
    scores, generated = predictions.scores[system], predictions.generated
    sources = [judged.source for judged in predictions.samples]
    once = np.ones((1, len(scores)))
    weights = source_weights(sources, generated, draws)
    values = all_metrics(scores, generated, once, calibration)
    drawn = bootstrap_in_blocks(scores, generated, weights, calibration)
    human_rates = _human_sources(sources, scores, generated)
    return {
        "human": int((~generated).sum()),
        "generated": int(generated.sum()),
        "sources": len(set(sources)),
        "metrics": {name: _figure(name, values[name], drawn[name]) for name in values},
        "confusion": _confusion(scores, generated),
        "by_family": _by_family(predictions, scores, weights),
        "by_source": _recall(sources, scores, generated),
        "human_by_source": human_rates,
        "worst_human_source": _worst(human_rates),
    }


def source_weights(sources: Sequence[str], generated: Labels, draws: int, seed: int = 0) -> Weights:
    """How often each picture counts in each draw: float64 ``(draws, n)``."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, len(sources)))
    names = np.array(sources)
    for label in (False, True):
        mask = generated == label
        found, which = np.unique(names[mask], return_inverse=True)
        if len(found):
            times = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), size=draws)
            weights[:, mask] = times[:, which]
    return weights


def bootstrap_in_blocks(
    scores: Scores, generated: Labels, weights: Weights, calibration: Calibration
) -> dict[str, Values]:
    """:func:`all_metrics`, a hundred draws at a time: memory stays bounded."""
    parts = [
        all_metrics(scores, generated, weights[start : start + _BLOCK], calibration)
        for start in range(0, len(weights), _BLOCK)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def all_metrics(
    scores: Scores, generated: Labels, weights: Weights, calibration: Calibration
) -> dict[str, Values]:
    """Every metric for every row of weights: float64 ``(draws,)`` each.

    Args:
        scores: log odds ``(n,)``; above 0 counts as generated.
        weights: ``(draws, n)``, each with some of both labels.
    """
    calibrated = calibration.slope * scores + calibration.intercept
    return {
        **_decisions(scores > 0, generated, weights),
        **_ranking(scores, generated, weights),
        "ece": calibration_errors(probabilities(scores), generated, weights),
        "ece_calibrated": calibration_errors(probabilities(calibrated), generated, weights),
    }


def _decisions(decided: Labels, generated: Labels, weights: Weights) -> dict[str, Values]:
    hit = weights @ (decided & generated)
    false = weights @ (decided & ~generated)
    missed = weights @ (~decided & generated)
    total = weights.sum(axis=1)
    return {
        "accuracy": 1 - (false + missed) / total,
        "precision": hit / np.maximum(hit + false, 1e-12),
        "recall": hit / np.maximum(hit + missed, 1e-12),
        "f1": 2 * hit / np.maximum(2 * hit + false + missed, 1e-12),
    }


def _ranking(scores: Scores, generated: Labels, weights: Weights) -> dict[str, Values]:
    curve = roc(scores, generated, weights)
    return {"auc": curve.area(), **{name: curve.tpr_at(fpr) for name, fpr in FPRS.items()}}


def _figure(name: str, value: Values, drawn: Values) -> dict[str, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"value": _rounded(value[0]), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _confusion(scores: Scores, generated: Labels) -> list[list[int]]:
    decided = scores > 0
    return [[int(((decided == s) & (generated == t)).sum()) for s in (False, True)]
            for t in (False, True)]  # fmt: skip


def _by_family(
    predictions: Predictions, scores: Scores, weights: Weights
) -> dict[str, dict[str, Any]]:
    """Recall by family of generators, with the interval over sources."""
    families = np.array([judged.family for judged in predictions.samples])
    generated = predictions.generated
    found = {}
    for name in sorted(set(families[generated].tolist())):
        mask = generated & (families == name)
        total = weights[:, mask].sum(axis=1)
        hits = weights[:, mask & (scores > 0)].sum(axis=1)
        drawn = hits[total > 0] / total[total > 0]  # a draw may hold none of its sources
        low, high = np.percentile(drawn, [2.5, 97.5])
        share = _rounded(np.mean(scores[mask] > 0))
        found[name] = {"pictures": int(mask.sum()), "recall": share,
                       "low": _rounded(low), "high": _rounded(high)}  # fmt: skip
    return found


def _recall(sources: Sequence[str], scores: Scores, generated: Labels) -> dict[str, dict[str, Any]]:
    """Of each source's generated pictures: how many, and the share that was said to be so."""
    return _by_source("recall", sources, scores, generated)


def _human_sources(
    sources: Sequence[str], scores: Scores, generated: Labels
) -> dict[str, dict[str, Any]]:
    """Of each source's human pictures: how many, and the share that was called generated."""
    return _by_source("fpr", sources, scores, ~generated)


def _by_source(
    key: str, sources: Sequence[str], scores: Scores, chosen: Labels
) -> dict[str, dict[str, Any]]:
    names = np.array(sources)
    found = {}
    for name in sorted(set(names[chosen].tolist())):
        mask = chosen & (names == name)
        count, decided = int(mask.sum()), int((scores[mask] > 0).sum())
        low, high = wilson(decided, count)
        found[name] = {"pictures": count, key: _rounded(decided / count), "low": low, "high": high}
    return found


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share within one source, over its pictures.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    z = 1.959964
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count**2)) ** 0.5
    return _rounded(max(0.0, middle - half)), _rounded(min(1.0, middle + half))


def _worst(rates: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """The human source of at least five pictures that is called generated most often."""
    worth = {name: rate for name, rate in rates.items() if rate["pictures"] >= FEWEST}
    if not worth:
        return None
    name = max(worth, key=lambda n: worth[n]["fpr"])
    return {"source": name, **worth[name]}
