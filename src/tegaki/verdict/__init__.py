"""Logits and claims to a verdict: calibration, policy, fusion, reasons. Pure functions."""

from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import Pull, pull_of, sentences, weigh
from tegaki.verdict.judgement import row_of
from tegaki.verdict.policy import by_pixels, decide, explain

__all__ = [
    "Pull",
    "by_pixels",
    "decide",
    "explain",
    "probability_of",
    "pull_of",
    "row_of",
    "sentences",
    "weigh",
]
