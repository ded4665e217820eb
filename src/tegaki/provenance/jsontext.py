"""JSON from files: bounded, never raising."""

from __future__ import annotations

import json
from typing import Any

MOST = 2 * 1024 * 1024
"""Characters of one text, and of all texts of one file, that are parsed: objects take up to thirty
times their text's memory. The largest ComfyUI workflows seen have under one million."""


def parsed(text: str) -> Any:
    """What a JSON text says, or ``None`` where it is none.

    Accepts ``NaN`` (ComfyUI writes it) and NULs or white space around the text (TensorArt ends in
    a NUL). Nesting is bounded by the parser's own recursion limit.
    """
    stripped = text.strip("\0 \t\r\n")
    if not stripped or stripped[0] not in "{[" or len(stripped) > MOST:
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
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
