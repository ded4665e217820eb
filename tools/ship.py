"""Puts a careful and a fast model into the package and joins them.

    python -m tools.ship CAREFUL_RUN FAST_RUN

Each is a finished run of ``tegaki train``. Write the cards afterwards: ``make card``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from tegaki.lab.clip.careful import BASE
from tegaki.lab.clip.cascade import make_cascade
from tegaki.model import BASES, SHIPPED, load_single

_PARTS = ("bundle.json", "model.onnx", "study.json")


def main(careful: Path, fast: Path) -> None:
    BASES.mkdir(exist_ok=True)
    shutil.copyfile(careful / "base.onnx", BASES / f"{BASE}.onnx")
    for name, run in (("careful", careful), ("fast", fast)):
        shutil.rmtree(SHIPPED[name], ignore_errors=True)
        SHIPPED[name].mkdir()
        for part in _PARTS:
            if (run / "bundle" / part).exists():
                shutil.copyfile(run / "bundle" / part, SHIPPED[name] / part)
    kept = np.load(fast / "scores.npz")
    scores, labels = kept["scores"], np.repeat(kept["labels"], kept["scores"].shape[1])
    models = load_single("fast"), load_single("careful")
    made = make_cascade(*models, scores.reshape(-1), labels, SHIPPED["auto"])
    print(f"{made.id}: {models[0].id} and {models[1].id}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
