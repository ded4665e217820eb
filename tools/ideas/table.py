"""The tables that docs/lab.md shows of docs/ideas.json (``tools/measure_ideas.py``)."""

from __future__ import annotations

from typing import Any

NAMES = {
    "network": "A small network for a head",
    "depths": "A head for each depth",
    "aligned": "Reconstructed drawings",
    "nsfwjs": "Features of nsfwjs",
    "second view": "A second view",
    "adapters": "Adapters on the last block",
}
HEADER = ["Idea", "Pictures", "Sources", "", "As it is", "Edited", "Gain as it is"]
GROUNDS = ["Heads have seen", "Pictures", "AUC", "Generated ones found", "Drawn ones accused"]


def ideas(found: dict[str, Any]) -> list[list[str]]:
    """Every idea but that of other grounds, a line for each way it was tried."""
    rows = []
    for key, name in NAMES.items():
        for number, row in enumerate(found[key]["rows"]):
            counts = [name, f"{found[key]['pictures']:,}", str(found[key]["sources"])]
            rows.append([*(["", "", ""] if number else counts), row["name"], *_figures(row)])
    return rows


def grounds(found: dict[str, Any]) -> list[list[str]]:
    """Pictures on white and on other grounds."""
    rows = []
    for row in found["grounds"]["rows"]:
        heads, pictures = row["name"].split("; ")
        shares = [f"{row[name]:.1%}" for name in ("found", "accused")]
        rows.append([heads, pictures.removeprefix("pictures "), f"{row['auc'][0]:.3f}", *shares])
    return rows


def _figures(row: dict[str, Any]) -> list[str]:
    first, *edited = row["auc"]
    mean = f"{sum(edited) / len(edited):.4f}" if edited else ""
    return [f"{first:.4f}", mean, _gain(row["gain"]) if "gain" in row else ""]


def _gain(gain: list[float]) -> str:
    value, low, high = gain
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"
