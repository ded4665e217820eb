"""How many pictures that are no drawings are found to be none, and how many drawings are lost.

    python -m tools.measure_outside OUTSIDE CORPUS

OUTSIDE is a folder that tools/collect_outside.py made; its split ``test`` is judged, of sources
that the models were not trained on. CORPUS gives the drawn and generated pictures, its two test
splits. Writes docs/outside.json.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import Detector, default_workers
from tegaki.lab.corpus import load_corpus
from tegaki.lab.export.card_metrics import TESTS

OUT = Path(__file__).parents[1] / "docs" / "outside.json"
MODELS = ("fast", "careful", "auto")


def found(detector: Detector, pictures: Iterable[tuple[str, Path | bytes]]) -> dict[str, Any]:
    """Of each group: pictures, those found outside, and those called drawn or generated."""

    def judge(one: tuple[str, Path | bytes]) -> tuple[str, str | None, str]:
        group, content = one
        data = content if isinstance(content, bytes) else content.read_bytes()
        row = detector.inspect(data)
        return group, row.domain, row.verdict

    all_, outside, drawn, generated = (Counter[str]() for _ in range(4))
    for group, domain, verdict in ordered_map(judge, pictures, default_workers()):
        all_[group] += 1
        outside[group] += domain == "outside"
        drawn[group] += verdict == "drawn"
        generated[group] += verdict == "generated"
    return {
        group: {
            "pictures": count, "outside": outside[group],
            "drawn": drawn[group], "generated": generated[group],
        }
        for group, count in sorted(all_.items())
    }  # fmt: skip


def main(folder: Path, corpus: Path) -> None:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "test"]
    others = [(row["category"], folder / row["file"]) for row in rows]
    items = [item for split in TESTS for item in load_corpus(corpus).split(split)]
    drawings = [(item.label, item.read()) for item in items]
    told = {}
    for name in MODELS:
        judge = partial(found, Detector.load(name, provenance=False))
        told[name] = {"outside": judge(others), "inside": judge(drawings)}
    OUT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
