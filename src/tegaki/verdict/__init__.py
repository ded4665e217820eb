"""Logits and claims to a verdict: calibration, policy, fusion, reasons. Pure functions."""

from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import sentences
from tegaki.verdict.policy import decide, explain
from tegaki.verdict.rows import row_of

__all__ = ["decide", "explain", "probability_of", "row_of", "sentences"]
