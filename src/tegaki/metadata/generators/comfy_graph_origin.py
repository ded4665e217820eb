"""Whether a ComfyUI graph makes a picture, and whether one that was there can reach what it saves.

A graph says that a picture was generated only where what a sampler or a service makes is saved,
shown or taken: a graph that loads a picture and saves it generates nothing. Where a loaded picture
can reach what is saved, as a latent, a condition, a guide or a part, that was edited, not
generated; and where a picture comes from a node that is not known, it may have been.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from tegaki.metadata.generators.comfy_graph import (
    Graph,
    is_link,
    is_plain,
    may_take_pictures,
    takes_pictures,
)

Origin = Literal["nothing", "picture", "unknown"]
"""What a graph's picture begins with: noise and words alone, also a picture that was there, or
something that cannot be followed."""

PROMPTS = frozenset(
    ("prompt", "instruction", "text_prompt", "prompt_text", "positive_prompt", "user_prompt",
     "edit_prompt", "prompts")
)  # fmt: skip
_ASKED = frozenset(
    ("model", "model_name", "seed", "size", "resolution", "aspect_ratio", "negative_prompt",
     "quality", "num_images", "width", "num_inference_steps", "guidance_scale")
)  # fmt: skip
"""What else is asked for where a prompt is."""
_SERVICES = re.compile(
    r"OpenAI|GPTImage|Dalle|Ideogram|Flux|BFL|Recraft|Luma|Stability|Gemini|NanoBanana|Imagen|Kling"
    r"|Runway|Mini[Mm]ax|Google|ByteDance|Seedream|Seededit|Wan[A-Z2]|Grok|Bria|Higgsfield"
    r"|OpenRouter|ComfyCloud|Reve|Krea|Qwen|HunyuanImage|Midjourney|Magnific|Topaz|Freepik"
    r"|Leonardo|Tencent|Pixverse|HitPaw|WaveSpeed|Quiver"
)
"""Parts of the names of nodes that ask a service for a picture (comfy_api_nodes)."""
_GENERATES = re.compile(
    r"(?i)generat|(?:te?xt|image|img)_? ?(?:to|2)_? ?im|edit|inpaint|t2i|i2i|api"
)
_TEXTS = re.compile(r"(?i)segment|\bsam\d|mask|detect|caption|tagger|describe|llm|chat|vqa|vlm")
"""Nodes that take a prompt and make no picture of it."""

_LOADS = re.compile(r"(?i)load|fetch|receiv|webcam|clipboard|krita|photoshop")
_HOLDS = re.compile(
    r"(?i)import|input|paste|capture|screen|url|base64|canvas|(?<!in)paint|draw|sketch|bridge"
)
"""Words for nodes that bring a picture in, whatever they take, and only if they take none."""
_A_PICTURE = re.compile(
    r"(?i)image|img|picture|photo|video|frame|mask|canvas|pixel|gif|webcam|screen|(?<!in)paint"
    r"|draw|sketch|krita"
)
_A_MODEL = re.compile(
    r"(?i)model|checkpoint|ckpt|unet|clip(?!board)|vae|lora|controlnet|encoder|pipeline|detector"
    r"|diffus|gguf|adapter|upscaler|embedding"
)
_KEPT = re.compile(r"(?i)embeds|conditioning|latent|noise")
"""What may be loaded from a file instead of a picture, and have been made of one."""
_VALUE = re.compile(r"(?i)primitive|integer|float|number|bool|string|math|constant|slider|\bint\b")
_BLANK = re.compile(
    r"(?i)empty|blank|solid|noise|aspect|ratio|resolution|size|dimension|latent(?!.)"
)
_SIDES = re.compile(r"(?i)width|height|dimension|resolution|aspect")
_PICTURE_FILE = re.compile(
    r"(?i)\.(?:png|jpe?g|webp|bmp|gif|tiff?|avif|heic|psd|mp4|mov|webm|mkv)"
    r"(?: \[\w+\]|[?#]\S*)?\Z"
)
_ADDRESS = re.compile(r"(?i)(?:https?|ftp|file|s3|gs|blob)://")
_MODEL_FILE = re.compile(r"(?i)\.(?:safetensors|ckpt|pth?|gguf|bin|onnx|sft)\Z")
_LONGEST_NAME = 1000  # characters of a file's name; a picture written out in base64 is longer
_LONGEST_CHOICE = 100  # characters; longer texts hold a drawing, or a pose
_MOST_VALUES = 100  # of one input

_SENDS = re.compile(r"(?i)websocket|send_? ?image|image_? ?(?:send|out)")
"""Nodes that hand a picture to the program that drives ComfyUI, which saves it."""
_NETWORKS = re.compile(
    r"(?i)with ?model|using model|restor|face ?swap|reactor|seedvr|supir|flashvsr|ccsr|aura ?sr"
    r"|super ?res|esrgan|lama"
)
_MODEL_INPUT = re.compile(r"(?i)(?:^|_)(?:model|dit|network)\Z")
_FINDS = re.compile(r"(?i)rembg|birefnet|matting|segment|depth|canny|line ?art|pose|detect|preproc")
"""Nodes with a network that cut out or trace a picture and draw nothing."""


def is_generation(graph: Graph) -> bool:
    """Whether the graph makes a picture.

    A sampler saves by itself, or something that saves gets what a sampler or a service made; where
    nothing saves, any node that takes it will do.
    """
    if _saving_samplers(graph):
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


def ends_at_sampler(graph: Graph) -> bool:
    """Whether the graph samples and has nothing that decodes, shows or saves: it was cut short."""
    ends = graph.has("Save", "Preview", "Decode", "Output")
    return bool(graph.samplers) and not ends


def asks_service(graph: Graph) -> str | None:
    """The node that asks a service for a picture."""
    return next(iter(_services(graph)), None)


def is_named(graph: Graph, service: str) -> bool:
    """Whether a node that asks a service is known by its name to make pictures."""
    kind = graph.kind(service)
    return bool(_SERVICES.search(kind) or _GENERATES.search(kind))


def origin(graph: Graph) -> Origin:
    """What reaches the pictures that the graph saves."""
    makings = graph.makings(_ends(graph))
    if any(_holds_picture(graph, node) for node in makings):
        return "picture"
    begun = any(not graph.carriers[node] for node in makings)  # a loop begins with nothing
    cut = any(_is_cut(graph, node) or _loads_kept(graph, node) for node in makings)
    origins = (node for node in _pictured(graph, makings) if not _ways(graph, node))
    unknown = cut or not begun or not all(_is_harmless(graph, node) for node in origins)
    return "unknown" if unknown else "nothing"


def _pictured(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """The nodes whose pictures some nodes take, as such or through switches."""
    found = {
        source
        for node in nodes
        for name, source in graph.carriers[node].items()
        if takes_pictures(name)
    }
    waiting = deque(found)
    while waiting:
        new = set(_ways(graph, waiting.popleft())) - found
        found |= new
        waiting.extend(new)
    return found


def _ways(graph: Graph, node: str) -> list[str]:
    """Where a picture that a node gives may come from: its inputs for pictures, or any where it
    has none and makes no picture itself."""
    links = graph.carriers[node]
    named = [source for name, source in links.items() if takes_pictures(name)]
    if named or graph.samples(node) or _is_asked(graph, node):
        return named
    return [source for name, source in links.items() if may_take_pictures(name)]


def enlarger(graph: Graph) -> str | None:
    """The node that puts a picture through a network, or asks a service to, in a graph that saves
    the outcome and generates nothing."""
    savers = [node for node in graph.nodes if _gives_out(graph, node)]
    if not savers:
        savers = [node for node in graph.nodes if "preview" in graph.kind(node).lower()]
    return next((node for node in sorted(graph.makings(savers)) if _enlarges(graph, node)), None)


def _enlarges(graph: Graph, node: str) -> bool:
    kind, links = graph.kind(node), graph.links[node]
    if _FINDS.search(kind) or graph.saves(node) or not any(map(takes_pictures, links)):
        return False
    network = any(map(_MODEL_INPUT.search, links))
    return network or bool(_NETWORKS.search(kind) or _SERVICES.search(kind))


def _saving_samplers(graph: Graph) -> list[str]:
    return [node for node in graph.samplers if isinstance(graph.input(node, "image_output"), str)]


def _makers(graph: Graph) -> list[str]:
    return [*graph.samplers, *_services(graph)]


def _gives_out(graph: Graph, node: str) -> bool:
    sends = graph.links[node] and _SENDS.search(graph.kind(node))  # LoadImageOutput takes nothing
    return graph.saves(node) or bool(sends)


def _saved(graph: Graph) -> tuple[list[str], list[str]]:
    """The nodes that save pictures: those that get one from a sampler or a service, and others."""
    pictures = {node: _ways(graph, node) for node in graph.nodes if _gives_out(graph, node)}
    savers = {node: sources for node, sources in pictures.items() if sources}
    if not savers:
        return [], []
    made = graph.made_of(_makers(graph))
    got = {node: not made.isdisjoint(sources) for node, sources in savers.items()}
    return [node for node in got if got[node]], [node for node in got if not got[node]]


def _ends(graph: Graph) -> Iterable[str]:
    """The nodes that give out what was made: those that save it, else those that show it, else
    those that nothing takes from."""
    savers = _saved(graph)[0] + _saving_samplers(graph)
    if savers:
        return savers
    made = graph.made_of(_makers(graph))
    shown = [node for node in made if re.search(r"(?i)preview|output|send", graph.kind(node))]
    if shown:
        return shown
    taken = {source for links in graph.links.values() for source in links.values()}
    return made - taken or made


def _services(graph: Graph) -> Iterator[str]:
    """Nodes that are asked for something in words and whose answer another takes as a picture:
    some services answer with a text."""
    taken = {
        source
        for links in graph.links.values()
        for name, source in links.items()
        if takes_pictures(name)
    }
    return (node for node in graph.nodes if node in taken and _is_asked(graph, node))


def _is_asked(graph: Graph, node: str) -> bool:
    kind = graph.kind(node)
    names = {name.rpartition(".")[2].lower() for name in graph.inputs(node)}
    if not names & PROMPTS or graph.saves(node) or graph.samples(node):
        return False
    if _TEXTS.search(kind) or "clip" in graph.links[node]:  # what encodes a prompt samples nothing
        return False
    return bool(_SERVICES.search(kind)) or bool(names & _ASKED)


def _holds_picture(graph: Graph, node: str) -> bool:
    """``LoadImage``, ``Image Load``, ``easy loadImageBase64``, or whatever names a picture's file
    or holds one."""
    kind, texts = graph.kind(node), list(_written(graph, node))
    if graph.saves(node):
        return False
    if any(_is_picture(name, text) for name, text in texts):
        return True
    brings = _LOADS.search(kind) or (not graph.carriers[node] and _HOLDS.search(kind))
    of_models = _A_MODEL.search(kind) or _names_model(texts)
    return bool(brings and _A_PICTURE.search(kind)) and not of_models


def _written(graph: Graph, node: str) -> Iterator[tuple[str, str]]:
    """The texts in a node's inputs, also those in lists and objects, by the input's name."""
    for name, value in graph.inputs(node).items():
        if not is_link(value):
            yield from ((name, text) for text in islice(_leaves(value), _MOST_VALUES))


def _leaves(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        at = waiting.pop()
        if isinstance(at, str):
            yield at
        elif isinstance(at, dict | list):
            waiting.extend(at.values() if isinstance(at, dict) else at)


def _is_picture(name: str, text: str) -> bool:
    """Whether the text of an input is a picture, or says where one is."""
    if text.startswith("data:image"):
        return True
    if len(text) > _LONGEST_NAME:
        return re.fullmatch(r"[A-Za-z0-9+/=\s]+", text) is not None and " " not in text
    address = takes_pictures(name) and _ADDRESS.match(text)
    return bool(address or _PICTURE_FILE.search(text))


def _names_model(texts: Iterable[tuple[str, str]]) -> bool:
    return any(_MODEL_FILE.search(text) for _, text in texts)


def _is_cut(graph: Graph, node: str) -> bool:
    """Whether something that a picture may be in comes from a node that is not in the graph."""
    return any(
        is_link(value) and name not in graph.links[node] and not is_plain(name)
        for name, value in graph.inputs(node).items()
    )


def _loads_kept(graph: Graph, node: str) -> bool:
    """Whether a node loads what may have been made of a picture, and no model."""
    kind = graph.kind(node)
    if graph.links[node] or "model" in kind.lower() or _names_model(_written(graph, node)):
        return False
    return bool(_LOADS.search(kind) and _KEPT.search(kind))


def _is_harmless(graph: Graph, node: str) -> bool:
    """Whether a node that takes no picture and gives one, or a latent, makes it of nothing."""
    kind, texts = graph.kind(node), list(_written(graph, node))
    if _names_model(texts) or graph.samples(node) or _is_asked(graph, node):
        return True  # loaders of models give an empty latent too
    of_models = bool(_A_MODEL.search(kind)) and not _A_PICTURE.search(kind)
    if _LOADS.search(kind):
        return of_models or any("empty" in name for name in graph.inputs(node))
    if _BLANK.search(kind):
        return True
    if any(_SIDES.search(name) for name in graph.inputs(node)):
        return all(len(text) <= _LONGEST_CHOICE for _, text in texts)
    return of_models or bool(_VALUE.search(kind) and not _A_PICTURE.search(kind))
