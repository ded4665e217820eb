"""Ideas for the careful model that were tried and do not ship, by leave-sources-out.

    python -m tools.measure_ideas RUN CORPUS... --weights DIR --teacher FILE --nsfwjs DIR
        --cache DIR [--only NAME]

RUN is a run of ``tegaki train --recipe careful``, whose features are read; CORPUS are the folders
that it learned from, of which train and val are read. ``--weights`` holds the tiny autoencoder,
``--teacher`` is clip_encoder.int8.onnx, ``--nsfwjs`` the unpacked npm package nsfwjs 4.3.0. Writes
docs/ideas.json. What is computed on the way is kept in ``--cache``: a stopped measurement goes on
where it was. About three quarters of an hour of one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.training.clip.heads import by_source, folds_of
from tools.ideas import adapters, aligned, beside, depths, network, swapped
from tools.ideas.data import PLAN, Floats, Rows, Setting
from tools.ideas.fits import FOLDS, Axes, least_squares

OUT = Path(__file__).parents[1] / "docs" / "ideas.json"


@dataclass(frozen=True)
class Whole:
    """Main components of all pictures of the store: what several ideas start from."""

    setting: Setting

    @cached_property
    def digest(self) -> str:
        """Of which pictures the store is."""
        return hashlib.sha256("\n".join(self.setting.pictures.ids).encode()).hexdigest()[:8]

    @cached_property
    def axes(self) -> Axes:
        pictures = self.setting.pictures
        path = self.setting.cache / f"axes-{self.digest}.npz"
        if not path.exists():
            self.setting.progress("axes", 0, 1)
            weights = by_source(pictures.sources.tolist(), pictures.generated)
            axes = Axes.of(pictures.features[:, :, PLAN.columns], weights)
            np.savez(path, mean=axes.mean, spread=axes.spread, turn=axes.turn,
                     variances=axes.variances)  # fmt: skip
        with np.load(path) as kept:
            return Axes(**kept)

    @cached_property
    def values(self) -> Floats:
        return self.axes(self.setting.pictures.features[:, :, PLAN.columns])

    @cached_property
    def fold(self) -> Rows:
        pictures = self.setting.pictures
        return folds_of(pictures.sources.tolist(), pictures.generated, FOLDS)

    @cached_property
    def linear(self) -> Scores:
        pictures = self.setting.pictures
        return least_squares(self.values, pictures.generated, pictures.sources, self.fold)

    def described(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        sources = len(set(self.setting.pictures.sources.tolist()))
        return {"pictures": len(self.setting.pictures.ids), "sources": sources, "rows": rows}


def _network(whole: Whole) -> dict[str, Any]:
    pictures = whole.setting.pictures
    return whole.described(network.measure(
        whole.values, whole.axes.variances, pictures.generated, pictures.sources, whole.fold,
        whole.setting.cache / f"network-{whole.digest}", whole.setting.progress,
    ))  # fmt: skip


def _depths(whole: Whole) -> dict[str, Any]:
    pictures = whole.setting.pictures
    return whole.described(depths.measure(
        pictures.features, pictures.generated, pictures.sources, whole.linear,
        whole.setting.progress,
    ))  # fmt: skip


IDEAS: dict[str, Callable[[Whole], dict[str, Any]]] = {
    "network": _network,
    "depths": _depths,
    "aligned": lambda whole: aligned.measure(whole.setting, whole.axes, whole.values),
    "nsfwjs": lambda whole: beside.nsfwjs(whole.setting),
    "second view": lambda whole: beside.second_view(whole.setting),
    "adapters": lambda whole: adapters.measure(whole.setting),
    "grounds": lambda whole: swapped.measure(whole.setting, whole.axes, whole.values),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("corpora", type=Path, nargs="+")
    for name in ("weights", "teacher", "nsfwjs", "cache"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", choices=IDEAS, action="append")
    given = parser.parse_args()
    torch.set_num_threads(1)

    def progress(what: str, done: int, total: int) -> None:
        print(f"{time.process_time():5.0f} s: {what}, {done} of {total}", flush=True)

    whole = Whole(Setting(
        given.run, tuple(given.corpora), given.weights, given.teacher, given.nsfwjs, given.cache,
        progress,
    ))  # fmt: skip
    for name in given.only or IDEAS:
        found = IDEAS[name](whole)
        kept = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
        kept[name] = found
        ordered = {each: kept[each] for each in IDEAS if each in kept}
        given.out.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
