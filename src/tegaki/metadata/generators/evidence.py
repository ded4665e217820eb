"""The marks of one file as the readers of single tools ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tegaki.metadata.generators.comfy_graph import Graph, as_graph
from tegaki.metadata.generators.infotext import WebUiText, read_text
from tegaki.metadata.marks import IptcField, Marks, Property, Text
from tegaki.metadata.parsers.json_text import Budget
from tegaki.metadata.pixels.samples import StoredPicture
from tegaki.results.claim import Location

# EXIF 2.32, tables 4 and 7.
EXIF_NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    0x9286: "UserComment",
}
_IN_COMMENT = ("parameters\0", "mold:parameters ")
"""How JPEG comments begin that a program names its text in: stable-diffusion.cpp and koboldcpp, and
mold. What stands before the separator is a keyword as PNG has it."""
SDCPP = "https://github.com/leejet/stable-diffusion.cpp/ns/1.0/"
_TOP = ((), ("xmpmeta",), ("xapmeta",))
"""What stands above a property that is the picture's own."""
MOST_NODES = 20_000
"""Nodes and links of all graphs of one file, which are followed many times over. Real graphs have
some hundreds."""


def _named(text: Text) -> tuple[str, str]:
    """The keyword of a text, and the text."""
    if text.key == "comment":
        for start in _IN_COMMENT:
            if text.text.startswith(start):
                return start[:-1], text.text[len(start) :].rstrip("\0")
    return text.key, text.text


@dataclass(frozen=True)
class Candidate:
    """A text that may be a mark. ``key``: a PNG keyword, ``comment``, the EXIF field's name, or
    ``stealth`` for a text hidden in pixels."""

    key: str
    text: str
    place: Location
    budget: Budget

    @cached_property
    def json(self) -> Any:
        """What the text says as JSON; ``None`` where it is none, or over the file's budget."""
        return self.budget.parsed(self.text, self.place)

    @cached_property
    def web_ui(self) -> WebUiText | None:
        """What the text says in the layout of AUTOMATIC1111's web UI, or ``None``."""
        return read_text(self.text)

    @property
    def object(self) -> dict[str, Any]:
        """What the text says as a JSON object; empty where it is none."""
        return self.json if isinstance(self.json, dict) else {}


class Evidence:
    """All marks of one file.

    Args:
        marks: what the containers hold.
        hidden: texts found in pixels; no text of a file can pass for one.
        picture: the picture as stored; only asked for its size.
    """

    def __init__(
        self, marks: Marks, hidden: tuple[Text, ...] = (), picture: StoredPicture | None = None
    ) -> None:
        self.marks, self._picture = marks, picture
        self._budget, self._nodes_left = Budget(), MOST_NODES
        self._passed_over = False
        self._texts: dict[str, list[Candidate]] = {}
        self._exif: dict[str, list[Candidate]] = {}
        self._xmp: dict[tuple[str, str], list[Property]] = {}
        budget = self._budget
        self.hidden = [Candidate(t.key, t.text, t.place, budget) for t in hidden]
        for text in marks.texts:
            key, words = _named(text)
            self._texts.setdefault(key, []).append(Candidate(key, words, text.place, budget))
        for field in marks.exif:
            name = EXIF_NAMES.get(field.tag)
            if name is not None:
                candidate = Candidate(name, field.text, field.place, budget)
                self._exif.setdefault(name, []).append(candidate)
        # What stands deeper tells of an ingredient, not of the picture (XMP part 2, 1.2.2).
        self.properties = [p for p in marks.xmp if p.parents in _TOP]
        for found in self.properties:
            self._xmp.setdefault((found.namespace, found.name), []).append(found)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the picture as stored, where known."""
        return None if self._picture is None else self._picture.size

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        marks = self.marks
        return not (marks.texts or marks.exif or marks.xmp or marks.iptc or self.hidden)

    @property
    def damage(self) -> tuple[str, ...]:
        """Sentences on the texts that were left out so far."""
        return tuple(self._budget.damage)

    def has(self, *keys: str) -> bool:
        """Whether there is a text with one of these keywords."""
        return any(key in self._texts for key in keys)

    def texts(self, *keys: str) -> list[Candidate]:
        """Texts with one of these keywords, by keyword and then in the order of the file."""
        return [c for key in keys if key in self._texts for c in self._texts[key]]

    def exif(self, *names: str) -> list[Candidate]:
        """EXIF fields with one of these names, by name and then in the order of the file."""
        return [c for name in names if name in self._exif for c in self._exif[name]]

    def free_texts(self) -> list[Candidate]:
        """Where web UIs put their text: PNG ``parameters``, GIF comments, pixels, UserComment, and
        the XMP of stable-diffusion.cpp."""
        comments = self.texts("comment") if self.marks.format == "GIF" else []
        named = [
            Candidate("parameters", found.value, found.place, self._budget)
            for found in self.xmp(SDCPP, "parameters")
        ]
        return self.texts("parameters") + comments + self.hidden + self.exif("UserComment") + named

    def keyed(self, prefix: str) -> dict[str, Candidate]:
        """The first text of each keyword that begins so, by the rest of the keyword."""
        return {
            key.removeprefix(prefix): found[0]
            for key, found in self._texts.items()
            if key.startswith(prefix)
        }

    def iptc(self, record: int, dataset: int) -> list[IptcField]:
        """IPTC datasets by their numbers."""
        wanted = (record, dataset)
        return [field for field in self.marks.iptc if (field.record, field.dataset) == wanted]

    @property
    def has_unread_graph(self) -> bool:
        """Whether a graph was left out, for its size or for its damage."""
        left_out = (c.json is None and '"class_type"' in c.text for c in self.texts("prompt"))
        return self._passed_over or any(left_out)

    def loose_texts(self) -> list[Candidate]:
        """Comments of other formats, where people write and no web UI does."""
        return self.texts("comment") if self.marks.format != "GIF" else []

    def xmp(self, namespace: str, name: str) -> list[Property]:
        """XMP properties of the picture itself, by namespace URI and local name."""
        return self._xmp.get((namespace, name), [])

    def parsed(self, text: str, place: Location) -> Any:
        """What a JSON text that is no candidate's says, within the file's budget."""
        return self._budget.parsed(text, place)

    def inner_object(self, value: Any, place: Location) -> dict[str, Any]:
        """An object, or one written as text inside JSON; empty where it is neither."""
        if isinstance(value, str):
            value = self._budget.inner(value, place)
        return value if isinstance(value, dict) else {}

    def graph(self, plain: Any, place: Location) -> Graph | None:
        """The graph that an object is, within what all graphs of the file may hold."""
        graph = as_graph(plain)
        if graph is None:
            return None
        if graph.size > self._nodes_left:
            parameters = (
                f"a graph of {graph.size:,} nodes and links passes the limit of {MOST_NODES:,}"
            )
            self._budget.note(place, f"{parameters} for a file")
            self._passed_over = True
            return None
        self._nodes_left -= graph.size
        return graph
