"""Figures of a detector. Scores: higher = more likely generated; labels: True = generated.

Each figure is defined once, for any number of weightings of the pictures at a time: a bootstrap
draw is a weight for every picture. What concerns the pictures as they are is the case of one row
of ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 15
Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Weights = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]
Metric = Callable[[Scores, Labels], float]


@dataclass(frozen=True, slots=True)
class Roc:
    """Shares of human (``fpr``) and of generated pictures (``tpr``) above falling thresholds.

    Both float64 ``(draws, thresholds)``, from 0 to 1.
    """

    fpr: Values
    tpr: Values

    def area(self) -> Values:
        """AUC, ties counted half: float64 ``(draws,)``."""
        middles = self.tpr[:, 1:] + self.tpr[:, :-1]
        result: Values = (np.diff(self.fpr, axis=1) * middles).sum(axis=1) / 2
        return result

    def tpr_at(self, fpr: float) -> Values:
        """Share of generated pictures above the lowest threshold that at most ``fpr`` of the human
        ones exceed: float64 ``(draws,)``."""
        result: Values = np.where(self.fpr <= fpr + 1e-9, self.tpr, 0).max(axis=1)
        return result


def roc(scores: Scores, generated: Labels, weights: Weights) -> Roc:
    """The curve for every row of ``weights`` ``(draws, n)``, each with some of both labels."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # last of each tie
    ordered, truth = weights[:, order], generated[order]
    hits = np.cumsum(ordered * truth, axis=1)[:, ends]
    falses = np.cumsum(ordered * ~truth, axis=1)[:, ends]
    start = np.zeros((len(weights), 1))
    return Roc(np.hstack([start, falses / falses[:, -1:]]), np.hstack([start, hits / hits[:, -1:]]))


def calibration_errors(probabilities: Scores, generated: Labels, weights: Weights) -> Values:
    """ECE for every row of ``weights`` ``(draws, n)``: mean distance of probability and frequency
    over 15 equal bins, weighted by count.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 5, for the binary case.
    """
    which = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = weights @ ((probabilities - generated)[:, None] * (which[:, None] == np.arange(BINS)))
    result: Values = np.abs(gaps).sum(axis=1) / weights.sum(axis=1)
    return result


def auc(scores: Scores, generated: Labels) -> float:
    """Area under the ROC curve, ties counted half."""
    return float(roc(scores, generated, _once(scores)).area()[0])


def tpr_at_fpr(scores: Scores, generated: Labels, fpr: float) -> float:
    """Share of generated pictures above a threshold that at most ``fpr`` of the human ones
    exceed."""
    return float(roc(scores, generated, _once(scores)).tpr_at(fpr)[0])


def expected_calibration_error(probabilities: Scores, generated: Labels) -> float:
    """:func:`calibration_errors` of the pictures as they are."""
    return float(calibration_errors(probabilities, generated, _once(probabilities))[0])


def _once(scores: Scores) -> Weights:
    return np.ones((1, len(scores)))


def accuracy(probabilities: Scores, generated: Labels) -> float:
    """Share of pictures on the right side of probability 0.5."""
    return float(np.mean((probabilities > 0.5) == generated))


def bootstrap_by_source(
    metric: Metric,
    scores: Scores,
    generated: Labels,
    sources: Sequence[str],
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a metric, drawing whole sources of each label anew.

    Pictures of one source share artist, prompt or pipeline: drawing single pictures would give
    intervals that are too narrow.
    """
    rng = np.random.default_rng(seed)
    names = np.array(sources)
    groups = [
        [np.flatnonzero((names == name) & (generated == label)) for name in np.unique(names)]
        for label in (False, True)
    ]
    groups = [[group for group in side if len(group)] for side in groups]
    values = []
    for _ in range(draws):
        drawn = np.concatenate(
            [side[i] for side in groups for i in rng.integers(len(side), size=len(side))]
        )
        values.append(metric(scores[drawn], generated[drawn]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
