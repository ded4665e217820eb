"""Figures of a detector. Scores: higher = more likely generated; labels: True = generated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Metric = Callable[[Scores, Labels], float]


def auc(scores: Scores, generated: Labels) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney U / (n1 * n0))."""
    human = np.sort(scores[~generated])
    below = np.searchsorted(human, scores[generated], side="left")
    up_to = np.searchsorted(human, scores[generated], side="right")
    return float(np.mean((below + up_to) / 2) / len(human))


def accuracy(probabilities: Scores, generated: Labels) -> float:
    """Share of pictures on the right side of probability 0.5."""
    return float(np.mean((probabilities > 0.5) == generated))


def threshold_at_fpr(scores: Scores, generated: Labels, fpr: float) -> float:
    """The smallest threshold that at most ``fpr`` of the human pictures exceed strictly."""
    human = np.sort(scores[~generated])[::-1]
    return float(human[int(np.floor(fpr * len(human)))])


def tpr_at_fpr(scores: Scores, generated: Labels, fpr: float) -> float:
    """Share of generated pictures over :func:`threshold_at_fpr` of the same set."""
    return float(np.mean(scores[generated] > threshold_at_fpr(scores, generated, fpr)))


def expected_calibration_error(probabilities: Scores, generated: Labels, bins: int = 15) -> float:
    """ECE: mean distance of probability and frequency over equal bins, weighted by count.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, eq. 5, for the binary case.
    """
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for index in np.unique(which):
        inside = which == index
        gap = abs(float(np.mean(probabilities[inside])) - float(np.mean(generated[inside])))
        error += gap * float(np.mean(inside))
    return error


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
