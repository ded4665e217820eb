"""The seed's ensemble of the enhanced model and the baseline's views, as coded and as described."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tegaki.lab.evaluation.report import Report
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.metrics.predictions import Predictions, log_odds, probabilities

Probabilities = Callable[[Sequence[str]], Scores]
"""Mean probability of *generated* over the named views of every picture: float64 ``(n,)``."""

SHARES = tuple(step / 10 for step in range(11))
"""What the enhanced model may weigh."""

DESCRIBED = "ensemble-described"
_FLIP = ("plain", "flipped")
_ROUNDING = 1e-3  # more than five decimals of a log odds can move the third member


def ensemble_as_coded(enhanced: Probabilities, baseline: Probabilities) -> dict[str, Scores]:
    """0.6 E + 0.4 (0.3 B(x) + 0.3 B(flip x) + 0.4 B(x + 0.1)), as the seed's notebook ran it.

    With flips, each member averages a view and its mirror image, so that the plain and the flipped
    member become one.
    """
    plain = 0.6 * enhanced(["plain"]) + 0.4 * (
        0.3 * baseline(["plain"]) + 0.3 * baseline(["flipped"]) + 0.4 * baseline(["plus0.1"])
    )
    flips = (
        0.6 * enhanced(_FLIP)
        + 0.24 * baseline(_FLIP)
        + 0.16 * baseline(["plus0.1", "flipped-plus0.1"])
    )
    return {"ensemble-coded": log_odds(plain), "ensemble-coded+flip": log_odds(flips)}


def ensemble_as_described(enhanced: Probabilities, baseline: Probabilities, share: float) -> Scores:
    """Three members in equal parts (plain, flipped, brightness +-10 %) beside the enhanced model,
    which weighs ``share``."""
    members = baseline(["plain", "flipped", "brightness10"])
    return log_odds(share * enhanced(["plain"]) + (1 - share) * members)


def best_share(enhanced: Probabilities, baseline: Probabilities, generated: Labels) -> float:
    """The weight of the enhanced model with the best accuracy on ``val``, of 0, 0.1, ... 1; of
    equals the nearest to 0.6, which the seed's notebook used."""

    def worth(share: float) -> tuple[float, float]:
        said = ensemble_as_described(enhanced, baseline, share) > 0
        return float(np.mean(said == generated)), -abs(share - 0.6)

    return max(SHARES, key=worth)


def possible_shares(scores: dict[str, Scores]) -> list[float]:
    """The shares that the log odds of a cell's systems can have come from; one, but for a handful
    of pictures.

    Two of the three members (plain and flipped) are known by their mean. With a wrong share, what
    is left for the third would be no probability.
    """
    enhanced, flips, whole = (
        probabilities(scores[name]) for name in ("enhanced", "baseline+flip", DESCRIBED)
    )
    found = []
    for share in SHARES:
        # (1 - share) times the third member, so that a share of one can be told too
        third = 3 * (whole - share * enhanced) - 2 * (1 - share) * flips
        if third.min() >= -_ROUNDING and third.max() <= 1 - share + _ROUNDING:
            found.append(share)
    return found


def check_share(report: Report, predictions: Predictions) -> Iterator[str]:
    """For :func:`tegaki.lab.evaluation.verify.verify`: an ensemble's share gives its scores."""
    said = report.get("ensemble_share")
    possible = possible_shares(predictions.scores) if DESCRIBED in predictions.scores else [None]
    if said not in possible:
        found = " or ".join(map(str, possible)) or "no share"
        yield f"ensemble_share: the report says {said}, the predictions give {found}"
