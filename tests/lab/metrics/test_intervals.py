"""Figures from stored predictions, against plain definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.lab.metrics import metrics
from tegaki.lab.metrics.intervals import all_metrics, compute_metrics, source_weights
from tegaki.lab.metrics.predictions import EvaluatedSample, Predictions, log_odds, probabilities
from tegaki.results.scoring_config import Calibration

SAME = Calibration(1.0, 0.0)


def predictions(scores: list[float], generated: list[bool], sources: list[str]) -> Predictions:
    judged = tuple(
        EvaluatedSample("test", str(k), label, source, "sdxl" if label else "human", "anime")
        for k, (label, source) in enumerate(zip(generated, sources, strict=True))
    )
    return Predictions(judged, {"model": np.array(scores)})


some = st.lists(st.integers(-6, 6).map(float), min_size=2, max_size=30)


@given(some, some)
def test_metrics_are_the_plain_ones(human: list[float], made: list[float]) -> None:
    """Against the definitions of tegaki.lab.metrics.metrics, ties included."""
    scores = np.array([*human, *made])
    generated = np.array([False] * len(human) + [True] * len(made))
    found = all_metrics(scores, generated, np.ones((1, len(scores))), SAME)
    chances = probabilities(scores)
    assert found["auc"][0] == pytest.approx(metrics.auc(scores, generated))
    assert found["accuracy"][0] == pytest.approx(metrics.accuracy(chances, generated))
    for name, fpr in (("tpr_at_5", 0.05), ("tpr_at_1", 0.01), ("tpr_at_0.1", 0.001)):
        assert found[name][0] == pytest.approx(metrics.tpr_at_fpr(scores, generated, fpr))
    expected = metrics.expected_calibration_error(chances, generated)
    assert found["ece"][0] == pytest.approx(expected)
    decided = scores > 0
    hit, false = (decided & generated).sum(), (decided & ~generated).sum()
    assert found["recall"][0] == pytest.approx(hit / generated.sum())
    assert found["precision"][0] == pytest.approx(hit / max(hit + false, 1e-12))


@given(some, some, st.integers(0, 99))
def test_a_weight_of_two_is_a_picture_twice(
    human: list[float], made: list[float], seed: int
) -> None:
    scores = np.array([*human, *made])
    generated = np.array([False] * len(human) + [True] * len(made))
    weights = np.random.default_rng(seed).integers(1, 4, len(scores))
    weighted = all_metrics(scores, generated, weights[None].astype(float), SAME)
    repeated = [np.repeat(values, weights) for values in (scores, generated)]
    plain = all_metrics(repeated[0], repeated[1], np.ones((1, weights.sum())), SAME)
    for name, values in plain.items():
        assert weighted[name][0] == pytest.approx(values[0]), name


def test_draws_take_whole_sources_of_each_label() -> None:
    sources = ["a"] * 5 + ["b"] * 3 + ["a"] * 2 + ["c"]
    generated = np.array([False] * 8 + [True] * 3)
    weights = source_weights(sources, generated, 200)
    assert weights.shape == (200, 11)
    for group in (slice(0, 5), slice(5, 8), slice(8, 10)):
        assert (weights[:, group] == weights[:, group][:, :1]).all()
    assert (weights[:, 0] + weights[:, 5] == 2).all()  # two human sources are drawn each time
    assert (weights[:, 8] + weights[:, 10] == 2).all()
    assert len(np.unique(weights[:, 0])) == 3


def test_a_report_of_one_test() -> None:
    scores = [-2.0, -1, 1, -3, -1, -4, 2, 3, -1]
    generated = [False] * 6 + [True] * 3
    sources = ["h"] * 5 + ["g"] + ["x", "x", "y"]
    found = compute_metrics(predictions(scores, generated, sources), "model", SAME)
    assert (found["human"], found["generated"], found["sources"]) == (6, 3, 4)
    assert found["confusion"] == [[5, 1], [1, 2]]
    assert found["by_source"]["x"] == {
        "pictures": 2, "recall": 1.0, "low": 0.3424, "high": 1.0,
    }  # fmt: skip
    assert found["by_family"] == {
        "sdxl": {"pictures": 3, "recall": 0.6667, "low": 0.0, "high": 1.0}
    }
    assert found["worst_human_source"] == {
        "source": "h", "pictures": 5, "fpr": 0.2, "low": 0.0362, "high": 0.6245,
    }  # fmt: skip
    accuracy = found["metrics"]["accuracy"]
    assert accuracy["value"] == round(7 / 9, 4)
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]


def test_calibration_moves_the_error_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 4000)
    generated = rng.random(4000) < probabilities(truth)
    scores = 3 * truth + 1  # too sure of itself, and off
    found = all_metrics(scores, generated, np.ones((1, 4000)), Calibration(1 / 3, -1 / 3))
    assert found["ece_calibrated"][0] < 0.03 < 0.1 < found["ece"][0]


def test_log_odds_and_back() -> None:
    chances = np.array([0.0, 1e-9, 0.25, 0.5, 0.75, 1.0])
    assert np.allclose(probabilities(log_odds(chances)), chances, atol=1e-12)
    assert log_odds(chances)[3] == 0
    assert np.abs(log_odds(chances)).max() == 40
