"""The model bundle (ONNX, recipe, thresholds, card) and the session that runs it."""

from tegaki.model.bundle import SHIPPED, Bundle, load_bundle, read_network, save_bundle
from tegaki.model.runtime import load_runtime
from tegaki.model.session import Session

__all__ = [
    "SHIPPED",
    "Bundle",
    "Session",
    "load_bundle",
    "load_runtime",
    "read_network",
    "save_bundle",
]
