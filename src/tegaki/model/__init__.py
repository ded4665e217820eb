"""Model bundles (ONNX, recipe, thresholds, card) and the sessions that run them."""

from tegaki.model.bundle import (
    BASES,
    DEFAULT,
    SHIPPED,
    Bundle,
    CascadeBundle,
    folder_of,
    load_bundle,
    load_single,
    read_base,
    read_network,
    save_bundle,
)
from tegaki.model.runtime import load_runtime
from tegaki.model.session import BaseSession, Output, Session, joined, open_session

__all__ = [
    "BASES",
    "DEFAULT",
    "SHIPPED",
    "BaseSession",
    "Bundle",
    "CascadeBundle",
    "Output",
    "Session",
    "folder_of",
    "joined",
    "load_bundle",
    "load_runtime",
    "load_single",
    "open_session",
    "read_base",
    "read_network",
    "save_bundle",
]
