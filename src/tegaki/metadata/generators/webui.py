"""AUTOMATIC1111's web UI and its relatives, told apart by the last line of their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.infotext import WebUiText
from tegaki.results.claim import Claim

_SDCPP = "stable-diffusion.cpp"
_SAME = "stable-diffusion.cpp writes the same for pictures that it makes from another."
_VERSIONS = (
    ("ComfyUI", re.compile(r"ComfyUI")),
    ("Forge", re.compile(r"(?:classic|neo)(?:-|\Z)")),  # neo, neo-2.28
    ("reForge", re.compile(r"f\d[\w.]*?-v\d")),  # f1.0.0v2-v1.10.1RC-..., f1.3.0-v1.10.1RC-...
    ("Forge", re.compile(r"f\d")),  # f2.0.1v1.10.1-previous-669-...
    ("AUTOMATIC1111", re.compile(r"v?\d+\.\d+")),  # v1.10.1, 1.6.0-RC
    (_SDCPP, re.compile(r"stable-diffusion\.cpp")),
)
"""Programs by the version that they write, more special forms first."""
_KRITA = "Krita AI Diffusion"
_NO_HASH = "unknown"
"""Acly/krita-ai-diffusion:ai_diffusion/text.py, in this layout and with no version. The picture is
the whole canvas with what was made laid on it (model/model.py), and neither what a person has drawn
there nor what guided the rest is told."""
_HASH = re.compile(r"[0-9a-f]{7,40}\Z")
UNSTATED_WRITER = "A1111-style (unstated)"
_UNSTATED = "The text is in the layout of AUTOMATIC1111 and does not say which program wrote it."
_FEW = "It names too few of the fields that web UIs write, and people write about these too."
_LOOSE = "It stands in a comment, where no web UI writes it: people quote such texts."
_QUOTED = "It stands behind other words on one line and names no program: people quote such texts."
_ENOUGH = 3  # fields of the right form, where something stands beside them that only programs write
_ALL = 4  # what the versions of 2022 wrote, which gave no version
_OTHERS = ("Civitai resources", "Civitai metadata")
"""Fields of texts that another reader takes."""


@dataclass(frozen=True, slots=True)
class _Company:
    """Whose texts stand beside the web UI's."""

    stability_matrix: bool
    comfyui: bool
    artbot: bool

    @classmethod
    def of(cls, evidence: Evidence) -> _Company:
        software = evidence.texts("Software") + evidence.exif("Software")
        return cls(
            evidence.has("parameters-json", "smproj"),
            evidence.has("prompt", "workflow"),
            any(candidate.text.startswith("ArtBot") for candidate in software),
        )


def find(evidence: Evidence) -> Iterator[Claim]:
    fooocus = evidence.has("fooocus_scheme")
    among = _Company.of(evidence)
    for candidate in evidence.free_texts():
        text = candidate.web_ui
        if text is None or set(_OTHERS) & text.fields.keys():
            continue
        if fooocus or text.fields.get("Version", "").startswith("Fooocus"):
            continue
        tool, note, named = _tool(text, among)
        whole = text.support >= (_ENOUGH if named or "Model hash" in text.fields else _ALL)
        quoted = text.is_joined and not named and text.negative_prompt is None
        parameters = text.generation()
        if tool == _KRITA and not parameters.from_picture:
            parameters = replace(parameters, from_picture=None)
        yield parameters.claim(
            tool, "A1111 text", candidate.place,
            strength="declared" if whole and not quoted else "hint",
            note=_QUOTED if quoted else note if whole else _FEW,
        )  # fmt: skip
    for candidate in evidence.loose_texts():
        text = candidate.web_ui
        if text is not None:
            yield text.generation().claim(
                _tool(text, among)[0], "A1111 text", candidate.place, strength="hint", note=_LOOSE
            )
    yield from _postprocessed(evidence)


def _postprocessed(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.texts("postprocessing", "extras"):
        if candidate.text.startswith("Postprocess "):
            yield Claim(
                "AUTOMATIC1111", "A1111 text", "edited-with-ai", "hint", candidate.place,
                "Written by the tab that enlarges or restores any picture with a network.",
                details=(("postprocessing", candidate.text),),
            )  # fmt: skip


def _tool(text: WebUiText, among: _Company) -> tuple[str, str, bool]:
    """The program, what weakens that, and whether the text names it."""
    fields = text.fields
    version = fields.get("Version", "")
    if fields.get("App") == "SD.Next" or ("Backend" in fields and _HASH.match(version)):
        return "SD.Next", "", True
    named = next((tool for tool, form in _VERSIONS if form.match(version)), None)
    if named is not None:
        return named, _SAME if named == _SDCPP else "", True
    if version:
        return UNSTATED_WRITER, _UNSTATED, False
    if among.stability_matrix:
        return "Stability Matrix", "", True
    if among.artbot:
        return "ArtBot", "", True
    if fields.get("Model hash") == _NO_HASH:
        return _KRITA, "", True
    if _by_a_comfyui_node(fields) or among.comfyui:
        return "ComfyUI", "Nodes that save for ComfyUI write this text too.", False
    if {"Sampler", "Size", "CFG scale", "Seed"} <= fields.keys():
        early = "No version is named: early versions and imitators leave it out."
        return "AUTOMATIC1111", early, False
    return UNSTATED_WRITER, _UNSTATED, False


def _by_a_comfyui_node(fields: dict[str, str]) -> bool:
    model = fields.get("Model", "")
    return "Hashes" in fields and model.endswith((".safetensors", ".ckpt", ".gguf"))
