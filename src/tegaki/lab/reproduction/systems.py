"""From cached features to the scores of every system of the seed's table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.metrics.predictions import log_odds
from tegaki.lab.models.classifier import Classifier
from tegaki.lab.reproduction.ensemble import Probabilities
from tegaki.lab.training.feature_cache import FeatureFile
from tegaki.lab.training.letterbox import TTA


def chances(network: Classifier, features: FeatureFile) -> Probabilities:
    """The probabilities that a network gives, from its backbone's features."""
    kept: dict[str, Scores] = {}

    def of(view: str) -> Scores:
        if view not in kept:
            with torch.inference_mode():
                logits = network.classify(torch.from_numpy(features.all_rows(view)))
            kept[view] = torch.sigmoid(logits.double()).numpy()
        return kept[view]

    return lambda views: np.mean([of(view) for view in views], axis=0)


def with_views(name: str, model: Probabilities, sets: Sequence[str]) -> dict[str, Scores]:
    """Log odds of one model for several sets of test-time views."""
    return {name if tta == "none" else f"{name}+{tta}": log_odds(model(TTA[tta])) for tta in sets}
