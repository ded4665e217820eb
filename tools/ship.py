"""Puts a careful and a fast model into the package and joins them.

    python -m tools.ship CAREFUL_RUN FAST_RUN

Each is a finished run of ``tegaki lab train``. Write the cards afterwards: ``make card``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tegaki.lab.training.clip.careful import BASE
from tegaki.lab.training.clip.cascade import make_cascade
from tegaki.lab.training.clip.held_out import HeldOut
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
    first, second = load_single("careful"), load_single("fast")
    made = make_cascade(second, first, HeldOut.of_runs(careful, fast), SHIPPED["auto"])
    print(f"{made.id}: {second.id} and {first.id}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
