"""From cached features to the scores of every system of the seed's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from tegaki.lab.features import FeatureFile
from tegaki.lab.letterbox import TTA
from tegaki.lab.metrics import Labels, Scores
from tegaki.lab.network import Classifier
from tegaki.lab.predictions import log_odds

Chances = Callable[[Sequence[str]], Scores]
"""Mean probability of *generated* over the named views of every picture: float64 ``(n,)``."""


def chances(network: Classifier, features: FeatureFile) -> Chances:
    """The probabilities that a network gives, from its backbone's features."""
    kept: dict[str, Scores] = {}

    def of(view: str) -> Scores:
        if view not in kept:
            with torch.inference_mode():
                logits = network.judge(torch.from_numpy(features.all_rows(view)))
            kept[view] = torch.sigmoid(logits.double()).numpy()
        return kept[view]

    return lambda views: np.mean([of(view) for view in views], axis=0)


def with_views(name: str, model: Chances, sets: Sequence[str]) -> dict[str, Scores]:
    """Log odds of one model for several sets of test-time views."""
    return {name if tta == "none" else f"{name}+{tta}": log_odds(model(TTA[tta])) for tta in sets}


def ensemble_as_coded(enhanced: Chances, baseline: Chances) -> dict[str, Scores]:
    """0.6 E + 0.4 (0.3 B(x) + 0.3 B(flip x) + 0.4 B(x + 0.1)), as the seed's notebook ran it.

    With flips, each member averages a view and its mirror image, so that the plain and the flipped
    member become one.
    """
    plain = 0.6 * enhanced(["plain"]) + 0.4 * (
        0.3 * baseline(["plain"]) + 0.3 * baseline(["flipped"]) + 0.4 * baseline(["plus0.1"])
    )
    flips = (
        0.6 * enhanced(TTA["flip"])
        + 0.24 * baseline(TTA["flip"])
        + 0.16 * baseline(["plus0.1", "flipped-plus0.1"])
    )
    return {"ensemble-coded": log_odds(plain), "ensemble-coded+flip": log_odds(flips)}


def ensemble_as_described(enhanced: Chances, baseline: Chances, share: float) -> Scores:
    """Three members in equal parts (plain, flipped, brightness +-10 %) beside the enhanced model,
    which weighs ``share``."""
    members = baseline(["plain", "flipped", "brightness10"])
    return log_odds(share * enhanced(["plain"]) + (1 - share) * members)


def best_share(enhanced: Chances, baseline: Chances, generated: Labels) -> float:
    """The weight of the enhanced model with the best accuracy on ``val``, of 0, 0.1, ... 1; of
    equals the nearest to 0.6, which the seed's notebook used."""

    def worth(share: float) -> tuple[float, float]:
        said = ensemble_as_described(enhanced, baseline, share) > 0
        return float(np.mean(said == generated)), -abs(share - 0.6)

    return max((step / 10 for step in range(11)), key=worth)
