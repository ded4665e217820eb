"""ComfyUI's API graph: node id to ``{"class_type": ..., "inputs": {...}}``.

comfyanonymous/ComfyUI:nodes.py. A graph says that a picture was generated only where a sampler's
output reaches a decoder or an output: a graph that loads a picture and saves it generates nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tegaki.provenance.generation import Generation
from tegaki.provenance.jsontext import as_seed, as_text

_MOST_NODES = 5_000
_MOST_LINKS = 512  # followed from one input
_MOST_PIXELS = 2**16  # of a side
_WIRES = ("model", "guider", "noise", "pipe", "basic_pipe")
_LATENT = ("latent_image", "latent", "samples", "image", "upscaled_image", "pipe", "basic_pipe")
_IMAGES = ("images", "image", "video")
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

    def kind(self, node: str) -> str:
        return str(self.nodes[node]["class_type"])

    def input(self, node: str, name: str) -> Any:
        return self.inputs(node).get(name)

    def inputs(self, node: str) -> dict[str, Any]:
        found: dict[str, Any] = self.nodes[node].get("inputs", {})
        return found

    def link(self, node: str, name: str) -> str | None:
        """The node that an input comes from."""
        value = self.input(node, name)
        if isinstance(value, list) and len(value) == 2:
            source = str(value[0])
            return source if source in self.nodes else None
        return None

    def samplers(self) -> list[str]:
        """Nodes that sample, in the order of the graph."""
        return [node for node in self.nodes if self._samples(node)]

    def _samples(self, node: str) -> bool:
        inputs = self.inputs(node)
        if "sampler" in self.kind(node).lower():
            return any(self.link(node, name) for name in _WIRES)
        conditioned = self.link(node, "model") and self.link(node, "positive")
        noise = self.link(node, "guider") or self.link(node, "noise")
        latent = any(name in inputs for name in ("latent_image", "latent", "samples"))
        seeded = "seed" in inputs or "noise_seed" in inputs
        return bool((conditioned and (latent or seeded)) or (noise and latent))

    def reaches_out(self) -> bool:
        """Whether a sampler saves by itself, or another node takes what it made."""
        samplers = set(self.samplers())
        if any(as_text(self.input(node, "image_output")) for node in samplers):
            return True
        return any(
            self.link(node, name) in samplers for node in self.nodes for name in self.inputs(node)
        )

    def behind(self, node: str, names: tuple[str, ...]) -> list[str]:
        """The nodes that some inputs of a node come from, and all that those come from; the
        nearest first."""
        waiting = deque(self.link(node, name) for name in names)
        found: dict[str, None] = {}
        for _ in range(_MOST_LINKS):
            if not waiting:
                break
            at = waiting.popleft()
            if at is None or at in found:
                continue
            found[at] = None
            links = islice(self.inputs(at), _MOST_LINKS)
            waiting.extend(self.link(at, name) for name in links if name not in _ASIDE)
        return list(found)

    def has(self, *parts: str) -> bool:
        """Whether a node's class has one of these in its name."""
        return any(part in self.kind(node) for node in self.nodes for part in parts)


def as_graph(plain: Any) -> Graph | None:
    """A graph, where ``plain`` has the form of one.

    Objects beside the nodes (Civitai's ``extraMetadata``) are left out.
    """
    if not isinstance(plain, dict) or not 0 < len(plain) <= _MOST_NODES:
        return None
    nodes = {
        str(name): node
        for name, node in plain.items()
        if isinstance(node, dict)
        and isinstance(node.get("class_type"), str)
        and isinstance(node.get("inputs", {}), dict)
    }
    return Graph(nodes) if nodes else None


def is_generation(graph: Graph) -> bool:
    """Whether the graph makes a picture: a sampler that reaches out, or a service's node."""
    return graph.reaches_out() or asks_service(graph) is not None


def ends_at_sampler(graph: Graph) -> bool:
    """Whether the graph samples and has nothing that decodes, shows or saves: it was cut short."""
    ends = graph.has("Save", "Preview", "Decode", "Output")
    return bool(graph.samplers()) and not ends


def asks_service(graph: Graph) -> str | None:
    """The node that asks a service for a picture: others ask for texts, so some node must take
    its answer as a picture."""
    taken = {graph.link(node, name) for node in graph.nodes for name in _IMAGES}
    for node in graph.nodes:
        kind = graph.kind(node)
        if node in taken and kind.startswith(_SERVICES) and "prompt" in graph.inputs(node):
            return node
    return None


def begins_with_a_picture(graph: Graph) -> bool:
    """Whether what is sampled, or sent to a service, comes from a picture that was loaded."""
    for node in graph.samplers():
        behind = graph.behind(node, _LATENT)
        kinds = [graph.kind(each) for each in behind]
        empty = any("Empty" in kind for kind in kinds)
        if not empty and any(kind.startswith("LoadImage") for kind in kinds):
            return True
    service = asks_service(graph)
    return service is not None and any(graph.link(service, name) for name in _IMAGES)


def generation_of(graph: Graph) -> Generation:
    """What the first sampler's inputs say; fields it does not have stay ``None``."""
    samplers = graph.samplers()
    model = _model(graph)
    if not samplers:
        service = asks_service(graph)
        if service is None:
            return Generation(model=model)
        prompt = as_text(graph.input(service, "prompt"))
        return Generation(
            prompt=prompt,
            model=model or graph.kind(service),
            from_picture=begins_with_a_picture(graph),
        )
    first = samplers[0]
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
    behind = [at for node in graph.samplers() for at in graph.behind(node, _LATENT)]
    for node in behind:
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
            if found:
                return found
    return None


def _text_of(graph: Graph, node: str, name: str) -> str | None:
    """The prompt behind an input: the first text met on the way back through the links."""
    names = [name] if graph.link(node, name) else ["guider", "pipe", "basic_pipe"]
    waiting = deque(graph.link(node, each) for each in names)
    seen: set[str] = set()
    for _ in range(_MOST_LINKS):
        if not waiting:
            break
        at = waiting.popleft()
        if at is None or at in seen:
            continue
        seen.add(at)
        found = _own_text(graph, at, name)
        if found:
            return found
        inputs = graph.inputs(at)
        preferred = [name] if graph.link(at, name) else list(islice(inputs, _MOST_LINKS))
        waiting.extend(graph.link(at, key) for key in preferred if key not in _ASIDE)
    return None


def _own_text(graph: Graph, node: str, name: str) -> str | None:
    keys = ("text", "text_g", "clip_l", "t5xxl", "prompt", name, "string", "value")
    return next((text for key in keys if (text := as_text(graph.input(node, key)))), None)
