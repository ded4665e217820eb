"""From validation scores to a calibration and thresholds. Never from a test split."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.results.scoring_config import Calibration, Thresholds
from tegaki.verdict import probability_of

FALSE_GENERATED = 0.01
FALSE_DRAWN = 0.05


def fit_platt(scores: Scores, generated: Labels, steps: int = 100) -> Calibration:
    """Slope and intercept by Newton's method on Platt's smoothed targets.

    Lin, Lin and Weng, "A note on Platt's probabilistic outputs", 2007, section 2: targets
    (n1 + 1) / (n1 + 2) and 1 / (n0 + 2) keep the slope finite on separable scores.
    """
    ones, zeros = int(generated.sum()), int((~generated).sum())
    targets = np.where(generated, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    weights = np.zeros(2)
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -500, 500)))
        gradient = design.T @ (fitted - targets)
        curvature = design.T @ (design * (fitted * (1 - fitted))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(slope=float(weights[0]), intercept=float(weights[1]))


def fit_thresholds(
    scores: Scores, generated: Labels, sources: Sequence[str], calibration: Calibration
) -> Thresholds:
    """Order statistics of validation scores, by picture and by source.

    At most 1 % of the human pictures reach ``generated_from``, and at most 1 % on average over
    sources: a single artist's picture weighs as much as a whole collection's. At most 5 % of the
    generated ones reach down to ``drawn_up_to``. With k of n allowed, a new picture exchangeable
    with these is called wrongly with a chance of at most (k + 1) / (n + 1) (Vovk et al. 2005). For
    other sources nothing is promised, and the card measures what happens.
    """
    human, made = scores[~generated], np.sort(scores[generated])
    names = [source for source, label in zip(sources, generated, strict=True) if not label]
    first_made = float(made[math.floor(len(made) * FALSE_DRAWN)])
    highest = _highest_refused(human, names, FALSE_GENERATED)
    generated_from = _above(probability_of(highest, calibration))
    drawn_up_to = _below(probability_of(first_made, calibration))
    return Thresholds(
        drawn_up_to=min(drawn_up_to, 0.499),  # on its own side, however well scores separate
        generated_from=min(max(generated_from, 0.501), 1.0),
        false_drawn=FALSE_DRAWN,
        false_generated=FALSE_GENERATED,
        humans=len(human),
        generated=len(made),
    )


def _highest_refused(human: Scores, sources: Sequence[str], share: float) -> float:
    """The highest score that may not be called generated: those above it are few enough, by
    picture and on average over sources."""
    sizes = Counter(sources)
    order = np.argsort(-human, kind="stable")
    by_picture, by_source = 0.0, 0.0
    for index in order:
        by_picture += 1 / len(human)
        by_source += 1 / sizes[sources[index]] / len(sizes)
        if max(by_picture, by_source) > share + 1e-9:
            break
    return float(human[index])


def _above(probability: float) -> float:
    """The next thousandth above, so that a threshold can be read and typed."""
    return (math.floor(probability * 1000) + 1) / 1000


def _below(probability: float) -> float:
    return (math.ceil(probability * 1000) - 1) / 1000
