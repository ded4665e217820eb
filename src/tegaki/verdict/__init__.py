"""Logits to a verdict: calibration, policy and reasons. Pure functions."""

from tegaki.verdict.calibration import probability_of
from tegaki.verdict.policy import decide, explain

__all__ = ["decide", "explain", "probability_of"]
