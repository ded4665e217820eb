"""ComfyUI's API graph: node id to ``{"class_type": ..., "inputs": {...}}``.

comfyanonymous/ComfyUI:nodes.py. A graph says that a picture was generated only where what a sampler
makes is saved, shown or taken: a graph that loads a picture and saves it generates nothing.

Nothing here takes longer than a few walks over all links: :data:`_MOST_SAMPLERS` bounds them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from tegaki.provenance.generation import Generation
from tegaki.provenance.jsontext import as_seed, as_text

_MOST_SAMPLERS = 16  # whose surroundings are looked at: real graphs have up to five
_MOST_PIXELS = 2**16  # of a side
_WIRES = ("model", "guider", "noise", "pipe", "basic_pipe")
_LATENT = ("latent_image", "latent", "samples", "image", "upscaled_image", "pipe", "basic_pipe")
_IMAGES = ("images", "image", "video")
_ENCODES = ("vaeencode", "vae encode", "inpaint")
_MEASURES = re.compile(r"(?i)image[ _]?size")
"""Nodes that give a picture's size."""
_TELLS_TO_EDIT = re.compile(r"(?i)reference[ _]?latent|image[ _]?edit")
"""Conditions that hand a picture to models which edit (FLUX Kontext, Qwen Image Edit)."""
_ASIDE = ("model", "clip", "vae", "control_net", "clip_vision", "style_model")
_RESHAPES = (
    "Crop", "Pad", "Concat", "Resize", "Scale", "Stitch", "Grid", "Composite", "Rotate", "Combine",
)  # fmt: skip
_SERVICES = (
    "OpenAI", "Ideogram", "Flux", "BFL", "Recraft", "Luma", "Stability", "Gemini", "Kling",
    "Runway", "Minimax", "Google", "ByteDance",
)  # fmt: skip
"""Words in the names of nodes that ask a service for a picture (comfy_api_nodes)."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that has been checked for its form."""

    nodes: dict[str, dict[str, Any]] = field(repr=False)
    links: dict[str, dict[str, str]] = field(repr=False)
    """Node to the names of its inputs, and the nodes that they come from."""
    samplers: tuple[str, ...] = ()
    """Nodes that sample, in the order of the graph."""

    @property
    def size(self) -> int:
        """Nodes and links."""
        return len(self.nodes) + sum(map(len, self.links.values()))

    def kind(self, node: str) -> str:
        return str(self.nodes[node]["class_type"])

    def input(self, node: str, name: str) -> Any:
        return self.inputs(node).get(name)

    def inputs(self, node: str) -> dict[str, Any]:
        found: dict[str, Any] = self.nodes[node].get("inputs", {})
        return found

    def link(self, node: str, name: str) -> str | None:
        """The node that an input comes from."""
        return self.links[node].get(name)

    def behind(
        self, node: str, names: Iterable[str], stop: Collection[str] = frozenset()
    ) -> list[str]:
        """The nodes that some inputs of a node come from, and all that those come from, but not
        what is behind nodes of ``stop``; the nearest first."""
        own = (self.link(node, name) for name in names)
        found = dict.fromkeys(source for source in own if source is not None)
        waiting = deque(found)
        while waiting:
            at = waiting.popleft()
            for name, source in self.links[at].items() if at not in stop else ():
                if source not in found and name not in _ASIDE:
                    found[source] = None
                    waiting.append(source)
        return list(found)

    def made_of(self, nodes: Iterable[str]) -> set[str]:
        """Some nodes, and all that takes what they give, directly or not; a picture's size that
        is handed on makes nothing of it."""
        takers: dict[str, list[str]] = {}
        for taker, links in self.links.items():
            for source in links.values():
                takers.setdefault(source, []).append(taker)
        found = set(nodes)
        waiting = deque(found)
        while waiting:
            for taker in takers.get(waiting.popleft(), ()):
                if taker not in found and not _MEASURES.search(self.kind(taker)):
                    found.add(taker)
                    waiting.append(taker)
        return found

    def has(self, *parts: str) -> bool:
        """Whether a node's class has one of these in its name."""
        return any(part in self.kind(node) for node in self.nodes for part in parts)


def as_graph(plain: Any) -> Graph | None:
    """A graph, where ``plain`` has the form of one.

    Objects beside the nodes (Civitai's ``extraMetadata``) are left out.
    """
    if not isinstance(plain, dict):
        return None
    nodes = {
        str(name): node
        for name, node in plain.items()
        if isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs", {}), dict)
    }
    links = {
        name: {
            key: str(value[0])
            for key, value in node.get("inputs", {}).items()
            if _is_link(value) and str(value[0]) in nodes
        }
        for name, node in nodes.items()
    }
    unsampled = Graph(nodes, links)
    samplers = tuple(node for node in nodes if _samples(unsampled, node))
    return Graph(nodes, links, samplers) if nodes else None


def _is_link(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)


def _samples(graph: Graph, node: str) -> bool:
    linked, inputs = graph.links[node], graph.inputs(node)
    if "sampler" in graph.kind(node).lower():
        return any(name in linked for name in _WIRES)
    conditioned = "model" in linked and "positive" in linked
    noise = "guider" in linked or "noise" in linked
    latent = any(name in inputs for name in ("latent_image", "latent", "samples"))
    seeded = "seed" in inputs or "noise_seed" in inputs
    return (conditioned and (latent or seeded)) or (noise and latent)


def is_generation(graph: Graph) -> bool:
    """Whether the graph makes a picture.

    A sampler saves by itself, or something that saves gets what a sampler or a service made; where
    nothing saves, any node that takes it will do.
    """
    if any(as_text(graph.input(node, "image_output")) for node in graph.samplers):
        return True
    made, others = _saved(graph)
    if made or others:
        return bool(made)
    samplers = set(graph.samplers)
    taken = any(source in samplers for links in graph.links.values() for source in links.values())
    return taken or asks_service(graph) is not None


def saves_others(graph: Graph) -> bool:
    """Whether the graph also saves pictures that neither a sampler nor a service made."""
    return bool(_saved(graph)[1])


def _saved(graph: Graph) -> tuple[list[str], list[str]]:
    """The nodes that save pictures: those that get one from a sampler or a service, and others."""
    pictures = {
        node: [links[name] for name in _IMAGES if name in links]
        for node, links in graph.links.items()
        if "save" in graph.kind(node).lower()
    }
    savers = {node: sources for node, sources in pictures.items() if sources}
    if not savers:
        return [], []
    made = graph.made_of([*graph.samplers, *_services(graph)])
    got = [node for node, sources in savers.items() if not made.isdisjoint(sources)]
    return got, [node for node in savers if node not in set(got)]


def ends_at_sampler(graph: Graph) -> bool:
    """Whether the graph samples and has nothing that decodes, shows or saves: it was cut short."""
    ends = graph.has("Save", "Preview", "Decode", "Output")
    return bool(graph.samplers) and not ends


def asks_service(graph: Graph) -> str | None:
    """The node that asks a service for a picture: others ask for texts, so some node must take
    its answer as a picture."""
    taken = {links.get(name) for links in graph.links.values() for name in _IMAGES}
    return next((node for node in _services(graph) if node in taken), None)


def _services(graph: Graph) -> list[str]:
    return [
        node
        for node in graph.nodes
        if graph.kind(node).startswith(_SERVICES) and "prompt" in graph.inputs(node)
    ]


def begins_with_a_picture(graph: Graph) -> bool:
    """Whether what is sampled, or sent to a service, comes from a picture that was there.

    That is one that a node loads; one that is encoded, from whatever source, where nothing before
    it samples; or one that the model is told to edit.
    """
    sampling = frozenset(graph.samplers)
    for node in graph.samplers[:_MOST_SAMPLERS]:
        behind = graph.behind(node, _LATENT, stop=sampling)
        kinds = [graph.kind(each).lower() for each in behind]
        encoded = any(word in kind for kind in kinds for word in _ENCODES)
        if any(map(_loads_picture, kinds)) or (encoded and sampling.isdisjoint(behind)):
            return True
    told = [node for node in graph.nodes if _TELLS_TO_EDIT.search(graph.kind(node))]
    for node in told[:_MOST_SAMPLERS]:
        behind = graph.behind(node, graph.links[node], stop=sampling)
        if any(_loads_picture(graph.kind(each).lower()) for each in behind):
            return True
    service = asks_service(graph)
    return service is not None and any(graph.link(service, name) for name in _IMAGES)


def _loads_picture(kind: str) -> bool:
    """``LoadImage``, ``Image Load``, ``easy loadImageBase64``, ``VHS_LoadImages`` ..."""
    return "load" in kind and "image" in kind and "checkpoint" not in kind


def generation_of(graph: Graph) -> Generation:
    """What the first sampler's inputs say; fields it does not have stay ``None``."""
    model = _model(graph)
    if not graph.samplers:
        service = asks_service(graph)
        if service is None:
            return Generation(model=model)
        prompt = as_text(graph.input(service, "prompt"))
        return Generation(
            prompt=prompt,
            model=model or graph.kind(service),
            from_picture=begins_with_a_picture(graph),
        )
    first = graph.samplers[0]
    return Generation(
        prompt=_text_of(graph, first, "positive"),
        negative_prompt=_text_of(graph, first, "negative"),
        model=model,
        seed=_seed(graph, first),
        sampler=_sampler_name(graph, first),
        details=_details(graph, first),
        from_picture=begins_with_a_picture(graph),
    )


def made_size(graph: Graph) -> tuple[int, int] | None:
    """Width and height of the empty latent that a sampler begins with; ``None`` where there is
    none, or where a node may give the picture another shape."""
    if graph.has(*_RESHAPES):
        return None
    for sampler in graph.samplers[:_MOST_SAMPLERS]:
        for node in graph.behind(sampler, _LATENT):
            if "Empty" in graph.kind(node) and "Latent" in graph.kind(node):
                width, height = graph.input(node, "width"), graph.input(node, "height")
                if _is_side(width) and _is_side(height):
                    return width, height
    return None


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_PIXELS


def _details(graph: Graph, sampler: str) -> tuple[tuple[str, str], ...]:
    shown = []
    for name in ("steps", "cfg", "scheduler", "denoise"):
        value = graph.input(sampler, name)
        if isinstance(value, str | int | float):
            shown.append((name, str(value)))
    return tuple(shown)


def _seed(graph: Graph, sampler: str) -> int | None:
    for name in ("seed", "noise_seed"):
        found = as_seed(graph.input(sampler, name))
        if found is not None:
            return found
        node = graph.link(sampler, name) or graph.link(sampler, "noise")
        if node is not None:
            for inner in ("seed", "noise_seed", "value", "int"):
                found = as_seed(graph.input(node, inner))
                if found is not None:
                    return found
    return None


def _sampler_name(graph: Graph, sampler: str) -> str | None:
    name = as_text(graph.input(sampler, "sampler_name"))
    node = graph.link(sampler, "sampler")
    return name or (as_text(graph.input(node, "sampler_name")) if node else None)


def _model(graph: Graph) -> str | None:
    for name in ("ckpt_name", "unet_name", "model_name", "checkpoint"):
        for node in graph.nodes:
            found = as_text(graph.input(node, name))
            if found and "upscale" not in graph.kind(node).lower():
                return found
    return None


def _text_of(graph: Graph, node: str, name: str) -> str | None:
    """The prompt behind an input: the first text met on the way back through the links."""
    names = [name] if graph.link(node, name) else ["guider", "pipe", "basic_pipe"]
    found = dict.fromkeys(graph.links[node][each] for each in names if each in graph.links[node])
    waiting = deque(found)
    while waiting:
        at = waiting.popleft()
        text = _own_text(graph, at, name)
        if text:
            return text
        linked = graph.links[at]
        preferred = [name] if name in linked else [key for key in linked if key not in _ASIDE]
        for key in preferred:
            if linked[key] not in found:
                found[linked[key]] = None
                waiting.append(linked[key])
    return None


def _own_text(graph: Graph, node: str, name: str) -> str | None:
    keys = ("text", "text_g", "clip_l", "t5xxl", "prompt", name, "string", "value")
    return next((text for key in keys if (text := as_text(graph.input(node, key)))), None)
