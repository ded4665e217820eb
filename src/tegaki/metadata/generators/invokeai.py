"""InvokeAI, three generations of its metadata.

``invokeai_metadata`` (2023 on), ``sd-metadata`` (2022-2023), ``Dream`` (2022), each a PNG text.
invoke-ai/InvokeAI:invokeai/app/services/image_files/image_files_disk.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim

_NEGATIVE = re.compile(r"\[([^\[\]]*)\]")  # how negative prompts were written into the prompt
_PICTURE = re.compile(r" -[IMf](?=[ \d.])")  # another picture, a mask, how far to change it
_FLAG = re.compile(r" -(?P<name>[sSWHCAG]) *(?P<value>[^\s-]\S*)")
_LONGEST_DREAM = 20_000
_STARTS = ("init_image", "upscale_initial_image", "upscale_model")
_GUIDES = ("ref_images", "controlnets", "ipAdapters", "t2iAdapters")
"""Where pictures are named beside the mode: to begin with, and to be guided by."""


def find(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.texts("invokeai_metadata"):
        parameters = candidate.object
        if {"app_version", "generation_mode", "positive_prompt"} & parameters.keys():
            yield _newest(parameters).claim("InvokeAI", "InvokeAI metadata", candidate.place)
    for candidate in evidence.texts("sd-metadata"):
        parameters = candidate.object
        if "InvokeAI" in str(parameters.get("app_id", "")) or "model_weights" in parameters:
            yield _second(parameters).claim("InvokeAI", "InvokeAI metadata", candidate.place)
    for candidate in evidence.texts("Dream"):
        found = _dream(candidate.text)
        if found is not None:
            yield found.claim("InvokeAI", "InvokeAI command", candidate.place)


def _newest(parameters: dict[str, Any]) -> Generation:
    model = parameters.get("model")
    name = model.get("model_name") or model.get("name") if isinstance(model, dict) else model
    return Generation(
        prompt=as_text(parameters.get("positive_prompt")),
        negative_prompt=as_text(parameters.get("negative_prompt")),
        model=as_text(name),
        seed=as_seed(parameters.get("seed")),
        sampler=as_text(parameters.get("scheduler")),
        details=details_of(
            parameters, ("generation_mode", "steps", "cfg_scale", "width", "height", "app_version")
        ),
        from_picture=_began_with_a_picture(parameters),
    )


def _began_with_a_picture(parameters: dict[str, Any]) -> bool | None:
    """Whether there was a picture; ``None`` where no mode is given.

    The upscaling tab, the filling model of FLUX and models elsewhere (Gemini, Seedream) write no
    mode; those last do not name the pictures that they were given either. The mode says only how
    the canvas was used: pictures to edit or to be guided by are named apart.
    """
    if any(parameters.get(name) for name in _STARTS):
        return True
    canvas, control = (
        _object(parameters, "canvas_v2_metadata"),
        _object(parameters, "control_layers"),
    )
    guides = [parameters.get(name) for name in _GUIDES]
    guides += [canvas.get(name) for name in ("controlLayers", "referenceImages")]  # 5
    guides.append(_with_pictures(control.get("layers")))  # 4.2
    regions = parameters.get("regions"), canvas.get("regionalGuidance")
    if any(map(_is_enabled, guides)) or any(map(_has_reference, regions)):
        return True
    mode = parameters.get("generation_mode")
    if not isinstance(mode, str):
        return None
    return not mode.endswith("txt2img")


def _object(parameters: dict[str, Any], name: str) -> dict[str, Any]:
    found = parameters.get(name)
    return found if isinstance(found, dict) else {}


def _with_pictures(layers: Any) -> list[Any]:
    """All but the regions of a prompt that have no picture of their own."""
    found = layers if isinstance(layers, list) else []
    return [
        each
        for each in found
        if isinstance(each, dict)
        and (each.get("type") != "regional_guidance_layer" or each.get("ipAdapters"))
    ]


def _is_enabled(entries: Any) -> bool:
    """Whether there is an entry in a list, and one that is not switched off."""
    found = entries if isinstance(entries, list) else []
    return any(not isinstance(each, dict) or each.get("isEnabled", True) for each in found)


def _has_reference(regions: Any) -> bool:
    found = regions if isinstance(regions, list) else []
    return any(isinstance(each, dict) and _is_enabled(each.get("referenceImages"))
               for each in found)  # fmt: skip


def _second(parameters: dict[str, Any]) -> Generation:
    image = parameters.get("image")
    image = image if isinstance(image, dict) else {}
    prompt = image.get("prompt")
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], dict):
        prompt = prompt[0].get("prompt")
    wanted, unwanted = _split(as_text(prompt))
    return Generation(
        prompt=wanted,
        negative_prompt=unwanted,
        model=as_text(parameters.get("model_weights")) or as_text(parameters.get("model")),
        seed=as_seed(image.get("seed")),
        sampler=as_text(image.get("sampler")),
        details=details_of(image, ("type", "steps", "cfg_scale", "width", "height"))
        + details_of(parameters, ("app_version",)),
        from_picture=image.get("type") in ("img2img", "inpaint", "outpaint")
        or bool({"orig_hash", "mask_hash", "strength_steps"} & image.keys()),
    )


def _dream(text: str) -> Generation | None:
    if len(text) > _LONGEST_DREAM or not text.startswith('"'):
        return None
    prompt, quote, flags = text[1:].rpartition('"')
    found = {each["name"]: each["value"] for each in _FLAG.finditer(flags)}
    if not quote or not {"s", "S"} <= found.keys():
        return None
    wanted, unwanted = _split(prompt)
    return Generation(
        prompt=wanted,
        negative_prompt=unwanted,
        seed=as_seed(found["S"]),
        sampler=found.get("A"),
        details=tuple((name, found[name]) for name in ("s", "W", "H", "C") if name in found),
        from_picture=bool(_PICTURE.search(flags)),
    )


def _split(prompt: str | None) -> tuple[str | None, str | None]:
    """What is wanted, and what is not: words in square brackets
    (ldm/invoke/conditioning.py, where they are "unconditioned")."""
    unwanted = _NEGATIVE.findall(prompt or "")
    if prompt is None or not unwanted:
        return prompt, None
    return re.sub(" +", " ", _NEGATIVE.sub(" ", prompt)).strip(), " ".join(unwanted)
