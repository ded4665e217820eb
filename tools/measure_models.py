"""What the models weigh, and what a picture costs.

    python -m tools.measure_models

Milliseconds of processor time on one core, the median of some runs, from decoded pixels to the
logit; megabytes of files that a model needs. Writes docs/models.json.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from tegaki.detector import Detector
from tegaki.model import BASES

OUT = Path(__file__).parents[1] / "docs" / "models.json"
MODELS = ("fast", "careful")
SIDE = 320  # pictures are shrunk to it before views are cut
RUNS = 40


def milliseconds(detector: Detector, picture: Image.Image) -> float:
    """Of one core, for one picture."""
    taken = []
    for _ in range(RUNS):
        before = time.process_time()
        detector.scorer.predict(picture)
        taken.append(1000 * (time.process_time() - before))
    return median(taken)


def measured(name: str) -> dict[str, Any]:
    """Of one model that ships."""
    detector = Detector.load(name, provenance=False)
    pixels = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    bundle = detector.scorer.steps[0].bundle
    base = bundle.config.base
    files = [bundle.onnx, *([BASES / f"{base.id}.onnx"] if base else [])]
    return {
        "milliseconds": round(milliseconds(detector, Image.fromarray(pixels)), 1),
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6, 1),
    }


def main() -> None:
    found = {name: measured(name) for name in MODELS}
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
