"""ComfyUI and the nodes that save for it.

comfyanonymous/ComfyUI:nodes.py, comfy_extras/nodes_images.py. The API graph (``prompt``) counts;
a drawing of a graph (``workflow``) alone is shared with screen pictures and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tegaki.metadata.generators.comfy_graph import Graph
from tegaki.metadata.generators.comfy_graph_fields import generation_of, made_size
from tegaki.metadata.generators.comfy_graph_origin import (
    asks_service,
    ends_at_sampler,
    enlarger,
    is_generation,
    is_named,
    saves_others,
)
from tegaki.metadata.generators.evidence import Candidate, Evidence
from tegaki.results.claim import Claim, Location

CARRIER = "ComfyUI graph"
_NAMESPACE = "Comfy-Org/ComfyUI"
_MOST_CLAIMS = 16  # of one file
_DRIVERS = ("parameters-json", "smproj", "generation_data")
_DRIVEN = "A program or service that drives ComfyUI wrote this file."
_ENLARGED = "The graph only enlarges or restores a picture, with a network."
_UNKNOWN_NODE = "The picture comes from a node that tegaki does not know."
_SMALLEST = 64  # pixels; smaller ones are thumbnails, of any shape
_SHAPES_DIFFER = 0.05  # of the aspect ratio: upscalers round sizes, they do not stretch


def find(evidence: Evidence) -> Iterator[Claim]:
    yield from islice(_claims(evidence), _MOST_CLAIMS)


def _claims(evidence: Evidence) -> Iterator[Claim]:
    driven: bool | None = None
    for plain, place in _graphs(evidence):
        if isinstance(plain.get("extraMetadata"), str):  # Civitai's, read there
            continue
        graph = evidence.graph(plain, place)
        if graph is None:
            continue
        if not (is_generation(graph) or ends_at_sampler(graph)):
            yield from _enlarged(graph, place)
            continue
        doubt = _doubt(graph, evidence.size)
        driven = _is_driven(evidence) if driven is None else driven
        note = doubt or (_DRIVEN if driven else "")
        yield generation_of(graph).claim(
            "ComfyUI", CARRIER, place, strength="hint" if doubt else "declared", note=note,
            whole=True,
        )  # fmt: skip


def _enlarged(graph: Graph, place: Location) -> Iterator[Claim]:
    """A picture that was there and that a network enlarged or restored, as in "Extras" of
    AUTOMATIC1111's web UI."""
    node = enlarger(graph)
    if node is not None:
        shown = (("node", graph.kind(node)),)
        yield Claim("ComfyUI", CARRIER, "edited-with-ai", "hint", place, _ENLARGED, details=shown)


def _is_driven(evidence: Evidence) -> bool:
    swarm = any("sui_image_params" in c.object for c in evidence.free_texts())
    return swarm or evidence.has(*_DRIVERS)


def _graphs(evidence: Evidence) -> Iterator[tuple[dict[str, Any], Location]]:
    """Whatever may be an API graph, wherever ComfyUI or a node of it writes one."""
    parameters: Any
    for candidate in evidence.texts("prompt", "comf"):
        parameters = _behind_name(candidate, evidence)
        yield evidence.inner_object(parameters, candidate.place), candidate.place
    for candidate in evidence.exif("Model", "Make", "ImageDescription", "Software", "Artist"):
        parameters = _behind_name(candidate, evidence)
        yield evidence.inner_object(parameters, candidate.place), candidate.place
    for candidate in evidence.exif("UserComment") + evidence.hidden:
        parameters = candidate.object.get("prompt")
        yield evidence.inner_object(parameters, candidate.place), candidate.place
    for found in evidence.properties:
        if found.name == "prompt" and found.namespace.rstrip("/#").endswith(_NAMESPACE):
            parameters = evidence.parsed(found.value, found.place)
            yield evidence.inner_object(parameters, found.place), found.place


def _behind_name(candidate: Candidate, evidence: Evidence) -> Any:
    """JSON behind ``prompt:`` (any case), or of the whole text."""
    head, colon, rest = candidate.text.partition(":")
    if colon and head.strip().lower() == "prompt":
        return evidence.parsed(rest, candidate.place)
    return candidate.json


def _doubt(graph: Graph, size: tuple[int, int] | None) -> str:
    if not is_generation(graph):
        return "The graph ends at its sampler: nothing in it makes a picture of what was sampled."
    service = None if graph.samplers else asks_service(graph)
    if service is not None and not is_named(graph, service):
        return _UNKNOWN_NODE
    if saves_others(graph):
        return "The graph also saves a picture that it does not make, and this may be that one."
    made = made_size(graph)
    if made is None or size is None or min(size) < _SMALLEST:
        return ""
    ratio = (size[0] / size[1]) / (made[0] / made[1])
    if abs(ratio - 1) <= _SHAPES_DIFFER:
        return ""
    return (
        f"The graph makes {made[0]} x {made[1]} pixels and this picture has another shape, "
        f"{size[0]} x {size[1]}: it may show something else, such as the graph itself."
    )
