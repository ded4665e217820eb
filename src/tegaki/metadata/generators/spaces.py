"""JSON of Spaces on Hugging Face for Animagine, WAI and other models: a PNG text ``parameters``.

Their programs share one layout: the arguments of the diffusers pipeline, and the model's name and
hash as the web UIs write them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim

_PIPELINE = {"guidance_scale", "num_inference_steps", "seed"}
_OWN = {"Model", "Model hash", "use_upscaler", "resolution", "quality_tags", "sdxl_style"}
_PICTURES = (
    "image", "init_image", "input_image", "mask_image", "strength", "denoising_strength",
    "control_image", "ip_adapter_image",
)  # fmt: skip


def find(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.free_texts():
        parameters = candidate.object
        if (
            parameters.keys() >= _PIPELINE
            and "prompt" in parameters
            and len(_OWN & parameters.keys()) > 1
        ):
            yield _generation(parameters).claim(
                "Hugging Face Space", "Space parameters", candidate.place
            )


def _generation(parameters: dict[str, Any]) -> Generation:
    return Generation(
        prompt=as_text(parameters.get("prompt")),
        negative_prompt=as_text(parameters.get("negative_prompt")),
        model=as_text(parameters.get("Model")),
        seed=as_seed(parameters.get("seed")),
        sampler=as_text(parameters.get("sampler")),
        details=details_of(
            parameters, ("num_inference_steps", "guidance_scale", "resolution", "Model hash")
        ),
        from_picture=any(parameters.get(name) for name in _PICTURES),
    )
