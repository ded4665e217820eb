"""ComfyUI and the nodes that save for it.

comfyanonymous/ComfyUI:nodes.py, comfy_extras/nodes_images.py. The API graph (``prompt``) counts;
a drawing of a graph (``workflow``) alone is shared with screen pictures and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from tegaki.claim import Claim, Place
from tegaki.provenance.evidence import Candidate, Evidence, inner_object
from tegaki.provenance.graph import (
    Graph,
    as_graph,
    ends_at_sampler,
    generation_of,
    is_generation,
    made_size,
)
from tegaki.provenance.jsontext import parsed

_NAMESPACE = "Comfy-Org/ComfyUI"
_MOST_GRAPHS = 16  # of one file
_DRIVERS = ("parameters-json", "smproj", "generation_data")
_DRIVEN = "A program or service that drives ComfyUI wrote this file."
_SMALLEST = 64  # pixels; smaller ones are thumbnails, of any shape
_SHAPES_DIFFER = 0.05  # of the aspect ratio: upscalers round sizes, they do not stretch


def find(evidence: Evidence) -> Iterator[Claim]:
    graphs = islice(_graphs(evidence), _MOST_GRAPHS)
    driven: bool | None = None
    for plain, place in graphs:
        graph = as_graph(plain)
        if graph is None or isinstance(plain.get("extraMetadata"), str):  # Civitai's, read there
            continue
        if not (is_generation(graph) or ends_at_sampler(graph)):
            continue
        doubt = _doubt(graph, evidence.size)
        driven = _is_driven(evidence) if driven is None else driven
        note = doubt or (_DRIVEN if driven else "")
        yield generation_of(graph).claim(
            "ComfyUI", "ComfyUI graph", place, strength="hint" if doubt else "declared", note=note
        )


def _is_driven(evidence: Evidence) -> bool:
    swarm = any("sui_image_params" in c.object for c in evidence.free_texts())
    return swarm or bool(evidence.texts(*_DRIVERS))


def _graphs(evidence: Evidence) -> Iterator[tuple[dict[str, Any], Place]]:
    """Whatever may be an API graph, wherever ComfyUI or a node of it writes one."""
    for candidate in evidence.texts("prompt", "comf"):
        yield inner_object(_after(candidate, "prompt")), candidate.place
    for candidate in evidence.exif("Model", "Make", "ImageDescription", "Software", "Artist"):
        said = _after(candidate, "prompt")
        if said is not None:
            yield inner_object(said), candidate.place
    for candidate in evidence.exif("UserComment") + evidence.hidden:
        yield inner_object(candidate.object.get("prompt")), candidate.place
    for found in evidence.properties:
        if found.name == "prompt" and found.namespace.rstrip("/#").endswith(_NAMESPACE):
            yield inner_object(parsed(found.value)), found.place


def _after(candidate: Candidate, name: str) -> Any:
    """JSON behind ``prompt:`` (any case), or of the whole text."""
    head, colon, rest = candidate.text.partition(":")
    if colon and head.strip().lower() == name:
        return parsed(rest)
    return candidate.json


def _doubt(graph: Graph, size: tuple[int, int] | None) -> str:
    if not is_generation(graph):
        return "The graph ends at its sampler: nothing in it makes a picture of what was sampled."
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
