"""KoboldCpp: fields between bars, in PNG ``parameters`` or a JPEG comment of that name.

LostRuins/koboldcpp:otherarch/sdcpp/sdtype_adapter.cpp
"""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed
from tegaki.results.claim import Claim

_NAME = "KoboldCpp"
_BEGINNING, _END = "Prompt: ", f"| Version: {_NAME}"
_STEPS = " | Steps: "  # ends what a person wrote
_NEGATIVE = " | NegativePrompt: "
_NOTE = "KoboldCpp writes the same for pictures that it makes from another."


def find(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.free_texts():
        text = candidate.text.strip("\0 \n")
        if text.startswith(_BEGINNING) and text.endswith(_END) and _STEPS in text:
            yield _generation(text).claim(
                _NAME, "KoboldCpp parameters", candidate.place, note=_NOTE
            )


def _generation(text: str) -> Generation:
    asked, _, rest = text[len(_BEGINNING) :].rpartition(_STEPS)
    prompt, _, negative = asked.partition(_NEGATIVE)
    pairs = (part.partition(": ") for part in f"Steps: {rest}".split("|"))
    parameters = {name.strip(): value.strip() for name, _, value in pairs}
    return Generation(
        prompt=prompt.strip() or None,
        negative_prompt=negative.strip() or None,
        model=parameters.get("Model") or None,
        seed=as_seed(parameters.get("Seed")),
        sampler=parameters.get("Sampler") or None,
        details=tuple(
            (n, parameters[n]) for n in ("Steps", "CFGScale", "Size") if parameters.get(n)
        ),
    )
