"""What fuzzing calls: every reader of provenance, each bytes to nothing, none ever raising."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tegaki.claim import Place
from tegaki.provenance import examine
from tegaki.provenance.a1111 import read_text
from tegaki.provenance.evidence import EXIF_NAMES
from tegaki.provenance.graph import as_graph, generation_of, is_generation, made_size
from tegaki.provenance.jsontext import parsed
from tegaki.provenance.limits import DEFAULT
from tegaki.provenance.marks import ExifField, Marks, Text
from tegaki.provenance.pixels import StoredPicture
from tegaki.provenance.read import claims_of_texts
from tegaki.provenance.stealth import find_stealth
from tegaki.provenance.survey import survey
from tegaki.text import safe_json


def _text(data: bytes) -> None:
    read_text(data.decode("utf-8", "replace"))


def _graph(data: bytes) -> None:
    graph = as_graph(parsed(data.decode("utf-8", "replace")))
    if graph is not None:
        is_generation(graph)
        generation_of(graph)
        made_size(graph)


def _tools(data: bytes) -> None:
    """Every reader of texts: pieces between bytes 255, each a byte for its name and its text."""
    texts, fields = [], []
    for piece in data.split(b"\xff")[:8]:
        if piece:
            number, text = (
                piece[0] % (len(_KEYS) + len(_TAGS)),
                piece[1:].decode("utf-8", "replace"),
            )
            if number < len(_KEYS):
                texts.append(Text(_KEYS[number], text, _PLACE))
            else:
                fields.append(ExifField("exif", _TAGS[number - len(_KEYS)], text, b"", _PLACE))
    marks = Marks("PNG", texts=tuple(texts), exif=tuple(fields))
    picture = StoredPicture(b"", "PNG", DEFAULT)
    for claim in claims_of_texts(marks, tuple(texts[:1]), picture, False):
        safe_json(claim.to_dict()).encode("utf-8")


def _stealth(data: bytes) -> None:
    for form in ("PNG", "WEBP"):
        find_stealth(data, form, DEFAULT)


_PLACE = Place("PNG tEXt", 0, 1)
_TAGS = tuple(EXIF_NAMES)
_KEYS = (
    "parameters", "prompt", "workflow", "Comment", "Description", "Software", "Source", "Title",
    "comment", "Dream", "sd-metadata", "invokeai_metadata", "generation_data", "parameters-json",
    "smproj", "fooocus_scheme", "use_stable_diffusion_model", "postprocessing", "AIGC", "comf",
)  # fmt: skip

TARGETS: dict[str, Callable[[bytes], Any]] = {
    "all": examine,
    "survey": survey,
    "a1111": _text,
    "graph": _graph,
    "tools": _tools,
    "stealth": _stealth,
}
