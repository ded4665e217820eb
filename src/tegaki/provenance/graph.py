"""ComfyUI's API graph: node id to ``{"class_type": ..., "inputs": {...}}``.

comfyanonymous/ComfyUI:nodes.py. A graph says that a picture was generated only where a sampler's
output reaches a decoder or an output: a graph that loads a picture and saves it generates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tegaki.provenance.generation import Generation
from tegaki.provenance.jsontext import as_seed, as_text

_MOST_NODES = 5_000
_MOST_LINKS = 64  # how far a link is followed
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
        return self.nodes[node].get("inputs", {}).get(name)

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
        inputs = self.nodes[node].get("inputs", {})
        wired = self.link(node, "model") or self.link(node, "guider") or self.link(node, "noise")
        has_latent = any(name in inputs for name in ("latent_image", "latent", "samples"))
        return bool(wired) and (has_latent or "Sampler" in self.kind(node))

    def reaches_out(self) -> bool:
        """Whether a sampler's output is decoded or handed on by some node."""
        samplers = set(self.samplers())
        return any(
            self.link(node, name) in samplers
            for node in self.nodes
            for name in self.nodes[node].get("inputs", {})
        )

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
    """The class of a node that asks a service for a picture."""
    for node in graph.nodes:
        kind = graph.kind(node)
        if kind.startswith(_SERVICES) and ("prompt" in graph.nodes[node].get("inputs", {})):
            return kind
    return None


def generation_of(graph: Graph) -> Generation:
    """What the first sampler's inputs say; fields it does not have stay ``None``."""
    samplers = graph.samplers()
    model = _model(graph)
    if not samplers:
        service = asks_service(graph)
        asked = [n for n in graph.nodes if graph.kind(n) == service]
        prompt = as_text(graph.input(asked[0], "prompt")) if asked else None
        return Generation(prompt=prompt, model=model or service)
    first = samplers[0]
    return Generation(
        prompt=_text_of(graph, first, "positive"),
        negative_prompt=_text_of(graph, first, "negative"),
        model=model,
        seed=_seed(graph, first),
        sampler=_sampler_name(graph, first),
        details=_details(graph, first),
    )


def made_size(graph: Graph) -> tuple[int, int] | None:
    """Width and height of the empty latent that the graph begins with."""
    for node in graph.nodes:
        if "Empty" in graph.kind(node) and "Latent" in graph.kind(node):
            width, height = graph.input(node, "width"), graph.input(node, "height")
            if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
                return width, height
    return None


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
    waiting = [graph.link(node, name) or graph.link(node, "guider")]
    seen: set[str] = set()
    while waiting and len(seen) < _MOST_LINKS:
        at = waiting.pop(0)
        if at is None or at in seen:
            continue
        seen.add(at)
        for key in ("text", "text_g", "clip_l", "t5xxl", "prompt", "positive", "string", "value"):
            found = as_text(graph.input(at, key))
            if found:
                return found
        inputs = graph.nodes[at].get("inputs", {})
        preferred = [name] if name in inputs else list(inputs)
        waiting += [graph.link(at, key) for key in preferred if key not in ("model", "clip", "vae")]
    return None
