"""From a logit to a probability."""

from __future__ import annotations

import math

from tegaki.results.scoring_config import Calibration


def probability_of(logit: float, calibration: Calibration) -> float:
    """Probability of *generated*, 0-1, by Platt scaling; exact at both ends, never NaN."""
    x = calibration.slope * logit + calibration.intercept
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))
