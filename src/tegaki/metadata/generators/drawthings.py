"""Draw Things: its name beside JSON in UserComment, in XMP or EXIF.

drawthingsai/draw-things-community:Libraries/LocalImageGenerator/Sources/ImageConverter.swift
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim, Location

_XMP = "http://ns.adobe.com/xap/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_NAME = "Draw Things"


def find(evidence: Evidence) -> Iterator[Claim]:
    if not _is_named(evidence):
        return
    for parameters, place in _comments(evidence):
        if {"model", "sampler", "seed"} & parameters.keys():
            yield _generation(parameters).claim(_NAME, "Draw Things parameters", place)
            return


def _is_named(evidence: Evidence) -> bool:
    names = [found.value for found in evidence.xmp(_XMP, "CreatorTool")]
    names += [c.text for c in evidence.texts("Software") + evidence.exif("Software")]
    return _NAME in names


def _comments(evidence: Evidence) -> Iterator[tuple[dict[str, Any], Location]]:
    for found in evidence.xmp(_EXIF, "UserComment"):
        yield (
            evidence.inner_object(evidence.parsed(found.value, found.place), found.place),
            (found.place),
        )
    for candidate in evidence.exif("UserComment"):
        yield candidate.object, candidate.place


def _generation(parameters: dict[str, Any]) -> Generation:
    strength = parameters.get("strength")
    return Generation(
        prompt=as_text(parameters.get("c")),
        negative_prompt=as_text(parameters.get("uc")),
        model=as_text(parameters.get("model")),
        seed=as_seed(parameters.get("seed")),
        sampler=as_text(parameters.get("sampler")),
        details=details_of(parameters, ("steps", "scale", "size", "strength")),
        # Below 1, some of the picture on the canvas is left; models that edit have a guidance of
        # their own for it, and controls are given a picture.
        from_picture=(isinstance(strength, int | float) and strength < 1)
        or "image_guidance" in parameters
        or bool(parameters.get("control")),
    )
