"""Facts as text, to be kept, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tegaki.results.claim import Claim, Location
from tegaki.results.result import CropScore, ErrorInfo, Measurement


def pack(measurement: Measurement) -> str:
    """Facts as JSON text, but for the hash, which is their key."""
    plain = asdict(measurement) | {
        "views": [view.to_dict() for view in measurement.views],
        "claims": [claim.to_dict() for claim in measurement.claims],
    }
    del plain["sha256"]
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def unpack(text: str, sha256: bytes | None) -> Measurement:
    """What :func:`pack` was given.

    Raises:
        ValueError: the text is not its work.
    """
    try:
        plain = json.loads(text)
        error = plain.pop("error")
        return Measurement(
            sha256=None if sha256 is None else sha256.hex(),
            views=tuple(map(_view, plain.pop("views"))),
            claims=tuple(map(_claim, plain.pop("claims"))),
            remarks=tuple(plain.pop("remarks")),
            error=None if error is None else ErrorInfo(**error),
            **plain,
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not facts: {problem}") from problem


def _view(plain: dict[str, Any]) -> CropScore:
    box = plain.pop("box", None)
    return CropScore(**plain, box=None if box is None else tuple(box))


def _claim(plain: dict[str, Any]) -> Claim:
    place = Location(**plain.pop("place"))
    details = tuple(plain.pop("details").items())
    return Claim(**plain, place=place, details=details)
