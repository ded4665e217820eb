"""Easy Diffusion: one PNG text for each field, or JSON in UserComment.

easydiffusion/easydiffusion:ui/easydiffusion/utils/save_utils.py. The key is the name of the model
field: other programs write a text called ``prompt`` too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed
from tegaki.results.claim import Claim

_MODEL = ("use_stable_diffusion_model", "Stable Diffusion model")
_STRENGTH = ("prompt_strength", "Prompt Strength")
"""Kept only where the generation began with a picture."""
_CONTROL = ("use_controlnet_model", "ControlNet model")
"""What guides by a picture; ``None`` written out where there is none."""
_FIELDS = (
    *_MODEL, "prompt", "Prompt", "negative_prompt", "Negative Prompt", "seed", "Seed",
    "sampler_name", "Sampler", "num_inference_steps", "Steps", "guidance_scale",
    "Guidance Scale", *_STRENGTH, *_CONTROL,
)  # fmt: skip


def find(evidence: Evidence) -> Iterator[Claim]:
    chunks = evidence.texts(*_FIELDS)
    models = [c for c in chunks if c.key in _MODEL]
    if models and len(chunks) > 1:
        parameters = {c.key: c.text for c in chunks}
        yield _generation(parameters).claim(
            "Easy Diffusion", "Easy Diffusion fields", models[0].place
        )
    for candidate in evidence.exif("UserComment"):
        if set(_MODEL) & candidate.object.keys():
            given = candidate.object.items()
            plain = {name: str(value) for name, value in given if value is not None}
            yield _generation(plain).claim(
                "Easy Diffusion", "Easy Diffusion fields", candidate.place
            )


def _generation(parameters: Mapping[str, str]) -> Generation:
    def first(*names: str) -> str | None:
        return next((parameters[name] for name in names if parameters.get(name)), None)

    steps = first("num_inference_steps", "Steps")
    strength = first(*_STRENGTH)
    return Generation(
        prompt=first("prompt", "Prompt"),
        negative_prompt=first("negative_prompt", "Negative Prompt"),
        model=first(*_MODEL),
        seed=as_seed(first("seed", "Seed")),
        sampler=first("sampler_name", "Sampler"),
        details=tuple(
            (name, text) for name, text in (("steps", steps), ("strength", strength)) if text
        ),
        from_picture=strength is not None or first(*_CONTROL) not in (None, "None"),
    )
