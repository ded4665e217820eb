"""What a row is made of, beside its claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

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
    """The logit of one named view; positive leans to *generated*.

    ``box``: the tile of a long picture that it is of: left, upper, right and lower edge, in pixels
    of the upright picture; ``None`` for the views of all others.
    """

    name: str
    logit: float
    box: tuple[int, int, int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; without a box it has no key."""
        plain: dict[str, Any] = {"name": self.name, "logit": self.logit}
        return plain if self.box is None else plain | {"box": list(self.box)}


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why a file could not be judged: the name of a :class:`tegaki.errors.PictureError`."""

    type: str
    message: str
