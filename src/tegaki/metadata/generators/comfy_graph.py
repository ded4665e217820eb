"""ComfyUI's API graph: node id to ``{"class_type": ..., "inputs": {...}}``.

comfyanonymous/ComfyUI:nodes.py. Here are its form and the ways through it; :mod:`graph_origin` says
whether it makes a picture and of what, :mod:`graph_fields` what it says of the generation.

Nothing here takes longer than a few walks over all links: :data:`MOST_SAMPLERS` bounds them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tegaki.metadata.parsers.json_text import as_text

MOST_SAMPLERS = 16  # whose surroundings are looked at: real graphs have up to five
PIPES = ("pipe", "basic_pipe")
LATENTS = ("latent_image", "latent", "samples", "image", "upscaled_image", *PIPES)
ASIDE = ("model", "clip", "vae", "control_net", "clip_vision", "style_model")
"""Inputs that say how to sample, not what."""

_PLAIN = re.compile(
    r"(?:^|_)(?:width|height|seed|steps|cfg|denoise|strength|scale|size|prefix|name|ratio"
    r"|resolution|fps|rate|length|count|frames_number|num_frames|index|blur)(?:_?[a-z0-9])?\Z"
)
_WORDS = re.compile(r"(?:^|_)(?:text|prompt|string|caption)(?:_?[a-z0-9])?\Z")
"""Inputs for numbers and words (``empty_latent_width``, ``text_g``): no picture goes through them,
though one may have been measured or described for them. ``image_prompt`` takes one."""
_PICTURES = re.compile(
    r"image|img|pixel|latent|samples|mask|picture|photo|frame|video|reference|canvas|background"
    r"|foreground|destination"
)
_NO_PICTURES = re.compile(r"(?:model|encoder|mode|method|weight|count)\Z")
"""Inputs for pictures, by a part of their name, and ends of names that are none (``image_encoder``
takes a model)."""
_WIRES = re.compile(r"(?:^|_)(?:model|guider|noise|pipe|pipeline|conditioning|embeds|positive)\Z")
"""What samplers are wired to, wrappers of other programs (``kolors_model``) among them."""
_NO_WAY = ("negative", "audio", *ASIDE)
"""What else is no picture, though it may have been made with one."""
_SAMPLERS = re.compile(r"(?i)(?<!re)(?<!down)(?<!up)sample(?:r|\Z)")


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that has been checked for its form."""

    nodes: dict[str, dict[str, Any]] = field(repr=False)
    links: dict[str, dict[str, str]] = field(repr=False)
    """Node to the names of its inputs, and the nodes that they come from."""
    carriers: dict[str, dict[str, str]] = field(repr=False)
    """The links through which a picture may come: all but those for words and numbers."""
    samplers: tuple[str, ...] = ()
    """Nodes that sample, in the order of the graph."""
    _sampling: frozenset[str] = field(default=frozenset(), repr=False)

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

    def samples(self, node: str) -> bool:
        """Whether a node is one of :attr:`samplers`, of which there may be thousands."""
        return node in self._sampling

    def saves(self, node: str) -> bool:
        """Whether a node writes what it gets to a file, by its name."""
        return "save" in self.kind(node).lower()

    def behind(self, node: str, names: Iterable[str]) -> list[str]:
        """The nodes that some inputs of a node come from, and all that those come from, models and
        the like left out; the nearest first."""
        own = (self.link(node, name) for name in names)
        found = dict.fromkeys(source for source in own if source is not None)
        waiting = deque(found)
        while waiting:
            for name, source in self.links[waiting.popleft()].items():
                if source not in found and name not in ASIDE:
                    found[source] = None
                    waiting.append(source)
        return list(found)

    def made_of(self, nodes: Iterable[str]) -> set[str]:
        """Some nodes, and all that takes what they give, directly or not."""
        takers: dict[str, list[str]] = {}
        for taker, links in self.carriers.items():
            for source in links.values():
                takers.setdefault(source, []).append(taker)
        return _closure(nodes, takers)

    def makings(self, nodes: Iterable[str]) -> set[str]:
        """Some nodes, and all that a picture which they show may come from."""
        return _closure(
            nodes, {node: list(links.values()) for node, links in self.carriers.items()}
        )

    def has(self, *parts: str) -> bool:
        """Whether a node's class has one of these in its name."""
        return any(part in self.kind(node) for node in self.nodes for part in parts)


def _closure(nodes: Iterable[str], following: dict[str, list[str]]) -> set[str]:
    found = set(nodes)
    waiting = deque(found)
    while waiting:
        for each in following.get(waiting.popleft(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def is_plain(name: str) -> bool:
    """Whether an input is for words or numbers. ``model.images.image_1`` goes by its last part."""
    last = _last(name)
    words = _WORDS.search(last) is not None and _PICTURES.search(last) is None
    return words or _PLAIN.search(last) is not None


def takes_pictures(name: str) -> bool:
    """Whether an input is for pictures, or for latents and masks."""
    last = _last(name)
    return bool(_PICTURES.search(last)) and not _NO_PICTURES.search(last) and not is_plain(name)


def may_take_pictures(name: str) -> bool:
    """Whether an input of a node that has none for pictures may be for one: that of a switch, of
    whatever name."""
    last = _last(name)
    return not (is_plain(name) or last in _NO_WAY or _WIRES.search(last))


def _last(name: str) -> str:
    return name.rpartition(".")[2].lower()


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
            if is_link(value) and str(value[0]) in nodes
        }
        for name, node in nodes.items()
    }
    carriers = {
        node: {name: source for name, source in linked.items() if not is_plain(name)}
        for node, linked in links.items()
    }
    unsampled = Graph(nodes, links, carriers)
    samplers = tuple(node for node in nodes if _samples(unsampled, node))
    return Graph(nodes, links, carriers, samplers, frozenset(samplers)) if nodes else None


def is_link(value: Any) -> bool:
    """Whether an input's value names another node and one of its outputs by its number
    (comfy_execution/graph_utils.py). Two names of files are no link."""
    if not (isinstance(value, list) and len(value) == 2):
        return False
    return isinstance(value[0], str | int) and isinstance(value[1], int | float)


def _samples(graph: Graph, node: str) -> bool:
    linked, inputs = graph.links[node], graph.inputs(node)
    if _SAMPLERS.search(graph.kind(node)):
        return any(_WIRES.search(_last(name)) and "upscale" not in name for name in linked)
    conditioned = "model" in linked and "positive" in linked
    noise = "guider" in linked or "noise" in linked
    latent = any(name in inputs for name in ("latent_image", "latent", "samples"))
    seeded = "seed" in inputs or "noise_seed" in inputs
    return (conditioned and (latent or seeded)) or (noise and latent)


def texts_of(graph: Graph, node: str, names: Collection[str]) -> Iterator[str]:
    """The texts that stand in some inputs of a node, by the last part of their names."""
    for name, value in graph.inputs(node).items():
        if _last(name) in names and (text := as_text(value)):
            yield text
