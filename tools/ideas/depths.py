"""A head for each depth of the frozen network, their logits averaged, in place of one on all."""

from __future__ import annotations

from typing import Any

import numpy as np

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.models.clip_onnx import LAYERS, POOLS, WIDTH
from tegaki.lab.training.clip.heads import CrossFit
from tools.ideas.data import PLAN, Half, Progress
from tools.ideas.fits import FOLDS, Names, row, standardised

PENALTIES = (1.0, 0.1, 0.01)


def measure(
    features: Half, labels: Labels, sources: Names, linear: Scores, progress: Progress
) -> list[dict[str, Any]]:
    """Rows of the table.

    Args:
        features: of a store, float16 ``(n, copies, columns)``.
        linear: out-of-source logits ``(n, copies)`` of the one head, of the same folds.
    """
    every = [(pool, layer) for layer in LAYERS for pool in POOLS]
    scores: dict[tuple[float, str, int], Scores] = {}
    for number, (pool, layer) in enumerate(every):
        progress("depths", number, len(every))
        some = features[:, :, number * WIDTH : (number + 1) * WIDTH].astype(np.float32)
        fits = CrossFit(some, labels, sources.tolist(), FOLDS)
        for penalty in PENALTIES:
            scores[penalty, pool, layer] = standardised(fits.scores(penalty))
    rows = [row("one head on all depths", linear, labels, sources)]
    for penalty in PENALTIES:
        for name, pools in (("the shipped 7", PLAN.pools), ("all 15", tuple(every))):
            mean = np.mean([scores[penalty, *pool] for pool in pools], axis=0)
            text = f"a head for each of {name}, penalty {penalty:g}"
            rows.append(row(text, mean, labels, sources, linear))
    name = f"one head, and a head for each of 7 at {PENALTIES[-1]:g}, averaged"
    seven = np.mean([scores[PENALTIES[-1], *pool] for pool in PLAN.pools], axis=0)
    both = standardised(linear) + standardised(seven)
    rows.append(row(name, both, labels, sources, linear))
    return rows
