"""AUTOMATIC1111's web UI and its relatives, told apart by the last line of their text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tegaki.claim import Claim
from tegaki.provenance.a1111 import WebUiText
from tegaki.provenance.evidence import Evidence

_VERSIONS = (
    ("ComfyUI", re.compile(r"ComfyUI")),
    ("Forge", re.compile(r"(?:classic|neo)\Z")),
    ("reForge", re.compile(r"f\d[\w.]*?-v\d")),  # f1.0.0v2-v1.10.1RC-..., f1.3.0-v1.10.1RC-...
    ("Forge", re.compile(r"f\d")),  # f2.0.1v1.10.1-previous-669-...
    ("AUTOMATIC1111", re.compile(r"v?\d+\.\d+")),  # v1.10.1, 1.6.0-RC
    ("stable-diffusion.cpp", re.compile(r"stable-diffusion\.cpp")),
)
"""Programs by the version that they write, more special forms first."""
_HASH = re.compile(r"[0-9a-f]{7,40}\Z")
UNSTATED_WRITER = "A1111-style (unstated)"
_UNSTATED = "The text is in the layout of AUTOMATIC1111 and does not say which program wrote it."
_OTHERS = ("Civitai resources", "Civitai metadata")
"""Fields of texts that another reader takes."""


def find(evidence: Evidence) -> Iterator[Claim]:
    fooocus = bool(evidence.texts("fooocus_scheme"))
    for candidate in evidence.free_texts():
        text = candidate.web_ui
        if text is None or set(_OTHERS) & text.fields.keys():
            continue
        if fooocus or text.fields.get("Version", "").startswith("Fooocus"):
            continue
        tool, note = _tool(text, evidence)
        yield text.generation().claim(tool, "A1111 text", candidate.place, note=note)
    for candidate in evidence.texts("postprocessing", "extras"):
        if candidate.text.startswith("Postprocess "):
            yield Claim(
                "AUTOMATIC1111", "A1111 text", "edited-with-ai", "hint", candidate.place,
                "Written by the tab that enlarges or restores any picture with a network.",
                details=(("postprocessing", candidate.text),),
            )  # fmt: skip


def _tool(text: WebUiText, evidence: Evidence) -> tuple[str, str]:
    """The program, and what weakens that."""
    fields = text.fields
    version = fields.get("Version", "")
    if fields.get("App") == "SD.Next" or ("Backend" in fields and _HASH.match(version)):
        return "SD.Next", ""
    named = next((tool for tool, form in _VERSIONS if form.match(version)), None)
    if named is not None:
        return named, ""
    if version:
        return UNSTATED_WRITER, _UNSTATED
    if evidence.texts("parameters-json", "smproj"):
        return "Stability Matrix", ""
    if _by_a_comfyui_node(fields) or evidence.texts("prompt", "workflow"):
        return "ComfyUI", "Nodes that save for ComfyUI write this text too."
    if {"Sampler", "Size", "CFG scale", "Seed"} <= fields.keys():
        return "AUTOMATIC1111", "No version is named: early versions and imitators leave it out."
    return UNSTATED_WRITER, _UNSTATED


def _by_a_comfyui_node(fields: dict[str, str]) -> bool:
    model = fields.get("Model", "")
    return "Hashes" in fields and model.endswith((".safetensors", ".ckpt", ".gguf"))
