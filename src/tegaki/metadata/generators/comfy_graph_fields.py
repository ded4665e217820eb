"""What a ComfyUI graph says of the generation: model, prompts, seed, sampler, and its size."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from tegaki.metadata.generators.comfy_graph import (
    ASIDE,
    LATENTS,
    MOST_SAMPLERS,
    PIPES,
    Graph,
    texts_of,
)
from tegaki.metadata.generators.comfy_graph_origin import PROMPTS, asks_service, origin
from tegaki.metadata.generators.generation import Generation
from tegaki.metadata.parsers.json_text import as_seed, as_text

_MOST_PIXELS = 2**16  # of a side
_FAR = 4  # links to a seed: a node for it, and switches between
_MODELS = ("ckpt_name", "unet_name", "model_name", "checkpoint")
_SEEDS = ("seed", "noise_seed")
_NUMBERS = (*_SEEDS, "value", "int", "number")
_CONDITIONS = ("guider", "conditioning", *PIPES)
_TEXTS = ("text", "text_g", "clip_l", "t5xxl", "prompt", "string", "value")
_RESHAPES = (
    "Crop", "Pad", "Concat", "Resize", "Scale", "Stitch", "Grid", "Composite", "Rotate", "Combine",
)  # fmt: skip


def generation_of(graph: Graph) -> Generation:
    """What the first sampler's inputs say; fields it does not have stay ``None``."""
    model = _model(graph)
    began = {"nothing": False, "picture": True, "unknown": None}[origin(graph)]
    if not graph.samplers:
        service = asks_service(graph)
        if service is None:
            return Generation(model=model)
        return Generation(
            prompt=next(texts_of(graph, service, PROMPTS), None)
            or _text_of(graph, service, ("prompt",)),
            model=model or as_text(graph.input(service, "model")) or graph.kind(service),
            seed=as_seed(graph.input(service, "seed")),
            from_picture=began,
        )
    first = graph.samplers[0]
    return Generation(
        prompt=_text_of(graph, first, ("positive",)),
        negative_prompt=_text_of(graph, first, ("negative", "negative_prompt")),
        model=model,
        seed=_seed(graph, first),
        sampler=_sampler_name(graph, first),
        details=_details(graph, first),
        from_picture=began,
    )


def made_size(graph: Graph) -> tuple[int, int] | None:
    """Width and height of the empty latent that a sampler begins with; ``None`` where there is
    none, or where a node may give the picture another shape."""
    if graph.has(*_RESHAPES):
        return None
    for sampler in graph.samplers[:MOST_SAMPLERS]:
        for node in graph.behind(sampler, LATENTS):
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
    """The sampler's own seed, or the one that its noise has; either may stand some links away."""
    at: str | None = sampler
    for _ in range(_FAR):
        if at is None:
            return None
        names = _SEEDS if at == sampler else _NUMBERS
        for name in names:
            found = as_seed(graph.input(at, name))
            if found is not None:
                return found
        at = next(filter(None, (graph.link(at, name) for name in (*names, "noise"))), None)
    return None


def _sampler_name(graph: Graph, sampler: str) -> str | None:
    name = as_text(graph.input(sampler, "sampler_name"))
    node = graph.link(sampler, "sampler")
    return name or (as_text(graph.input(node, "sampler_name")) if node else None)


def _model(graph: Graph) -> str | None:
    for name in _MODELS:
        for node in graph.nodes:
            found = as_text(graph.input(node, name))
            if found and "upscale" not in graph.kind(node).lower():
                return found
    loaders = (node for node in graph.nodes if "load" in graph.kind(node).lower())
    return next(filter(None, (as_text(graph.input(node, "model")) for node in loaders)), None)


def _text_of(graph: Graph, node: str, names: tuple[str, ...]) -> str | None:
    """The prompt that an input of a node, or of its guider or pipe, comes from."""
    pipes = [name for name in graph.links[node] if name in _CONDITIONS or name.endswith("embeds")]
    for each in (node, *graph.behind(node, pipes)):
        for name in names:
            if text := as_text(graph.input(each, name)):
                return text
            if source := graph.link(each, name):
                return _text_behind(graph, source, names)
    if "positive" not in names:
        return None
    sources = (graph.links[node][name] for name in pipes)
    return next(filter(None, (_text_behind(graph, source, names) for source in sources)), None)


def _text_behind(graph: Graph, node: str, names: tuple[str, ...]) -> str | None:
    """The first text met on the way back through the links; none that is set to zero."""
    found = {node: None}
    waiting = deque(found)
    while waiting:
        at = waiting.popleft()
        if "ZeroOut" in graph.kind(at):
            return None
        keys = (*names, *_TEXTS)
        if text := next(filter(None, (as_text(graph.input(at, key)) for key in keys)), None):
            return text
        for source in _onward(graph, at, names):
            if source not in found:
                found[source] = None
                waiting.append(source)
    return None


def _onward(graph: Graph, node: str, names: tuple[str, ...]) -> Iterable[str]:
    linked = graph.links[node]
    wanted = [linked[name] for name in names if name in linked]
    return wanted or [source for name, source in linked.items() if name not in ASIDE]
