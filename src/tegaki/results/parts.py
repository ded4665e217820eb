"""What a row is made of, beside its claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["drawn", "generated", "unsure", "error"]
Domain = Literal["inside", "outside"]
VERDICTS: tuple[Verdict, ...] = ("drawn", "generated", "unsure", "error")
SHOWN: dict[Verdict, str] = {
    "drawn": "likely drawn",
    "generated": "likely generated",
    "unsure": "not sure",
    "error": "error",
}
"""How a verdict is shown to people."""


@dataclass(frozen=True, slots=True)
class CropScore:
    """The logit of one named view; positive leans to *generated*."""

    name: str
    logit: float


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a file could not be judged: the name of a :class:`tegaki.errors.PictureError`."""

    type: str
    message: str
