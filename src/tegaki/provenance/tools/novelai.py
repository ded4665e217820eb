"""NovelAI: text chunks, EXIF or pixels, and a signature over the pixels.

NovelAI/novelai-image-metadata:nai_meta.py, nai_sig.py. The copy in the file and the copy in the
pixels are claims of their own, and each signature is checked against the pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tegaki.claim import Claim, Place
from tegaki.provenance.evidence import Evidence, inner_object
from tegaki.provenance.generation import Generation, details_of
from tegaki.provenance.jsontext import as_seed, as_text

_TITLES = ("AI generated image", "AI augmented image", "NovelAI generated image")
_FITS = "Its signature by NovelAI fits these pixels."
_FITS_NOT = (
    "Its signature does not fit these pixels: the text was taken from another picture, or the "
    "picture was changed after generation."
)

Verify = Callable[[dict[str, Any]], bool | None]
"""Whether a Comment's signature fits the pixels; ``None``: no signature, or pixels not at hand."""


def find(evidence: Evidence, verify: Verify) -> Iterator[Claim]:
    chunks = {c.key: c for c in evidence.texts("Software", "Source", "Title", "Comment")}
    software, comment = chunks.get("Software"), chunks.get("Comment")
    if software is not None and software.text == "NovelAI":
        said = {name: chunk.text for name, chunk in chunks.items()}
        described = evidence.texts("Description")
        said["Description"] = described[0].text if described else ""
        yield _claim(said, (comment or software).place, "NovelAI metadata", verify)
    for candidate in evidence.texts("stealth") + evidence.exif("UserComment"):
        said = candidate.object
        if said.get("Software") == "NovelAI" or said.get("Title") in _TITLES:
            yield _claim(said, candidate.place, "NovelAI metadata", verify)


def _claim(said: dict[str, Any], place: Place, carrier: str, verify: Verify) -> Claim:
    comment = inner_object(said.get("Comment"))
    # EXIF wraps the Comment once more (WebP files of version 4.5).
    comment = inner_object(comment.get("Comment")) or comment
    prompt = as_text(comment.get("prompt")) or as_text(said.get("Description"))
    found = Generation(
        prompt=prompt or None,
        negative_prompt=as_text(comment.get("uc")) or None,
        model=as_text(said.get("Source")),
        seed=as_seed(comment.get("seed")),
        sampler=as_text(comment.get("sampler")),
        details=details_of(comment, ("steps", "scale", "width", "height", "request_type")),
    )
    fits = verify(comment)
    if fits is None:
        return found.claim("NovelAI", carrier, place)
    if fits:
        return found.claim("NovelAI", "NovelAI signature", place, strength="proof", note=_FITS)
    return found.claim("NovelAI", carrier, place, strength="hint", note=_FITS_NOT)
