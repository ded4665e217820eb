"""Where the time of a scan goes: milliseconds of one core for each step, by kind of picture.

    python -m tools.profile_scan                 print the table, of the fast model
    python -m tools.profile_scan --keep after    and keep it in docs/speed.json under that name

Time is that of the thread (``time.thread_time``), so other work on the machine moves it little.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

import tegaki.imaging.decode
import tegaki.imaging.inputs
import tegaki.scoring
from tegaki import Detector
from tegaki.imaging import OpenedPicture
from tegaki.scoring import CascadeStep
from tools.bench_scan import SHAPES, draw

KEPT = Path(__file__).parents[1] / "docs" / "speed.json"
RUNS = 5
STEPS = {
    "read": (tegaki.imaging.inputs, "read_file"),
    "open": (OpenedPicture, "__init__"),
    "decode": (OpenedPicture, "decode_for_crops"),
    "blank": (tegaki.imaging.decode, "refuse_blank"),
    "shrink": (tegaki.imaging.decode, "cut_from"),
    "marks": (tegaki.scoring, "examine"),
    "views": (tegaki.scoring, "make_crops"),
    "network": (CascadeStep, "score"),
}
"""Steps, and the functions that take them; the time of a step inside of another counts for it
alone."""
REST = "hash and rest"


class Clock:
    """Adds up the time of steps, that of inner steps taken out."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its time counted for a step."""

        def timed(*args: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            started = time.thread_time()
            try:
                return function(*args, **named)
            finally:
                took = time.thread_time() - started
                self.seconds[step] += took - self._inner.pop()
                self._inner[-1] += took

        return timed


@contextmanager
def timed_steps() -> Iterator[Clock]:
    """Every step's function replaced by one that is timed."""
    clock = Clock()
    patches = [
        mock.patch.object(where, name, clock.wrap(step, getattr(where, name)))
        for step, (where, name) in STEPS.items()
    ]
    for patch in patches:
        patch.start()
    try:
        yield clock
    finally:
        for patch in patches:
            patch.stop()


def files(folder: Path) -> dict[str, Path]:
    """One file of each kind: those of tools/bench_scan.py, a large photograph, and cut-outs."""
    made = {}
    for shape in SHAPES:
        made[shape] = folder / f"{shape}.{SHAPES[shape][0]}"
        made[shape].write_bytes(draw(shape, 1))
    large = Image.open(made["JPEG 2048 x 3072"])
    made["JPEG 4096 x 6144"] = folder / "large.jpg"
    large.resize((4096, 6144)).save(made["JPEG 4096 x 6144"], quality=90)
    made["PNG 2048 x 3072, alpha"] = folder / "cut-out.png"
    cut = large.convert("RGBA")
    cut.putalpha(Image.fromarray(np.linspace(0, 255, 2048).astype(np.uint8)[None]).resize(cut.size))
    cut.save(made["PNG 2048 x 3072, alpha"], compress_level=3)
    return made


def profile(model: str) -> dict[str, dict[str, float]]:
    """Milliseconds by kind of picture and step: the best of some runs."""
    detector, table = Detector.load(model), {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in files(Path(folder)).items():
            runs = [_once(detector, path) for _ in range(RUNS)]
            steps = [*STEPS, REST]
            table[kind] = {step: round(min(run[step] for run in runs), 1) for step in steps}
    return table


def _once(detector: Detector, path: Path) -> dict[str, float]:
    with timed_steps() as clock:
        started = time.thread_time()
        row = detector.inspect(str(path))
        total = time.thread_time() - started
    assert row.error is None, row.error
    taken = {step: 1000 * clock.seconds[step] for step in STEPS}
    return taken | {REST: 1000 * total - sum(taken.values())}


def show(table: dict[str, dict[str, float]]) -> None:
    steps = [*STEPS, REST]
    print(f"{'ms of one core':<26}" + "".join(f"{step:>{max(9, len(step) + 2)}}" for step in steps))
    for kind, taken in table.items():
        cells = "".join(f"{taken[step]:>{max(9, len(step) + 2)}.1f}" for step in steps)
        print(f"{kind:<26}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keep", metavar="NAME", help="keep the table in docs/speed.json")
    parser.add_argument("--model", default="fast", help="fast, careful, auto, or a folder")
    options = parser.parse_args()
    table = profile(options.model)
    show(table)
    if options.keep:
        kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
        kept[options.keep] = table
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
