"""What both models say of sources that neither has seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tegaki.errors import TrainingError
from tegaki.lab.training.clip.held_out import WEIGHTS, HeldOut, sums

N, COPIES = 400, 2


def held(noise: float, other: float) -> HeldOut:
    """Two models that err apart, each by so much."""
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2 == 1
    signal = np.where(labels, 1.0, -1.0)[:, None]
    first, second = (signal + s * rng.normal(size=(N, COPIES)) for s in (noise, other))
    return HeldOut(first, second, labels, [f"{k % 2}{k % 40}" for k in range(N)])


def test_models_that_err_apart_are_better_together() -> None:
    areas = {one["weight"]: np.mean(one["auc"]) for one in sums(held(1.0, 1.0))}
    assert set(areas) == set(WEIGHTS)
    assert areas[1.0] > areas[0.0] + 0.02


def test_one_that_knows_nothing_makes_it_worse() -> None:
    areas = {one["weight"]: np.mean(one["auc"]) for one in sums(held(1.0, 20.0))}
    assert areas[1.0] < areas[0.0] - 0.1


def saved(folder: Path, ids: list[str], labels: tuple[bool, ...] = ()) -> Path:
    """A run's scores; of every picture its label, and a source of its own."""
    folder.mkdir()
    scores = np.array([[float(name)] for name in ids])
    names = np.array([f"source {name}" for name in ids])
    np.savez(
        folder / "scores.npz", ids=np.array(ids), scores=scores, labels=np.array(labels),
        sources=names,
    )  # fmt: skip
    return folder


def test_runs_are_matched_by_picture(tmp_path: Path) -> None:
    careful = saved(tmp_path / "careful", ["1", "2", "3"])
    fast = saved(tmp_path / "fast", ["3", "1"], (True, False))
    found = HeldOut.of_runs(careful, fast)
    assert found.careful.tolist() == found.fast.tolist() == [[3.0], [1.0]]
    assert found.sources == ["source 3", "source 1"]


def test_runs_of_other_pictures_are_refused(tmp_path: Path) -> None:
    careful = saved(tmp_path / "careful", ["1"])
    fast = saved(tmp_path / "fast", ["2"], (True,))
    with pytest.raises(TrainingError, match="has not scored the pictures"):
        HeldOut.of_runs(careful, fast)
