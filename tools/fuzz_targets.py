"""What fuzzing calls: every reader of provenance, each bytes to nothing, none ever raising."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tegaki.provenance import examine
from tegaki.provenance.a1111 import read_text
from tegaki.provenance.graph import as_graph, generation_of, is_generation, made_size
from tegaki.provenance.jsontext import parsed
from tegaki.provenance.limits import DEFAULT
from tegaki.provenance.stealth import find_stealth
from tegaki.provenance.survey import survey


def _text(data: bytes) -> None:
    read_text(data.decode("utf-8", "replace"))


def _graph(data: bytes) -> None:
    graph = as_graph(parsed(data.decode("utf-8", "replace")))
    if graph is not None:
        is_generation(graph)
        generation_of(graph)
        made_size(graph)


def _stealth(data: bytes) -> None:
    for form in ("PNG", "WEBP"):
        find_stealth(data, form, DEFAULT)


TARGETS: dict[str, Callable[[bytes], Any]] = {
    "all": examine,
    "survey": survey,
    "a1111": _text,
    "graph": _graph,
    "stealth": _stealth,
}
