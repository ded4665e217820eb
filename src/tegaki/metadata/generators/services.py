"""Web services that run Stable Diffusion: TensorArt, Civitai, and the program Stability Matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tegaki.metadata.generators.comfy_graph import Graph
from tegaki.metadata.generators.comfy_graph_fields import generation_of
from tegaki.metadata.generators.comfy_graph_origin import is_generation
from tegaki.metadata.generators.evidence import Evidence
from tegaki.metadata.generators.generation import Generation, details_of
from tegaki.metadata.generators.infotext import WebUiText
from tegaki.metadata.parsers.json_text import as_seed, as_text
from tegaki.results.claim import Claim, Location

# StabilityMatrix.Core/Models/Inference/InferenceProjectType.cs
_FROM_PICTURE = (
    "ImageToImage", "ImageToVideo", "Inpainting", "Upscale", "ImageEdit",
)  # fmt: skip
"""How the names of kinds of projects end that are given a picture: ``QwenImageEdit`` ..."""


def find(evidence: Evidence) -> Iterator[Claim]:
    yield from _tensorart(evidence)
    yield from _stability_matrix(evidence)
    yield from _civitai(evidence)
    yield from _jobs(evidence)


def _tensorart(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.texts("generation_data"):
        parameters = candidate.object
        if (
            "prompt" in parameters
            and {"baseModel", "ksamplerName", "negativePrompt"} & parameters.keys()
        ):
            model = parameters.get("baseModel")
            name = model.get("modelFileName") if isinstance(model, dict) else model
            yield Generation(
                prompt=as_text(parameters.get("prompt")),
                negative_prompt=as_text(parameters.get("negativePrompt")),
                model=as_text(name),
                seed=as_seed(parameters.get("seed")),
                sampler=as_text(parameters.get("ksamplerName")),
                details=details_of(parameters, ("steps", "cfgScale", "width", "height")),
            ).claim("TensorArt", "TensorArt data", candidate.place)


def _stability_matrix(evidence: Evidence) -> Iterator[Claim]:
    projects = [c for c in evidence.texts("smproj") if "ProjectType" in c.object]
    edited = _of_project(str(projects[0].object["ProjectType"])) if projects else False
    for candidate in evidence.texts("parameters-json"):
        parameters = candidate.object
        if {"PositivePrompt", "ModelName"} & parameters.keys():
            yield Generation(
                prompt=as_text(parameters.get("PositivePrompt")),
                negative_prompt=as_text(parameters.get("NegativePrompt")),
                model=as_text(parameters.get("ModelName")),
                seed=as_seed(parameters.get("Seed")),
                sampler=as_text(parameters.get("Sampler")),
                details=details_of(parameters, ("Steps", "CfgScale", "Width", "Height")),
                from_picture=edited,
            ).claim("Stability Matrix", "Stability Matrix parameters", candidate.place)
            return
    for candidate in projects:
        yield Generation(from_picture=edited).claim(
            "Stability Matrix", "Stability Matrix project", candidate.place
        )


def _of_project(kind: str) -> bool | None:
    """Whether a project of this kind is given a picture; ``None`` for kinds that are not known."""
    if kind.endswith(_FROM_PICTURE):
        return True
    return False if "TextTo" in kind else None


def _civitai(evidence: Evidence) -> Iterator[Claim]:
    for candidate in evidence.free_texts():
        text = candidate.web_ui
        if text is not None and {"Civitai resources", "Civitai metadata"} & text.fields.keys():
            found = replace(text.generation(), model=_resource(text, evidence, candidate.place))
            yield found.claim("Civitai", "A1111 text", candidate.place)


def _jobs(evidence: Evidence) -> Iterator[Claim]:
    """A graph with what was asked for beside it, as text."""
    for candidate in evidence.free_texts() + evidence.texts("prompt"):
        asked = candidate.object.get("extraMetadata")
        if not isinstance(asked, str):
            continue
        graph = evidence.graph(candidate.object, candidate.place)
        if graph is None:
            continue
        parameters = evidence.inner_object(asked, candidate.place)
        found = generation_of(graph)
        made = Generation(
            prompt=as_text(parameters.get("prompt")) or found.prompt,
            negative_prompt=as_text(parameters.get("negativePrompt")) or found.negative_prompt,
            model=found.model or _version(parameters),
            seed=found.seed
            if as_seed(parameters.get("seed")) is None
            else as_seed(parameters.get("seed")),
            sampler=as_text(parameters.get("sampler")) or found.sampler,
            details=details_of(
                parameters, ("steps", "cfgScale", "baseModel", "workflow", "workflowId")
            ),
            from_picture=_began(parameters, graph, found.from_picture),
        )
        yield made.claim("Civitai", "Civitai job", candidate.place)


def _began(parameters: dict[str, Any], graph: Graph, by_graph: bool | None) -> bool | None:
    """Whether a job was given a picture, by its kind and by its graph.

    A graph that makes no picture enlarges one: where a prompt is told it may be one that the
    service made before, and else anyone's.
    """
    kind = str(parameters.get("workflow") or parameters.get("workflowId") or "")
    if kind.startswith("img2img"):
        return True
    if is_generation(graph):
        return by_graph
    return None if parameters.get("prompt") else True


def _version(parameters: dict[str, Any]) -> str | None:
    """The model by its number at Civitai: a job names only numbers, and only where there is one
    is it known whose it is."""
    resources = parameters.get("resources")
    if isinstance(resources, list) and len(resources) == 1 and isinstance(resources[0], dict):
        number = resources[0].get("modelVersionId")
        return f"Civitai model version {number}" if as_seed(number) is not None else None
    return None


def _resource(text: WebUiText, evidence: Evidence, place: Location) -> str | None:
    """The checkpoint among the resources, by name and version."""
    resources = evidence.parsed(text.fields.get("Civitai resources", ""), place)
    for each in resources if isinstance(resources, list) else ():
        if isinstance(each, dict) and each.get("type") in ("checkpoint", "model"):
            parts = (each.get("modelName"), each.get("modelVersionName"))
            return " ".join(str(part) for part in parts if part) or None
    return text.fields.get("Model")
