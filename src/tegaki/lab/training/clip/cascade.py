"""The fast and the careful model as one: ``scan --model auto``."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tegaki.lab.training.clip.held_out import HeldOut, sums
from tegaki.model import Bundle, CascadeBundle, save_bundle
from tegaki.results.scoring_config import Cascade

SHARE = 0.5
"""Of the careful model's error rates, that the fast one may add by what it decides alone."""


def make_cascade(fast: Bundle, careful: Bundle, held: HeldOut, folder: Path) -> CascadeBundle:
    """Join two bundles, which stand beside ``folder`` as ``fast`` and ``careful``.

    The fast model's logits are brought to the careful one's scale by two points: where half of the
    error rates of the careful model's thresholds are met, on ``held``'s pictures, every copy.
    """
    t = careful.thresholds
    scores, labels = held.fast.reshape(-1), np.repeat(held.labels, held.fast.shape[1])
    human, made = np.sort(scores[~labels]), np.sort(scores[labels])
    highest = human[math.ceil(len(human) * (1 - SHARE * t.false_generated)) - 1]
    lowest = made[math.floor(len(made) * SHARE * t.false_drawn)]
    high, low = _log_odds(t.generated_from), _log_odds(t.drawn_up_to)
    slope = (high - low) / (highest - lowest) if highest > lowest else math.nan
    cascade = Cascade(
        fast.config, careful.config, float(slope), float(high - slope * highest), low, high
    )
    training = {"fast": fast.id, "careful": careful.id, "sums": sums(held)}
    folder.mkdir(parents=True, exist_ok=True)
    bundle = CascadeBundle(folder, cascade, t, training, fast, careful)
    save_bundle(bundle)
    return bundle


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
