"""The claim: what one mark in a file says of how the picture was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["generated", "edited-with-ai", "camera", "human-editor"]
Strength = Literal["proof", "declared", "hint"]
AI: tuple[Kind, ...] = ("generated", "edited-with-ai")
"""Kinds that say that a generator had a part."""
EITHER = ("may be", "generated or edited-with-ai")
"""The detail of a claim of the kind ``edited-with-ai`` whose mark fits a picture that was generated
from nothing as well: it is not told which."""
UNSTATED = "unstated"
"""The tool of a mark that names none."""
KINDS: tuple[Kind, ...] = ("generated", "edited-with-ai", "camera", "human-editor")
STRENGTHS: tuple[Strength, ...] = ("proof", "declared", "hint")
STRENGTH_TEXTS: dict[Strength, str] = {
    "proof": "proof",
    "declared": "declared, can be forged",
    "hint": "a hint only",
}
"""What a claim is worth, for people."""


@dataclass(frozen=True, slots=True)
class Location:
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

    Texts can be written as UTF-8.
    """

    tool: str
    carrier: str
    kind: Kind
    strength: Strength
    place: Location
    note: str = ""
    model: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    sampler: str | None = None
    details: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; ``details`` as an object."""
        return asdict(self) | {"details": dict(self.details)}

    def __post_init__(self) -> None:
        """Replace halves of characters, which JSON can write and no file can hold."""
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None and not _is_whole(value):
                object.__setattr__(self, name, _whole(value))
        if not all(_is_whole(text) for pair in self.details for text in pair):
            whole = tuple((_whole(name), _whole(text)) for name, text in self.details)
            object.__setattr__(self, "details", whole)


_TEXTS = ("tool", "note", "model", "prompt", "negative_prompt", "sampler")


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
