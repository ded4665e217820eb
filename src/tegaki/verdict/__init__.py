"""Logits and claims to a verdict: calibration, policy, fusion, reasons. Pure functions."""

from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import ClaimEffect, claim_effect, combine, sentences
from tegaki.verdict.judgement import result_of
from tegaki.verdict.policy import decide, explain, verdict_of_pixels

__all__ = [
    "ClaimEffect",
    "claim_effect",
    "combine",
    "decide",
    "explain",
    "probability_of",
    "result_of",
    "sentences",
    "verdict_of_pixels",
]
