"""Mochi Diffusion: all fields in the IPTC caption, its name as the program that made the file.

MochiDiffusion/MochiDiffusion:Mochi Diffusion/Model/SDImage.swift
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed
from tegaki.results.claim import Claim, Location

_NAME = "Mochi Diffusion"
_PROGRAM, _CAPTION = (2, 65), (2, 120)  # IPTC-IIM 4.2, section 6
_DESCRIPTION = ("http://purl.org/dc/elements/1.1/", "description")  # the same caption in XMP
_NAMES = (
    "Include in Image", "Exclude from Image", "Model", "Steps", "Guidance Scale", "Seed", "Size",
    "Quality", "Starting Image", "ControlNet Image", "Input Images", "Upscaler", "Scheduler",
    "ML Compute Unit", "Generator", "Date",
)  # fmt: skip
_FIELD = re.compile(rf"(?:^|; )({'|'.join(_NAMES)}): ")
_PICTURES = ("Starting Image", "ControlNet Image", "Input Images")


def find(evidence: Evidence) -> Iterator[Claim]:
    named = any(field.text.startswith(_NAME) for field in evidence.iptc(*_PROGRAM))
    for text, place in _captions(evidence):
        parameters = _fields(text)
        by_itself = parameters.get("Generator", "").startswith(_NAME)
        if (named or by_itself) and {"Seed", "Steps"} <= parameters.keys():
            yield Generation(
                prompt=parameters.get("Include in Image") or None,
                negative_prompt=parameters.get("Exclude from Image") or None,
                model=parameters.get("Model") or None,
                seed=as_seed(parameters["Seed"]),
                sampler=parameters.get("Scheduler") or None,
                details=tuple(
                    (name, parameters[name])
                    for name in ("Steps", "Guidance Scale", "Size", "Generator")
                    if parameters.get(name)
                ),
                from_picture=any(parameters.get(name) for name in _PICTURES),
            ).claim(_NAME, "Mochi Diffusion caption", place)  # fmt: skip
            return


def _captions(evidence: Evidence) -> Iterator[tuple[str, Location]]:
    for field in evidence.iptc(*_CAPTION):
        yield field.text, field.place
    for found in evidence.xmp(*_DESCRIPTION):
        yield found.value, found.place


def _fields(text: str) -> dict[str, str]:
    """``Name: value; Name: value``, the first of each name; a prompt may hold semicolons."""
    found = list(_FIELD.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)]
    parameters: dict[str, str] = {}
    for each, end in zip(found, ends, strict=False):  # with no field there is one end all the same
        parameters.setdefault(each[1], text[each.end() : end].strip())
    return parameters
