"""Fooocus (lllyasviel/Fooocus:modules/meta_parser.py), RuinedFooocus and Fooocus-MRE
(MoonRide303/Fooocus-MRE:modules/async_worker.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tegaki.metadata.generators.evidence import Candidate, Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim

_FORK = re.compile(r"Fooocus \d")
_PICTURES = (
    "img2img", "revision", "control_lora_canny", "control_lora_depth", "input_image",
    "inpaint_mode", "inpaint_engine_version", "denoise", "start_step",
)  # fmt: skip
"""Fields that hold something where a picture was given."""
_SAME = "Fooocus writes the same for pictures that it makes from another."
"""Pictures to vary, enlarge, fill or be guided by leave no trace (modules/async_worker.py)."""


def find(evidence: Evidence) -> Iterator[Claim]:
    schemed = evidence.has("fooocus_scheme") or _in_exif(evidence)
    for candidate in [*evidence.free_texts(), *evidence.texts("Comment")]:
        parameters = candidate.object
        if parameters.get("software") == "RuinedFooocus":
            yield _json(parameters).claim("RuinedFooocus", "Fooocus parameters", candidate.place)
        elif _is_fork(parameters):
            yield from _fork(candidate)
        elif _is_fooocus(parameters, schemed):
            yield _json(parameters).claim(
                "Fooocus", "Fooocus parameters", candidate.place, note=_SAME
            )
        elif candidate.key != "Comment":
            yield from _text(candidate, schemed)
    for candidate in evidence.texts("comment") if evidence.marks.format == "JPEG" else ():
        if _is_fork(candidate.object):
            yield from _fork(candidate)


def _in_exif(evidence: Evidence) -> bool:
    return any(c.text.startswith("Fooocus v") for c in evidence.exif("Software"))


def _is_fork(parameters: dict[str, Any]) -> bool:
    return (
        _FORK.match(str(parameters.get("software", ""))) is not None and "base_model" in parameters
    )


def _fork(candidate: Candidate) -> Iterator[Claim]:
    parameters = candidate.object
    tool = "Fooocus-MRE" if str(parameters["software"]).endswith("MRE") else "Fooocus"
    yield _json(parameters).claim(tool, "Fooocus parameters", candidate.place)


def _is_fooocus(parameters: dict[str, Any], schemed: bool) -> bool:
    version = str(parameters.get("version") or parameters.get("Version") or "")
    return version.startswith("Fooocus") or (schemed and "base_model" in parameters)


def _text(candidate: Candidate, schemed: bool) -> Iterator[Claim]:
    text = candidate.web_ui
    if text is not None and (schemed or text.fields.get("Version", "").startswith("Fooocus")):
        yield text.generation().claim("Fooocus", "A1111 text", candidate.place, note=_SAME)


def _json(parameters: dict[str, Any]) -> Generation:
    def first(*names: str) -> str | None:
        return next((t for t in (as_text(parameters.get(n)) for n in names) if t), None)

    return Generation(
        prompt=first("prompt", "Prompt", "full_prompt"),
        negative_prompt=first("negative_prompt", "Negative", "Negative Prompt"),
        model=first("base_model", "base_model_name", "Base Model"),
        seed=as_seed(parameters.get("seed", parameters.get("Seed"))),
        sampler=first("sampler", "sampler_name", "Sampler"),
        details=details_of(
            parameters, ("steps", "resolution", "performance", "version", "software")
        ),
        from_picture=any(parameters.get(name) for name in _PICTURES),
    )
