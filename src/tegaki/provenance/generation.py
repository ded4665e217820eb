"""What a mark says of a generation: the fields that claims of many tools share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tegaki.claim import Claim, Kind, Place, Strength
from tegaki.provenance.jsontext import as_text


@dataclass(frozen=True, slots=True)
class Generation:
    """Fields of one generation; ``None`` or empty where a mark does not say."""

    prompt: str | None = None
    negative_prompt: str | None = None
    model: str | None = None
    seed: int | None = None
    sampler: str | None = None
    details: tuple[tuple[str, str], ...] = ()

    def claim(
        self,
        tool: str,
        carrier: str,
        place: Place,
        *,
        kind: Kind = "generated",
        strength: Strength = "declared",
        note: str = "",
    ) -> Claim:
        """A claim with these fields."""
        return Claim(
            tool, carrier, kind, strength, place, note,
            model=self.model, prompt=self.prompt, negative_prompt=self.negative_prompt,
            seed=self.seed, sampler=self.sampler, details=self.details,
        )  # fmt: skip


def details_of(plain: dict[str, Any], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The named plain values of an object, as pairs of texts."""
    return tuple(
        (name, as_text(str(plain[name])) or "")
        for name in names
        if isinstance(plain.get(name), str | int | float) and plain[name] != ""
    )
