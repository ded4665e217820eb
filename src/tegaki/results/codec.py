"""Facts as text, to be kept, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tegaki.results.claim import Claim, Place
from tegaki.results.result import Facts, RowError, ViewScore


def pack(facts: Facts) -> str:
    """Facts as JSON text, but for the hash, which is their key."""
    plain = asdict(facts) | {
        "views": [view.to_dict() for view in facts.views],
        "claims": [claim.to_dict() for claim in facts.claims],
    }
    del plain["sha256"]
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def unpack(text: str, sha256: bytes | None) -> Facts:
    """What :func:`pack` was given.

    Raises:
        ValueError: the text is not its work.
    """
    try:
        plain = json.loads(text)
        error = plain.pop("error")
        return Facts(
            sha256=None if sha256 is None else sha256.hex(),
            views=tuple(map(_view, plain.pop("views"))),
            claims=tuple(map(_claim, plain.pop("claims"))),
            remarks=tuple(plain.pop("remarks")),
            error=None if error is None else RowError(**error),
            **plain,
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not facts: {problem}") from problem


def _view(plain: dict[str, Any]) -> ViewScore:
    box = plain.pop("box", None)
    return ViewScore(**plain, box=None if box is None else tuple(box))


def _claim(plain: dict[str, Any]) -> Claim:
    place = Place(**plain.pop("place"))
    details = tuple(plain.pop("details").items())
    return Claim(**plain, place=place, details=details)
