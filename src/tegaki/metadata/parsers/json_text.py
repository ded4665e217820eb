"""JSON from files: bounded, never raising."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tegaki.results.claim import Location

MOST = 2 * 1024 * 1024
"""Characters of one text, and of all texts of one file, that are parsed: objects take up to thirty
times their text's memory. The largest ComfyUI workflows seen have under one million."""
_SENTENCES = 10  # in one file on what was left out


@dataclass(slots=True)
class Budget:
    """What may still be parsed in one file, and sentences on what was left out."""

    left: int = MOST
    damage: list[str] = field(default_factory=list)

    def parsed(self, text: str, place: Location) -> Any:
        """What a JSON text says; ``None`` where it is none, or is left out, which is then noted."""
        if not _begins_as_json(text):
            return None
        if len(text) > self.left:
            self.note(place, f"JSON passes the limit of {_IN_WORDS}")
            return None
        self.left -= len(text)
        return self.inner(text, place)

    def inner(self, text: str, place: Location) -> Any:
        """The same for JSON that is written as a text inside JSON: it cannot be longer than that,
        and costs nothing more."""
        try:
            return _loaded(text)
        except RecursionError:
            self.note(place, "JSON nests too deep")
            return None

    def note(self, place: Location, reason: str) -> None:
        """Say what was left out."""
        if len(self.damage) < _SENTENCES:
            where = f"{place.path} at byte {place.start}"
            self.damage.append(f"In {where}, {reason}; it was left out.")
        elif len(self.damage) == _SENTENCES:
            self.damage.append("More texts were left out than are listed here.")


_IN_WORDS = f"{MOST // 1024**2} MiB for a file"


def parsed(text: str) -> Any:
    """What a JSON text says, or ``None`` where it is none or passes a limit."""
    try:
        return _loaded(text) if len(text) <= MOST else None
    except RecursionError:
        return None


def parsed_object(text: str) -> dict[str, Any] | None:
    """What a JSON object says, or ``None``."""
    found = parsed(text)
    return found if isinstance(found, dict) else None


def as_text(value: Any) -> str | None:
    """A JSON value as text where it is a text, else ``None``."""
    return value if isinstance(value, str) else None


def as_seed(value: Any) -> int | None:
    """A seed, given as a number or as its digits; a negative one says "any" and is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 2**64 else None


_AROUND = "\0 \t\r\n"  # TensorArt ends in a NUL


def _begins_as_json(text: str) -> bool:
    return text.lstrip(_AROUND)[:1] in ("{", "[")


def _loaded(text: str) -> Any:
    """Raises ``RecursionError``: nesting is bounded by the parser's own limit. Accepts ``NaN``,
    which ComfyUI writes."""
    if not _begins_as_json(text):
        return None
    try:
        return json.loads(text.strip(_AROUND))
    except ValueError:
        return None
