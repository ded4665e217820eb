"""What a mark says of a generation: the fields that claims of many tools share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tegaki.results.claim import EITHER, Claim, Kind, Location, Strength

BEGAN = "Another picture was used to make this one, and may have been drawn by a person."
UNTOLD = (
    "The file does not say whether another picture was used, so this one may be generated or "
    "edited."
)
EDITS = (
    "The model makes pictures from nothing and edits them too; the file does not say which it did, "
    "so this one may be generated or edited."
)
_EDIT_MODEL = re.compile(
    r"(?i)kontext|(?:(?<![a-z])|image)edit(?:ing|plus)?(?![a-z])|omni[-_ ]?gen"
    r"|(?<![a-z])omni(?![a-z])|pix2pix|(?<![a-z])ip2p(?![a-z])|hidream[-_ ]?e1|icedit|seededit"
    r"|inpaint|flux.{0,12}(?<![a-z])fill(?![a-z])|(?<![a-z])flux[-_. ]?2(?!\d)"
)
"""Models that are given a picture to work on, by a part of their name."""


def is_edit_model(name: str | None) -> bool:
    """Whether a model's name is that of one that edits pictures."""
    return name is not None and _EDIT_MODEL.search(name) is not None


@dataclass(frozen=True, slots=True)
class Generation:
    """Fields of one generation; ``None`` or empty where a mark does not say.

    ``from_picture``: it was not made of noise and words alone but of another picture too (img2img,
    inpainting, a picture that guides); ``None``: that is not told.
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: int | None = None
    sampler: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    from_picture: bool | None = False

    def claim(
        self,
        tool: str,
        carrier: str,
        place: Location,
        *,
        strength: Strength = "declared",
        note: str = "",
        whole: bool = False,
    ) -> Claim:
        """A claim with these fields: ``edited-with-ai`` where another picture went into it, which
        a person may have drawn, or may have, else ``generated``.

        Args:
            whole: the mark tells all pictures that were used, so that the model's name need not be
                asked whether there may be one.
        """
        kind, began = self._kind(whole)
        return Claim(
            tool, carrier, kind, strength, place, " ".join(filter(None, (note, began))),
            model=self.model, prompt=self.prompt, negative_prompt=self.negative_prompt,
            seed=self.seed, sampler=self.sampler,
            details=self.details + ((EITHER,) if began in (UNTOLD, EDITS) else ()),
        )  # fmt: skip

    def _kind(self, whole: bool) -> tuple[Kind, str]:
        """The kind of the claim, and a sentence on what went into it."""
        if self.from_picture:
            return "edited-with-ai", BEGAN
        if not whole and is_edit_model(self.model):
            return "edited-with-ai", EDITS
        return ("edited-with-ai", UNTOLD) if self.from_picture is None else ("generated", "")


def details_of(plain: dict[str, Any], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The named plain values of an object, as pairs of texts."""
    return tuple(
        (name, str(plain[name]))
        for name in names
        if isinstance(plain.get(name), str | int | float) and plain[name] != ""
    )
