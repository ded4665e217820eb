"""A corpus of a few painted pictures, for tests of the lab."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import ImageOps

from tests.conftest import painting

COLUMNS = ("id", "file", "label", "source", "family", "style", "split")
PER_LABEL = {"train": 16, "val": 8, "test_seen": 6, "test_unseen": 6}


def write_corpus(folder: Path, per_label: dict[str, int] = PER_LABEL) -> Path:
    """Human pictures are smooth, generated ones the same in reversed colours: easy to learn."""
    rows = []
    for split, count in per_label.items():
        (folder / split).mkdir(parents=True, exist_ok=True)
        for label in ("human", "generated"):
            for k in range(count):
                name = f"{split}/{label}{k}.jpg"
                picture = painting(96, 96 + 8 * (k % 3), seed=k)
                if label == "generated":
                    picture = ImageOps.invert(picture)
                picture.save(folder / name, quality=86)
                source, family = f"{label[0]}{k % 3}", "human" if label == "human" else "sdxl"
                rows.append((f"{split}-{label}-{k}", name, label, source, family, "anime", split))
    with (folder / "manifest.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return folder
