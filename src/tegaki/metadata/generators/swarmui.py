"""SwarmUI: JSON with ``sui_image_params`` (mcmonkeyprojects/SwarmUI:src/Text2Image).

It stands in PNG ``parameters`` or EXIF UserComment; StableSwarmUI put it into EXIF Model.
"""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim

_PICTURES = (
    "initimage", "maskimage", "promptimages", "promptvideos", "controlnet", "videoendimage",
    "useipadapter", "usereferenceonly", "revisionstrength", "usestylemodel",
)  # fmt: skip
"""How parameters begin that are there only where a picture is given (T2IParamTypes.cs)."""
_OFF: tuple[object, ...] = ("", 0, False, "None", "(None)", None, [])


def find(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.free_texts() + evidence.exif("Model"):
        parameters = candidate.object.get("sui_image_params")
        if not isinstance(parameters, dict):
            continue
        yield Generation(
            prompt=as_text(parameters.get("prompt")),
            negative_prompt=as_text(parameters.get("negativeprompt")),
            model=as_text(parameters.get("model")),
            seed=as_seed(parameters.get("seed")),
            sampler=as_text(parameters.get("sampler")),
            details=details_of(
                parameters,
                ("steps", "cfgscale", "width", "height", "initimagecreativity", "swarm_version"),
            ),
            # Pictures that were never files are left out of what is written; how they are used is
            # not (T2IParamInput.cs, MetadatableToJTok).
            from_picture=any(
                name.startswith(_PICTURES) and value not in _OFF
                for name, value in parameters.items()
            ),
        ).claim("SwarmUI", "SwarmUI parameters", candidate.place)
