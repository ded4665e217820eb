"""What a mark says of a generation: the fields that claims of many tools share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tegaki.claim import Claim, Kind, Place, Strength

BEGAN = "It began with another picture, which may have been drawn."


@dataclass(frozen=True, slots=True)
class Generation:
    """Fields of one generation; ``None`` or empty where a mark does not say.

    ``from_picture``: it did not begin with noise but with another picture (img2img, inpainting).
    """

    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: int | None = None
    sampler: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    from_picture: bool = False

    def claim(
        self,
        tool: str,
        carrier: str,
        place: Place,
        *,
        kind: Kind | None = None,
        strength: Strength = "declared",
        note: str = "",
    ) -> Claim:
        """A claim with these fields.

        Args:
            kind: by default ``edited-with-ai`` where the generation began with another picture,
                which a person may have drawn, else ``generated``.
        """
        if kind is None:
            kind = "edited-with-ai" if self.from_picture else "generated"
            note = " ".join(filter(None, (note, BEGAN if self.from_picture else "")))
        return Claim(
            tool, carrier, kind, strength, place, note,
            model=self.model, prompt=self.prompt, negative_prompt=self.negative_prompt,
            seed=self.seed, sampler=self.sampler, details=self.details,
        )  # fmt: skip


def details_of(plain: dict[str, Any], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The named plain values of an object, as pairs of texts."""
    return tuple(
        (name, str(plain[name]))
        for name in names
        if isinstance(plain.get(name), str | int | float) and plain[name] != ""
    )
