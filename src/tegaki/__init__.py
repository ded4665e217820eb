"""tegaki: was this anime picture drawn by a person, or made by a generator?

>>> import tegaki
>>> detector = tegaki.Detector.load()
>>> result = detector.inspect("a.png")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tegaki.detector import Detector
    from tegaki.errors import (
        BundleError,
        CorpusError,
        InputError,
        MissingExtra,
        OutputError,
        PictureError,
        StoreError,
        TegakiError,
    )
    from tegaki.imaging import Limits
    from tegaki.results.claim import Claim
    from tegaki.results.result import CropScore, ErrorInfo, Result

__version__ = "0.1.0"

_HOMES = {
    "Claim": "tegaki.results.claim",
    "Detector": "tegaki.detector",
    "Limits": "tegaki.imaging",
    "Result": "tegaki.results.result",
    "ErrorInfo": "tegaki.results.result",
    "CropScore": "tegaki.results.result",
    "BundleError": "tegaki.errors",
    "CorpusError": "tegaki.errors",
    "InputError": "tegaki.errors",
    "MissingExtra": "tegaki.errors",
    "OutputError": "tegaki.errors",
    "PictureError": "tegaki.errors",
    "StoreError": "tegaki.errors",
    "TegakiError": "tegaki.errors",
}

__all__ = [
    "BundleError",
    "Claim",
    "CorpusError",
    "CropScore",
    "Detector",
    "ErrorInfo",
    "InputError",
    "Limits",
    "MissingExtra",
    "OutputError",
    "PictureError",
    "Result",
    "StoreError",
    "TegakiError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # Lazily, so that `tegaki --help` does not wait for numpy and Pillow.
    if name not in _HOMES:
        raise AttributeError(f"module 'tegaki' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
