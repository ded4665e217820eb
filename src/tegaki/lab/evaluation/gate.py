"""Pinned floors: a score that has been reached does not get lost unnoticed.

A file of floors holds, for each test and metric, the least that a report must say, and the SHA-256
of the manifest that it was measured on: a figure on other data says nothing about a floor. A floor
is lowered only when that is asked for, with a reason, which is kept in the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tegaki.errors import CorpusError

SLACK = 0.005
"""How far below a figure its floor is set. One picture of 325 moves accuracy by 0.003; processors
round differently, and no more than that may pass."""


@dataclass(frozen=True, slots=True)
class Floors:
    """``least``: test, metric to the least value. ``lowered``: the reasons so far, oldest first."""

    protocol: str
    manifest_sha256: str
    least: dict[str, dict[str, float]]
    lowered: tuple[str, ...] = ()


def read_floors(path: Path) -> Floors:
    """Read a file of floors.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return Floors(
            plain["protocol"], plain["manifest_sha256"], plain["least"], tuple(plain["lowered"])
        )
    except FileNotFoundError as problem:
        raise CorpusError(f"there is no file of floors {path}") from problem
    except OSError as problem:
        raise CorpusError(f"{path} cannot be read: {problem.strerror}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise CorpusError(f"{path} does not hold floors: {problem}") from problem


def write_floors(floors: Floors, path: Path) -> None:
    """Write a file of floors."""
    path.write_text(json.dumps(asdict(floors), indent=1) + "\n", encoding="utf-8")


def find_violations(floors: Floors, report: Mapping[str, Any], system: str) -> list[str]:
    """What a report says less than the floors; nothing if it holds them."""
    if not _same_data(floors, report):
        return [
            "the report was measured on other data or by another protocol than the floors; name a "
            "file of floors of its own"
        ]
    said = _values(report, system)
    return [
        f"{test} {metric}: {said.get(test, {}).get(metric, 'nothing')}, the floor is {least}"
        for test, metrics in floors.least.items()
        for metric, least in metrics.items()
        if said.get(test, {}).get(metric, -1.0) < least
    ]


def raised(
    floors: Floors | None, report: Mapping[str, Any], system: str, metrics: tuple[str, ...]
) -> Floors:
    """Floors just below what the report says, where that is higher than before."""
    said = _values(report, system)
    least = {
        test: {name: round(values[name] - SLACK, 4) for name in metrics}
        for test, values in said.items()
    }
    if floors is None:
        return Floors(report["protocol"], report["manifest_sha256"], least)
    if not _same_data(floors, report):
        raise CorpusError(
            "the report was measured on other data or by another protocol than the floors; name a "
            "new file"
        )
    kept = {test: dict(metrics_) for test, metrics_ in floors.least.items()}
    for test, values in least.items():
        old = kept.setdefault(test, {})
        old.update({name: max(value, old.get(name, -1.0)) for name, value in values.items()})
    return replace(floors, least=kept)


def lowered(floors: Floors, report: Mapping[str, Any], system: str, reason: str) -> Floors:
    """Floors brought down to just below the report where it lies under them; the reason is kept.

    Where it lies under none and is of their data, they stay as they are: nothing had a reason.
    """
    said = _values(report, system)
    least = {
        test: {
            name: min(value, round(said.get(test, {}).get(name, value) - SLACK, 4))
            if said.get(test, {}).get(name, value) < value
            else value
            for name, value in metrics.items()
        }
        for test, metrics in floors.least.items()
    }
    if least == floors.least and _same_data(floors, report):
        return floors
    return Floors(report["protocol"], report["manifest_sha256"], least, (*floors.lowered, reason))


def moved(old: Floors | None, new: Floors) -> list[str]:
    """Every floor that is new or another one than before; nothing if all stayed."""
    before = {} if old is None else old.least
    lines = []
    for test, metrics in new.least.items():
        for name, least in metrics.items():
            was = before.get(test, {}).get(name)
            if was is None:
                lines.append(f"{test} {name}: pinned at {least}")
            elif was != least:
                lines.append(f"{test} {name}: {'raised' if least > was else 'lowered'} from "
                             f"{was} to {least}")  # fmt: skip
    if old is not None and old.manifest_sha256 != new.manifest_sha256:
        lines.append(f"the floors hold for the data {new.manifest_sha256} now")
    return lines


def _same_data(floors: Floors, report: Mapping[str, Any]) -> bool:
    said = (report.get("protocol"), report.get("manifest_sha256"))
    return said == (floors.protocol, floors.manifest_sha256)


def _values(report: Mapping[str, Any], system: str) -> dict[str, dict[str, float]]:
    try:
        tests = report["systems"][system]["tests"]
    except KeyError as problem:
        raise CorpusError(f"the report has no system {system!r}") from problem
    return {
        test: {name: figure["value"] for name, figure in figures["metrics"].items()}
        for test, figures in tests.items()
    }
