"""What is known about one picture, and the two tables that say it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

LIST = Path(__file__).with_name("pictures.csv")


@dataclass(frozen=True, slots=True)
class PackagePicture:
    """A line of ``pictures.csv``: one file of one package.

    ``file``: its path inside the package; ``origin``: ``debian:NAME``, ``pypi:NAME==VERSION`` or
    ``npm:NAME@VERSION``.
    """

    file: str
    sha256: str
    category: str
    source: str
    split: str
    origin: str


@dataclass(frozen=True, slots=True)
class Collected:
    """A line of ``manifest.csv``: one stored picture, ``file`` relative to the folder."""

    file: str
    category: str
    source: str
    split: str
    origin: str


def load_list() -> list[PackagePicture]:
    """The package pictures that somebody has looked at and found to be outside the domain."""
    with LIST.open(newline="", encoding="utf-8") as lines:
        return [PackagePicture(**line) for line in csv.DictReader(lines)]


def write_manifest(path: Path, rows: Iterable[Collected]) -> None:
    """Write ``manifest.csv``, sorted by file."""
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, [field.name for field in fields(Collected)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in sorted(rows, key=lambda row: row.file))
