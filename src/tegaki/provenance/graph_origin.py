"""Whether a ComfyUI graph makes a picture, and whether one that was there can reach what it saves.

A graph says that a picture was generated only where what a sampler or a service makes is saved,
shown or taken: a graph that loads a picture and saves it generates nothing. Where a loaded picture
can reach what is saved, as a latent, a condition, a guide or a part, that was edited, not
generated; and where a picture comes from a node that is not known, it may have been.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from tegaki.provenance.graph import Graph, is_link, takes_pictures

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
_VALUE = re.compile(r"(?i)primitive|integer|float|number|bool|string|math|constant|slider|\bint\b")
_BLANK = re.compile(
    r"(?i)empty|blank|solid|noise|aspect|ratio|resolution|size|dimension|latent(?!.)"
)
_SIDES = re.compile(r"(?i)width|height|dimension|resolution|aspect")
_PICTURE_FILE = re.compile(
    r"(?i)\.(?:png|jpe?g|webp|bmp|gif|tiff?|avif|heic|psd|mp4|mov|webm|mkv)(?: \[\w+\])?\Z"
)
_MODEL_FILE = re.compile(r"(?i)\.(?:safetensors|ckpt|pth?|gguf|bin|onnx|sft)\Z")
_LONGEST_NAME = 1000  # characters of a file's name; a picture written out in base64 is longer

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
    unknown = not any(_is_source(graph, node) for node in makings)  # a loop begins with nothing
    for node in makings:
        if _holds_picture(graph, node):
            return "picture"
        unknown = unknown or _is_cut(graph, node)
        for name, source in graph.carriers[node].items():
            if takes_pictures(name) and _is_source(graph, source):
                unknown = unknown or not _is_harmless(graph, source)
    return "unknown" if unknown else "nothing"


def enlarger(graph: Graph) -> str | None:
    """The node that puts a picture through a network, or asks a service to, in a graph that saves
    the outcome and generates nothing."""
    savers = [node for node in graph.nodes if graph.saves(node)]
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


def _saved(graph: Graph) -> tuple[list[str], list[str]]:
    """The nodes that save pictures: those that get one from a sampler or a service, and others."""
    pictures = {
        node: [source for name, source in links.items() if takes_pictures(name)]
        for node, links in graph.carriers.items()
        if graph.saves(node)
    }
    savers = {node: sources for node, sources in pictures.items() if sources}
    if not savers:
        return [], []
    made = graph.made_of(_makers(graph))
    got = [node for node, sources in savers.items() if not made.isdisjoint(sources)]
    return got, [node for node in savers if node not in set(got)]


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
    if not names & PROMPTS or graph.saves(node) or node in graph.samplers:
        return False
    if _TEXTS.search(kind) or "clip" in graph.links[node]:  # what encodes a prompt samples nothing
        return False
    return bool(_SERVICES.search(kind)) or bool(names & _ASKED)


def _holds_picture(graph: Graph, node: str) -> bool:
    """``LoadImage``, ``Image Load``, ``easy loadImageBase64``, or whatever names a picture's file
    or holds one."""
    kind, values = graph.kind(node), list(_values(graph, node))
    if graph.saves(node):
        return False
    if any(map(_is_picture, values)):
        return True
    brings = _LOADS.search(kind) or (_is_source(graph, node) and _HOLDS.search(kind))
    of_models = _A_MODEL.search(kind) or any(map(_is_model, values))
    return bool(brings and _A_PICTURE.search(kind)) and not of_models


def _values(graph: Graph, node: str) -> Iterator[Any]:
    for value in graph.inputs(node).values():
        if isinstance(value, list) and not is_link(value):
            yield from value[:100]
        yield value


def _is_picture(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if value.startswith("data:image"):
        return True
    if len(value) > _LONGEST_NAME:
        return re.fullmatch(r"[A-Za-z0-9+/=\s]+", value) is not None and " " not in value
    return _PICTURE_FILE.search(value) is not None


def _is_model(value: Any) -> bool:
    return isinstance(value, str) and _MODEL_FILE.search(value) is not None


def _is_cut(graph: Graph, node: str) -> bool:
    """Whether a picture should come from a node that is not in the graph."""
    return any(
        takes_pictures(name) and is_link(value) and name not in graph.links[node]
        for name, value in graph.inputs(node).items()
    )


def _is_source(graph: Graph, node: str) -> bool:
    return not graph.carriers[node]


def _is_harmless(graph: Graph, node: str) -> bool:
    """Whether a node that takes no picture and gives one, or a latent, makes it of nothing."""
    kind, values = graph.kind(node), list(_values(graph, node))
    if any(map(_is_model, values)):
        return True  # loaders of models that also give an empty latent
    if _LOADS.search(kind) and not _A_MODEL.search(kind):
        return False
    blank = _BLANK.search(kind) or any(_SIDES.search(name) for name in graph.inputs(node))
    named = blank or _A_MODEL.search(kind) or _VALUE.search(kind)
    return bool(named) or _is_asked(graph, node) or node in graph.samplers
