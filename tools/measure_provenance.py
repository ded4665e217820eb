"""How many real files are read rightly, beside a peer.

    python -m tools.measure_provenance FIXTURES [--out docs/provenance.json]

FIXTURES is a folder of pictures with MANIFEST.csv beside them: ``ai`` files with their generator,
``control`` files that no generator marked (those named ``ctl_apparent_*`` bear real marks that
do not fit their picture, and count for neither). The peer, sd-parsers, is measured where it is
installed.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tegaki.metadata import read

Named = Callable[[bytes], str | None]
"""The tool that a reader says made a picture, or ``None``."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the files of each label: found with any tool, with the right one, and falsely."""

    ai: int
    found: int
    right: int
    controls: int
    false: int


def count(folder: Path, named: Named) -> Counts:
    """Every file of a folder by one reader."""
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if "apparent" not in row["file"]]
    said = [(row, named((folder / row["file"]).read_bytes())) for row in rows]
    ai = [(row["tool"], tool) for row, tool in said if row["label"] == "ai"]
    controls = [tool for row, tool in said if row["label"] == "control"]
    return Counts(
        ai=len(ai),
        found=sum(tool is not None for _, tool in ai),
        right=sum(tool == true for true, tool in ai),
        controls=len(controls),
        false=sum(tool is not None for tool in controls),
    )


def by_tegaki(data: bytes) -> str | None:
    """The tool of the first claim that a generator had a part in the picture."""
    claims = [c for c in read(data) if c.kind in ("generated", "edited-with-ai")]
    return claims[0].tool if claims else None


def by_sd_parsers() -> Named | None:
    """The peer's default, or ``None`` where it is not installed."""
    if importlib.util.find_spec("sd_parsers") is None:
        return None
    manager = __import__("sd_parsers").ParserManager()

    def named(data: bytes) -> str | None:
        found = manager.parse(io.BytesIO(data))
        return None if found is None else str(found.generator.value)

    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fixtures", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="PIL")
    readers: dict[str, Named | None] = {"tegaki": by_tegaki, "sd-parsers 0.6": by_sd_parsers()}
    counts = {
        name: asdict(count(options.fixtures, named)) for name, named in readers.items() if named
    }
    text = json.dumps(counts, indent=1) + "\n"
    print(text, end="")
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
