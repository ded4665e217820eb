"""Programs that write one PNG text for each field, or the same fields as one object.

Stable Diffusion web UI by Sygil (hlky), keywords ``SD:prompt``
(Sygil-Dev/sygil-webui:frontend/image_metadata.py, scripts/sd_utils); mold, ``mold:prompt``
(utensils/mold:crates/mold-inference/src/image.rs); and sd-scripts by kohya, whose keywords have no
name of their own (kohya-ss/sd-scripts:gen_img.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed
from tegaki.results.claim import Claim, Location

_SYGIL, _MOLD = "SD:", "mold:"
_MOLD_NAMESPACE = "https://github.com/utensils/mold"
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?\Z")
_KOHYA = ("prompt", "seed", "sampler", "steps", "scale")
"""The keywords that sd-scripts always writes; those of numbers must hold one."""
_KOHYA_NOTE = "sd-scripts write the same for pictures that they make from another."


def find(evidence: Evidence) -> Iterator[Claim]:
    yield from _sygil(evidence)
    yield from _mold(evidence)
    yield from _kohya(evidence)


def _sygil(evidence: Evidence) -> Iterator[Claim]:
    found = evidence.keyed(_SYGIL)
    if "prompt" in found:
        parameters = {name: each.text for name, each in found.items()}
        yield from _of_sygil(parameters, found["prompt"].place)
    for candidate in evidence.exif("UserComment"):
        if f"{_SYGIL}prompt" in candidate.object:
            plain = candidate.object.items()
            parameters = {n.removeprefix(_SYGIL): str(v) for n, v in plain if n.startswith(_SYGIL)}
            yield from _of_sygil(parameters, candidate.place)


def _of_sygil(parameters: Mapping[str, str], place: Location) -> Iterator[Claim]:
    steps = parameters.get("steps") or parameters.get("ddim_steps")
    if not _are_numbers(parameters.get("seed"), steps):
        return
    target = parameters.get("target", "txt2img")
    yield Generation(
        prompt=parameters["prompt"] or None,
        model=parameters.get("model_name"),
        seed=as_seed(parameters.get("seed")),
        sampler=parameters.get("sampler_name"),
        details=_shown(parameters, ("steps", "ddim_steps", "cfg_scale", "width", "height")),
        from_picture="denoising_strength" in parameters or target != "txt2img",
    ).claim("Sygil WebUI", "Sygil fields", place)


def _mold(evidence: Evidence) -> Iterator[Claim]:
    """PNG texts; in JPEG a comment, read as a text of the same keyword, and XMP."""
    found = evidence.keyed(_MOLD)
    parameters = {name: each.text for name, each in found.items()}
    places = [each.place for each in found.values()]
    for each in evidence.properties:
        if each.namespace == _MOLD_NAMESPACE:
            parameters.setdefault(each.name, each.value)
            places.append(each.place)
    if "parameters" in found:
        plain = found["parameters"].object.items()
        parameters = {name: str(value) for name, value in plain if value is not None} | parameters
    if (
        not places
        or not parameters.get("model")
        or not _are_numbers(parameters.get("seed"), parameters.get("steps"))
    ):
        return
    yield Generation(
        prompt=parameters.get("prompt") or None,
        negative_prompt=parameters.get("negative_prompt") or parameters.get("negativePrompt"),
        model=parameters["model"],
        seed=as_seed(parameters.get("seed")),
        sampler=parameters.get("scheduler"),
        details=_shown(parameters, ("steps", "guidance", "width", "height", "strength", "version")),
        from_picture="strength" in parameters,  # written only where a picture is changed
    ).claim("mold", "mold fields", places[0])


def _kohya(evidence: Evidence) -> Iterator[Claim]:
    parameters = {c.key: c.text for c in evidence.texts(*_KOHYA, "negative-prompt")}
    if not set(_KOHYA) <= parameters.keys():
        return
    if not _are_numbers(*(parameters[name] for name in ("seed", "steps", "scale"))):
        return
    yield Generation(
        prompt=parameters["prompt"] or None,
        negative_prompt=parameters.get("negative-prompt"),
        seed=as_seed(parameters["seed"]),
        sampler=parameters["sampler"],
        details=_shown(parameters, ("steps", "scale")),
    ).claim("kohya sd-scripts", "sd-scripts fields", evidence.texts("prompt")[0].place,
            note=_KOHYA_NOTE)  # fmt: skip


def _are_numbers(*values: str | None) -> bool:
    return all(value is not None and _NUMBER.match(value) for value in values)


def _shown(parameters: Mapping[str, str], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, parameters[name]) for name in names if parameters.get(name))
