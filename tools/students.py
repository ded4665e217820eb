"""Candidates for the fast model, compared on the sources that were held out of their training.

    python -m tools.students RUN...

Each RUN is a finished run of ``tegaki lab train --recipe fast`` or one of its like. They come first
in docs/students.json; what stands there of other networks and numbers of steps stays.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "docs" / "students.json"
KEPT = ("size", "steps", "batch")


def described(run: Path) -> dict[str, Any]:
    """What a run was, and its AUC: of pictures as they are, then of edited copies."""
    training = json.loads((run / "bundle" / "bundle.json").read_text(encoding="utf-8"))["training"]
    recipe = training["runs"][0]["recipe"]
    network = recipe["network"]
    return {
        "backbone": network["backbone"], "attention": network["attention"],
        **{name: recipe[name] for name in KEPT}, "held_out": training["held_out"],
    }  # fmt: skip


def main(runs: list[Path]) -> None:
    new = [described(run) for run in runs]
    earlier = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else []
    kept = [one for one in earlier if _candidate(one) not in map(_candidate, new)]
    text = json.dumps(new + kept, indent=1) + "\n"
    OUT.write_text(text, encoding="utf-8")


def _candidate(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["backbone"], one["attention"], *(one[name] for name in KEPT)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
