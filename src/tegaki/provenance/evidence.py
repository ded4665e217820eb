"""The marks of one file as the readers of single tools ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tegaki.claim import Place
from tegaki.provenance.a1111 import WebUiText, read_text
from tegaki.provenance.jsontext import parsed, parsed_object
from tegaki.provenance.marks import Marks, Property, Text
from tegaki.provenance.pixels import StoredPicture

# EXIF 2.32, tables 4 and 7.
EXIF_NAMES = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    0x9286: "UserComment",
}


@dataclass(frozen=True)
class Candidate:
    """A text that may be a mark. ``origin``: ``text`` (a PNG keyword, a comment, a text hidden in
    pixels) or ``exif``; ``key``: the keyword, or the EXIF field's name."""

    origin: str
    key: str
    text: str
    place: Place

    @cached_property
    def json(self) -> Any:
        """What the text says as JSON, or ``None``."""
        return parsed(self.text)

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
        hidden: texts found in pixels.
        picture: the picture as stored; only asked for its size.
    """

    def __init__(
        self, marks: Marks, hidden: tuple[Text, ...] = (), picture: StoredPicture | None = None
    ) -> None:
        self.marks, self._picture = marks, picture
        self._texts: dict[str, list[Candidate]] = {}
        self._exif: dict[str, list[Candidate]] = {}
        self._xmp: dict[tuple[str, str], list[Property]] = {}
        for text in (*marks.texts, *hidden):
            candidate = Candidate("text", text.key, text.text, text.place)
            self._texts.setdefault(text.key, []).append(candidate)
        for field in marks.exif:
            name = EXIF_NAMES.get(field.tag)
            if name is not None:
                candidate = Candidate("exif", name, field.text, field.place)
                self._exif.setdefault(name, []).append(candidate)
        for found in marks.xmp:
            self._xmp.setdefault((found.namespace, found.name), []).append(found)

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the picture as stored, where known."""
        return None if self._picture is None else self._picture.size

    def texts(self, *keys: str) -> list[Candidate]:
        """Texts with one of these keywords, by keyword and then in the order of the file."""
        return [c for key in keys if key in self._texts for c in self._texts[key]]

    def exif(self, *names: str) -> list[Candidate]:
        """EXIF fields with one of these names, by name and then in the order of the file."""
        return [c for name in names if name in self._exif for c in self._exif[name]]

    def free_texts(self) -> list[Candidate]:
        """Where web UIs put their text: PNG ``parameters``, comments, pixels, UserComment."""
        return self.texts("parameters", "comment", "stealth") + self.exif("UserComment")

    def xmp(self, namespace: str, name: str) -> list[Property]:
        """XMP properties, by namespace URI and local name."""
        return self._xmp.get((namespace, name), [])


def inner_object(value: Any) -> dict[str, Any]:
    """An object, or one written as text inside JSON; empty where it is neither."""
    if isinstance(value, str):
        return parsed_object(value) or {}
    return value if isinstance(value, dict) else {}
