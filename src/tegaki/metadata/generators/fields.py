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
from tegaki.results.claim import Claim, Place

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
        said = {name: each.text for name, each in found.items()}
        yield from _of_sygil(said, found["prompt"].place)
    for candidate in evidence.exif("UserComment"):
        if f"{_SYGIL}prompt" in candidate.object:
            plain = candidate.object.items()
            said = {n.removeprefix(_SYGIL): str(v) for n, v in plain if n.startswith(_SYGIL)}
            yield from _of_sygil(said, candidate.place)


def _of_sygil(said: Mapping[str, str], place: Place) -> Iterator[Claim]:
    steps = said.get("steps") or said.get("ddim_steps")
    if not _are_numbers(said.get("seed"), steps):
        return
    target = said.get("target", "txt2img")
    yield Generation(
        prompt=said["prompt"] or None,
        model=said.get("model_name"),
        seed=as_seed(said.get("seed")),
        sampler=said.get("sampler_name"),
        details=_shown(said, ("steps", "ddim_steps", "cfg_scale", "width", "height")),
        from_picture="denoising_strength" in said or target != "txt2img",
    ).claim("Sygil WebUI", "Sygil fields", place)


def _mold(evidence: Evidence) -> Iterator[Claim]:
    """PNG texts; in JPEG a comment, read as a text of the same keyword, and XMP."""
    found = evidence.keyed(_MOLD)
    said = {name: each.text for name, each in found.items()}
    places = [each.place for each in found.values()]
    for each in evidence.properties:
        if each.namespace == _MOLD_NAMESPACE:
            said.setdefault(each.name, each.value)
            places.append(each.place)
    if "parameters" in found:
        plain = found["parameters"].object.items()
        said = {name: str(value) for name, value in plain if value is not None} | said
    if not places or not said.get("model") or not _are_numbers(said.get("seed"), said.get("steps")):
        return
    yield Generation(
        prompt=said.get("prompt") or None,
        negative_prompt=said.get("negative_prompt") or said.get("negativePrompt"),
        model=said["model"],
        seed=as_seed(said.get("seed")),
        sampler=said.get("scheduler"),
        details=_shown(said, ("steps", "guidance", "width", "height", "strength", "version")),
        from_picture="strength" in said,  # written only where a picture is changed
    ).claim("mold", "mold fields", places[0])


def _kohya(evidence: Evidence) -> Iterator[Claim]:
    said = {c.key: c.text for c in evidence.texts(*_KOHYA, "negative-prompt")}
    if not set(_KOHYA) <= said.keys():
        return
    if not _are_numbers(*(said[name] for name in ("seed", "steps", "scale"))):
        return
    yield Generation(
        prompt=said["prompt"] or None,
        negative_prompt=said.get("negative-prompt"),
        seed=as_seed(said["seed"]),
        sampler=said["sampler"],
        details=_shown(said, ("steps", "scale")),
    ).claim("kohya sd-scripts", "sd-scripts fields", evidence.texts("prompt")[0].place,
            note=_KOHYA_NOTE)  # fmt: skip


def _are_numbers(*values: str | None) -> bool:
    return all(value is not None and _NUMBER.match(value) for value in values)


def _shown(said: Mapping[str, str], names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, said[name]) for name in names if said.get(name))
