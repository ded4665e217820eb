"""From plain data, as JSON holds them, to the parts of a row: hostile until they are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tegaki.results.claim import KINDS, STRENGTHS, Claim, Location
from tegaki.results.parts import VERDICTS, CropScore, ErrorInfo

_REQUIRED = {"path": str, "verdict": str, "model": str, "recipe": str}
_OPTIONAL = {
    "path_bytes": str,
    "sha256": str,
    "size_bytes": int,
    "format": str,
    "width": int,
    "height": int,
    "alpha": bool,
    "animated": bool,
    "probability": float,
    "logit": float,
}
_LATER = {"judged_area": float, "judged_frame": int}
"""Rows of earlier versions lack them."""
_CLAIM_TEXTS = ("model", "prompt", "negative_prompt", "sampler")


def row_fields(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a :class:`tegaki.Result` by name, checked.

    Raises:
        ValueError: one is missing, or is not of its type.
    """
    if not isinstance(plain, Mapping):
        raise ValueError(f"a row is an object, not {type(plain).__name__}")
    fields: dict[str, Any] = {name: _of(plain, name, kind) for name, kind in _REQUIRED.items()}
    fields |= {name: _of(plain, name, kind, optional=True) for name, kind in _OPTIONAL.items()}
    fields |= {
        name: _of(plain, name, kind, optional=True)
        for name, kind in _LATER.items()
        if name in plain
    }
    _one_of(fields["verdict"], "verdict", VERDICTS)
    fields["domain"] = plain.get("domain")
    _one_of(fields["domain"], "domain", (None, "inside", "outside"))
    fields["reasons"] = tuple(_is(each, "reasons", str) for each in _of(plain, "reasons", list))
    fields["views"] = tuple(map(_view, _of(plain, "views", list)))
    fields["claims"] = tuple(map(_claim, _of(plain, "claims", list)))
    error = _of(plain, "error", Mapping, optional=True)
    fields["error"] = None if error is None else _error(error)
    if (fields["verdict"] == "error") != (error is not None):
        raise ValueError("error: it is set exactly when the verdict is error")
    if error is None and fields["probability"] is None:
        raise ValueError("probability: a verdict needs one")
    return fields


def _view(plain: Any) -> CropScore:
    view = _is(plain, "views", Mapping)
    box = _of(view, "box", list, optional=True) if "box" in view else None
    edges = None if box is None else _box(box)
    return CropScore(_of(view, "name", str), _of(view, "logit", float), edges)


def _box(plain: Sequence[Any]) -> tuple[int, int, int, int]:
    if len(plain) != 4:
        raise ValueError(f"box has {len(plain)} numbers, not 4")
    left, upper, right, lower = (_is(side, "box", int) for side in plain)
    return left, upper, right, lower


def _error(plain: Mapping[str, Any]) -> ErrorInfo:
    return ErrorInfo(_of(plain, "type", str), _of(plain, "message", str))


def _claim(plain: Any) -> Claim:
    claim = _is(plain, "claims", Mapping)
    place = _of(claim, "place", Mapping)
    details = _of(claim, "details", Mapping)
    return Claim(
        tool=_of(claim, "tool", str),
        carrier=_of(claim, "carrier", str),
        kind=_one_of(claim.get("kind"), "kind", KINDS),
        strength=_one_of(claim.get("strength"), "strength", STRENGTHS),
        place=Location(_of(place, "path", str), _of(place, "start", int), _of(place, "end", int)),
        note=_of(claim, "note", str),
        seed=_of(claim, "seed", int, optional=True),
        details=tuple((_is(k, "details", str), _is(v, "details", str)) for k, v in details.items()),
        **{name: _of(claim, name, str, optional=True) for name in _CLAIM_TEXTS},
    )


def _of(plain: Mapping[str, Any], name: str, kind: type, *, optional: bool = False) -> Any:
    if name not in plain:
        raise ValueError(f"{name} is missing")
    value = plain[name]
    return None if optional and value is None else _is(value, name, kind)


def _is(value: Any, name: str, kind: type) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is list and isinstance(value, tuple):
        return value
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} is not of type {kind.__name__}: {type(value).__name__}")
    return value


def _one_of(value: Any, name: str, known: tuple[Any, ...]) -> Any:
    if value not in known:
        raise ValueError(f"{name} is none of {', '.join(map(str, known))}")
    return value
