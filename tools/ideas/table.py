"""The table that docs/lab.md shows of docs/ideas.json (``tools/measure_ideas.py``)."""

from __future__ import annotations

from typing import Any

NAMES = {
    "network": "A small network for a head",
    "depths": "A head for each depth",
    "aligned": "Reconstructed drawings",
    "nsfwjs": "Features of nsfwjs",
    "second view": "A second view",
    "adapters": "Adapters on the last block",
    "grounds": "Other grounds",
}
HEADER = ["Idea", "Pictures", "Sources", "", "As it is", "Edited", "Gain as it is"]


def rows(found: dict[str, Any]) -> list[list[str]]:
    """A line for each way in which an idea was tried, in the order of ``NAMES``."""
    lines = []
    for key in (key for key in NAMES if key in found):
        for number, row in enumerate(found[key]["rows"]):
            counts = [NAMES[key], f"{found[key]['pictures']:,}", str(found[key]["sources"])]
            first, *edited = row["auc"]
            mean = f"{sum(edited) / len(edited):.4f}" if edited else ""
            gain = _gain(*row["gain"]) if "gain" in row else ""
            lines.append([*(["", "", ""] if number else counts), _words(row), f"{first:.4f}", mean,
                          gain])  # fmt: skip
    return lines


def _words(row: dict[str, Any]) -> str:
    name: str = row["name"]
    if "found" not in row:
        return name
    return f"{name}: {row['found']:.0%} found, {row['accused']:.1%} accused"


def _gain(value: float, low: float, high: float) -> str:
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"
