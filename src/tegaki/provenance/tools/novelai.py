"""NovelAI: text chunks, EXIF or pixels, and a signature over the pixels.

NovelAI/novelai-image-metadata:nai_meta.py, nai_sig.py. The copy in the file and the copy in the
pixels are claims of their own, and each signature is checked against the pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tegaki.claim import Claim, Place, Strength
from tegaki.provenance.evidence import Evidence, inner_object
from tegaki.provenance.generation import Generation, details_of
from tegaki.provenance.jsontext import as_seed, as_text

_AUGMENTED = "AI augmented image"
_TITLES = ("AI generated image", _AUGMENTED, "NovelAI generated image")
_MOST_COMMENTS = 4

Verify = Callable[[dict[str, Any]], str]
"""``fits``, ``differs``, ``unchecked`` or ``unsigned``: a Comment's signature and these pixels."""

_CLAIMED: dict[str, tuple[Strength, str]] = {
    "fits": ("proof", "Its signature by NovelAI fits these pixels."),
    "differs": (
        "hint",
        "Its signature does not fit these pixels: the text was taken from another picture, or the "
        "picture was changed after generation.",
    ),
    "unchecked": ("hint", "It has a signature, which could not be checked."),
    "unsigned": ("declared", ""),
}
_FROM_PICTURE = ("Img2Img", "Infill", "Inpaint", "Enhance", "Augment")


def find(evidence: Evidence, verify: Verify) -> Iterator[Claim]:
    software = [c for c in evidence.texts("Software") if c.text == "NovelAI"]
    if software:
        names = ("Source", "Title", "Description")
        said = {c.key: c.text for c in evidence.texts(*names)}
        comments = evidence.texts("Comment")[:_MOST_COMMENTS] or software[:1]
        for comment in comments:
            yield _claim(said | {"Comment": comment.text}, comment.place, verify)
    for candidate in evidence.hidden + evidence.exif("UserComment"):
        said = candidate.object
        if said.get("Software") == "NovelAI" or said.get("Title") in _TITLES:
            yield _claim(said, candidate.place, verify)


def _claim(said: dict[str, Any], place: Place, verify: Verify) -> Claim:
    comment = inner_object(said.get("Comment"))
    # EXIF wraps the Comment once more (WebP files of version 4.5).
    comment = inner_object(comment.get("Comment")) or comment
    prompt = as_text(comment.get("prompt")) or as_text(said.get("Description"))
    asked = str(comment.get("request_type") or comment.get("req_type") or "")
    found = Generation(
        prompt=prompt or None,
        negative_prompt=as_text(comment.get("uc")) or None,
        model=as_text(said.get("Source")),
        seed=as_seed(comment.get("seed")),
        sampler=as_text(comment.get("sampler")),
        details=details_of(
            comment, ("steps", "scale", "width", "height", "strength", "request_type")
        ),
        from_picture=asked.startswith(_FROM_PICTURE) or said.get("Title") == _AUGMENTED,
    )
    result = verify(comment)
    strength, note = _CLAIMED[result]
    carrier = "NovelAI signature" if result == "fits" else "NovelAI metadata"
    return found.claim("NovelAI", carrier, place, strength=strength, note=note)
