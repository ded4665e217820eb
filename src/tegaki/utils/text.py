"""Text from files and their names, made safe to show."""

from __future__ import annotations

import json
import os
import unicodedata
from typing import Any


def printable(text: str) -> str:
    """Control characters, escape sequences and direction marks as escapes; the rest as it is."""
    if text.isprintable():
        return text
    return "".join(
        c if _shows(c) else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def safe_json(plain: Any) -> str:
    """JSON on one line: text as it is, but what would move a terminal as JSON escapes."""
    text = json.dumps(plain, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if _shows(c) else json.dumps(c)[1:-1] for c in text)


def readable(name: str) -> tuple[str, str | None]:
    """A name as valid text, and its bytes in hexadecimal where it is not UTF-8."""
    try:
        name.encode("utf-8")
        return name, None
    except UnicodeEncodeError:
        pass
    try:
        raw = os.fsencode(name)
    except UnicodeEncodeError:  # no file system gave this name
        return name.encode("utf-8", "backslashreplace").decode(), None
    return raw.decode("utf-8", "backslashreplace"), raw.hex()


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
