"""What a file says of itself, beside what its pixels look like.

Proof decides. A declaration outweighs pixels, and both are shown where they disagree. A hint moves
a verdict towards *not sure* and never decides. Marks of editors and cameras, and marks that are
missing, say nothing about a person: they move nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from tegaki.results.claim import AI, EITHER, UNSTATED, Claim
from tegaki.results.result import SHOWN, Domain, Verdict

ClaimEffect = Literal["decides", "outside", "moves", "none"]

_LONGEST_NAME = 60  # characters of a tool's name that comes from the file
OUTSIDE = (
    "This does not look like a drawing or an illustration (rather a photograph, a screenshot, text "
    "or a rendering): tegaki judges drawn pictures alone."
)
FORGERY_WARNING = "Such marks can be written, copied or removed by anyone."


def decided_by_file(claims: Sequence[Claim]) -> bool:
    """Whether a claim decides, whatever the pixels look like."""
    return any(c.kind == "generated" and c.strength != "hint" for c in claims)


def claim_effect(claims: Sequence[Claim], domain: Domain | None = None) -> ClaimEffect:
    """What weighs beside the pixels' verdict: claims that decide; a picture of a kind that is not
    judged; claims that move *likely drawn* to *not sure*; or nothing."""
    if decided_by_file(claims):
        return "decides"
    if domain == "outside":
        return "outside"
    return "moves" if any(c.kind in AI for c in claims) else "none"


def combine(pixels: Verdict, effect: ClaimEffect) -> Verdict:
    """The verdict on pixels alone, and what weighs beside them, as one verdict."""
    if effect == "decides":
        return "generated"
    if effect == "outside":
        return "unsure"
    return "unsure" if pixels == "drawn" and effect == "moves" else pixels


def sentences(claims: Sequence[Claim]) -> Iterator[str]:
    """What each claim says, as plain sentences; of claims that say the same, the first."""
    seen: set[tuple[str, str, str]] = set()
    careful = False
    for claim in claims:
        key = (claim.tool, claim.kind, claim.strength)
        if key in seen:
            continue
        seen.add(key)
        yield _sentence(claim)
        if claim.kind in AI and claim.note:
            yield claim.note
        if claim.kind in AI and claim.strength == "declared" and not careful:
            careful = True
            yield FORGERY_WARNING


def disagreement(pixels: Verdict, probability: float, verdict: Verdict) -> str:
    """How the picture looks, where the file has moved the verdict away from it."""
    if pixels == "unsure":
        return f"The picture itself does not say: {SHOWN[pixels]} (probability {probability:.3f})."
    looks = f"The picture itself looks {SHOWN[pixels]} (probability {probability:.3f})"
    if verdict == "unsure":
        return f"{looks}; because of the mark this is not sure."
    return f"{looks}: file and picture disagree, and the mark outweighs the look."


def _sentence(claim: Claim) -> str:
    where = f"({claim.place.path})"
    tool = claim.tool if len(claim.tool) <= _LONGEST_NAME else claim.tool[:_LONGEST_NAME] + "…"
    if claim.kind in ("camera", "human-editor"):
        return f"{_names(claim, tool)} {where}, which proves nothing about who made the picture."
    by = "a generator that it does not name" if claim.tool == UNSTATED else tool
    changed = "made, or changed with AI," if EITHER in claim.details else "changed with AI"
    done = f"made by {by}" if claim.kind == "generated" else f"{changed} by {by}"
    if claim.strength == "proof":
        return f"A signature that fits these pixels says that it was {done} {where}."
    if claim.strength == "declared":
        return f"The file says that it was {done} {where}."
    return f"A hint, not more, that it was {done} {where}."


def _names(claim: Claim, tool: str) -> str:
    if claim.tool != UNSTATED:
        return f"The file names {tool}"
    if claim.kind == "camera":
        return "The file says that a camera took it"
    return "The file says that a person made it with a program"
