"""The claim: what one mark in a file says of how the picture was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["generated", "edited-with-ai", "camera", "human-editor"]
Strength = Literal["proof", "declared", "hint"]
KINDS: tuple[Kind, ...] = ("generated", "edited-with-ai", "camera", "human-editor")
STRENGTHS: tuple[Strength, ...] = ("proof", "declared", "hint")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands: the path through the container, and the bytes of the file.

    ``path``: as in ``PNG tEXt parameters``, ``JPEG APP1 EXIF 0x9286 UserComment`` or ``PNG pixels
    (alpha)``. ``start`` and ``end``: the bytes of the whole chunk, segment or box, end exclusive;
    a mark that many pieces carry reaches from the first to the last.
    """

    path: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What one mark says. Every mark but a verified signature can be forged or copied.

    Attributes:
        tool: who wrote it, as people call it ("ComfyUI", "Adobe Firefly").
        carrier: what kind of mark it is ("A1111 text", "C2PA manifest", "NovelAI signature").
        kind: ``generated`` (a generator made the picture), ``edited-with-ai`` (in part),
            ``camera`` or ``human-editor``; the last two never prove a human.
        strength: ``proof`` (a verified signature over these pixels), ``declared`` (a structure
            that this tool writes), ``hint`` (anything less).
        place: where in the file it stands.
        note: one plain sentence: what it rests on, or what weakens it. May be empty.
        model, prompt, negative_prompt, seed, sampler: what the mark says of the generation;
            ``None`` where it says nothing. Text from the file, not made safe to show.
        details: anything else worth showing, as pairs of a name and a text from the file.
    """

    tool: str
    carrier: str
    kind: Kind
    strength: Strength
    place: Place
    note: str = ""
    model: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    sampler: str | None = None
    details: tuple[tuple[str, str], ...] = ()
