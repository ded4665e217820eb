"""NovelAI: text chunks, EXIF or pixels, and a signature over the pixels.

NovelAI/novelai-image-metadata:nai_meta.py, nai_sig.py. The copy in the file and the copy in the
pixels are claims of their own, and each signature is checked against the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegaki.metadata.generators.evidence import Candidate, Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.metadata.pixels.signature import Answer, Signatures
from tegaki.results.claim import Claim, Location, Strength

_AUGMENTED = "AI augmented image"
_TITLES = ("AI generated image", _AUGMENTED, "NovelAI generated image")
_MOST_COMMENTS = 4
_CLAIMED: dict[Answer, tuple[Strength, str]] = {
    "fits": (
        "proof",
        "Its signature by NovelAI fits these pixels and this Comment; the model's name is not "
        "signed.",
    ),
    "differs": (
        "hint",
        "Its signature does not fit these pixels: the text was taken from another picture, or the "
        "picture was changed after generation.",
    ),
    "unchecked": ("hint", "It has a signature, which could not be checked."),
    "several": (
        "hint",
        "It has a signature, which vouches for one picture, and this file may show several.",
    ),
}
_FROM_PICTURE = ("img2img", "infill", "inpaint", "enhance", "augment", "vibe")
"""Parts of request types: ``NativeInfillingRequest``, ``VibeTransfer+Img2ImgRequest`` ..."""
_REFERENCES = (
    "reference_strength_multiple", "reference_image_multiple", "director_reference_strengths",
    "director_reference_images", "controlnet_model",
)  # fmt: skip
"""Fields that hold something where a picture guided this one ("vibe transfer", references)."""
_SIGNED_MODELS = ("Stable Diffusion XL", "NovelAI Diffusion")
_OLD_MODELS = "Stable Diffusion"
_SIGNED_FIELDS = ("cfg_rescale", "noise_schedule", "legacy_v3_extend", "v4_prompt")
"""How the Source begins, and fields of the Comment, since version 3: whose pictures are signed."""
_NO_SOURCE = "It names no model and has no signature; NovelAI writes both by now."
_UNSIGNED = "NovelAI signs the pictures of this model, and this text has no signature."
_FIELDS = (
    "prompt", "steps", "scale", "seed", "sampler", "uc", "strength", "noise", "request_type",
)  # fmt: skip
_LEAST_FIELDS = 3
_EMPTY = "Names of NovelAI are there, not what it was asked for."


def find(evidence: Evidence, signatures: Signatures) -> Iterator[Claim]:
    # The copy in the pixels first: only a few signatures of a file are checked.
    yield from _wrapped(evidence, evidence.hidden, signatures)
    software = [c for c in evidence.texts("Software") if c.text == "NovelAI"]
    if software:
        parameters = {c.key: c.text for c in evidence.texts("Source", "Title", "Description")}
        for candidate in evidence.texts("Comment")[:_MOST_COMMENTS] or software[:1]:
            if candidate.object or parameters.get("Title") in _TITLES:
                yield _claim(parameters, candidate.object, candidate.place, signatures)
    yield from _wrapped(evidence, evidence.exif("UserComment"), signatures)


def _wrapped(
    evidence: Evidence, candidates: list[Candidate], signatures: Signatures
) -> Iterator[Claim]:
    """Copies that hold everything in one object."""
    for candidate in candidates:
        parameters = candidate.object
        if parameters.get("Software") == "NovelAI" or parameters.get("Title") in _TITLES:
            yield _claim(parameters, _comment(evidence, candidate), candidate.place, signatures)


def _comment(evidence: Evidence, candidate: Candidate) -> dict[str, Any]:
    comment = evidence.inner_object(candidate.object.get("Comment"), candidate.place)
    # EXIF wraps the Comment once more (WebP files of version 4.5).
    return evidence.inner_object(comment.get("Comment"), candidate.place) or comment


def _claim(
    parameters: dict[str, Any], comment: dict[str, Any], place: Location, signatures: Signatures
) -> Claim:
    answer = signatures.answer(comment)
    strength, note = _unsigned(parameters, comment) if answer == "unsigned" else _CLAIMED[answer]
    # What stands beside a signed Comment is not signed.
    beside = {} if strength == "proof" else parameters
    prompt = as_text(comment.get("prompt")) or as_text(beside.get("Description"))
    asked = str(comment.get("request_type") or "").lower()
    found = Generation(
        prompt=prompt or None,
        negative_prompt=as_text(comment.get("uc")) or None,
        model=as_text(parameters.get("Source")),
        seed=as_seed(comment.get("seed")),
        sampler=as_text(comment.get("sampler")),
        details=details_of(
            comment, ("steps", "scale", "width", "height", "strength", "request_type")
        ),
        from_picture=any(part in asked for part in _FROM_PICTURE)
        or any(comment.get(name) for name in _REFERENCES)
        or _is_augmented(beside, comment),
    )
    carrier = "NovelAI signature" if strength == "proof" else "NovelAI metadata"
    return found.claim("NovelAI", carrier, place, strength=strength, note=note)


def _unsigned(parameters: dict[str, Any], comment: dict[str, Any]) -> tuple[Strength, str]:
    """What a Comment without a signature is worth: before version 3 none was signed, and the
    short ones of augmented pictures never are."""
    if any(name in comment for name in _SIGNED_FIELDS):
        return "hint", _UNSIGNED
    if comment and _is_augmented(parameters, comment):
        return "declared", ""
    source = str(parameters.get("Source", ""))
    if not source.startswith(_OLD_MODELS) or source.startswith(_SIGNED_MODELS):
        return "hint", _UNSIGNED if source else _NO_SOURCE
    known = sum(name in comment for name in _FIELDS)
    return ("declared", "") if known >= _LEAST_FIELDS else ("hint", _EMPTY)


def _is_augmented(parameters: dict[str, Any], comment: dict[str, Any]) -> bool:
    return parameters.get("Title") == _AUGMENTED or "req_type" in comment
