"""Protocols: what is trained on, what is tested on and under which conditions, as JSON files.

A protocol is data, so that a comparison is described by a file that can be read, kept and hashed:

name         short, as the file is called
why          one or two sentences: what it shows
split        ``{"method": ...}``, one of ``METHODS``
tests        the splits that figures are given for
folds        ``families``: once for each family of generators; or absent
conditions   names of what is done to test pictures before they are judged; or absent
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tegaki.errors import CorpusError
from tegaki.lab.corpus.manifest import SPLITS

METHODS = ("as-made", "seed-random", "seed-gan", "without-family")
_FOLDER = Path(__file__).with_name("protocol_files")
_KEYS = {"name", "why", "split", "tests", "folds", "conditions"}


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to split, test and judge; see the module's head."""

    name: str
    why: str
    method: str
    tests: tuple[str, ...]
    folds: str | None = None
    conditions: tuple[str, ...] = ()


def protocol_names() -> tuple[str, ...]:
    """The protocols that ship with tegaki, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def load_protocol(name_or_path: str | Path) -> Protocol:
    """A protocol that ships, by name, or any other by the path of its file.

    Raises:
        CorpusError: neither, or the file does not describe a protocol.
    """
    shipped = str(name_or_path) in protocol_names()
    path = _FOLDER / f"{name_or_path}.json" if shipped else Path(name_or_path)
    try:
        plain = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise CorpusError(
            f"{name_or_path} is neither a protocol ({', '.join(protocol_names())}) nor a file "
            f"with one: {problem}"
        ) from problem
    fault = _fault(plain)
    if fault:
        raise CorpusError(f"protocol {name_or_path}: {fault}")
    return Protocol(
        name=plain["name"],
        why=plain["why"],
        method=plain["split"]["method"],
        tests=tuple(plain["tests"]),
        folds=plain.get("folds"),
        conditions=tuple(plain.get("conditions", ())),
    )


def _fault(plain: Any) -> str | None:
    """What keeps data from being a protocol."""
    if not isinstance(plain, dict) or not {"name", "why", "split", "tests"} <= plain.keys():
        return "name, why, split and tests are needed"
    if unknown := sorted(plain.keys() - _KEYS):
        return f"unknown: {', '.join(unknown)}"
    return next((fault for fault, holds in _checks(plain) if not holds), None)


def _checks(plain: dict[str, Any]) -> list[tuple[str, bool]]:
    method = plain["split"].get("method") if isinstance(plain["split"], dict) else None
    tests, folds = plain["tests"], plain.get("folds")
    return [
        ("name and why are texts", _are_texts([plain["name"], plain["why"]])),
        (
            f'split is {{"method": one of {", ".join(METHODS)}}}',
            method in METHODS and len(plain["split"]) == 1,
        ),
        (
            f"tests are some of {', '.join(SPLITS)}",
            _are_texts(tests) and bool(tests) and set(tests) <= set(SPLITS),
        ),
        (
            'folds are "families" with the method without-family, and with no other',
            folds == ("families" if method == "without-family" else None),
        ),
        ("conditions are a list of names", _are_texts(plain.get("conditions", []))),
    ]


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
