import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.lab.metrics.metrics import (
    Labels,
    Scores,
    accuracy,
    auc,
    bootstrap_by_source,
    calibration_errors,
    expected_calibration_error,
    roc,
    tpr_at_fpr,
)


def arrays(human: list[float], generated: list[float]) -> tuple[Scores, Labels]:
    scores = np.array([*human, *generated])
    return scores, np.array([False] * len(human) + [True] * len(generated))


@pytest.mark.parametrize(
    ("human", "generated", "area"),
    [
        ([0, 1], [2, 3], 1.0),
        ([2, 3], [0, 1], 0.0),
        ([0, 2], [1, 3], 0.75),
        ([1, 1], [1, 1], 0.5),
        ([0, 1], [1, 2], 0.875),
    ],
)
def test_auc(human: list[float], generated: list[float], area: float) -> None:
    assert auc(*arrays(human, generated)) == area


finite = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=30)


@given(finite, finite)
def test_auc_is_the_share_of_pairs_in_order(human: list[float], generated: list[float]) -> None:
    pairs = [(g > h) + (g == h) / 2 for g in generated for h in human]
    assert auc(*arrays(human, generated)) == pytest.approx(np.mean(pairs))


def plain_tpr(human: list[float], generated: list[float], fpr: float) -> float:
    """By a threshold: the human score that as many lie above as may."""
    allowed = int(fpr * len(human) + 1e-9)
    threshold = sorted(human, reverse=True)[allowed]
    assert np.mean(np.array(human) > threshold) <= fpr
    return float(np.mean(np.array(generated) > threshold))


@given(finite, finite, st.sampled_from([0.0, 0.01, 0.05, 0.5]))
def test_the_threshold_keeps_its_promise(
    human: list[float], generated: list[float], fpr: float
) -> None:
    expected = plain_tpr(human, generated, fpr)
    assert tpr_at_fpr(*arrays(human, generated), fpr) == pytest.approx(expected)


def test_tpr_at_one_percent() -> None:
    scores, labels = arrays([*range(100)], [97.5, 98.5, 99.5, 100])
    assert tpr_at_fpr(scores, labels, 0.01) == 0.75  # one human picture, 99, may lie above


def test_accuracy_is_strict_at_one_half() -> None:
    assert accuracy(*arrays([0.5, 0.6], [0.5, 0.6])) == 0.5


def test_calibration_error() -> None:
    scores, labels = arrays([0.2] * 8, [0.2] * 2)
    assert expected_calibration_error(scores, labels) == pytest.approx(0)
    scores, labels = arrays([0.9] * 5, [0.9] * 5)
    assert expected_calibration_error(scores, labels) == pytest.approx(0.4)
    assert expected_calibration_error(*arrays([0.0], [1.0])) == 0


def plain_error(probabilities: Scores, generated: Labels) -> float:
    """Bin by bin, as the definition says."""
    which = np.minimum((probabilities * 15).astype(int), 14)
    bins = [which == k for k in range(15) if (which == k).any()]
    gaps = [abs(probabilities[b].mean() - generated[b].mean()) * b.mean() for b in bins]
    return float(sum(gaps))


@given(finite, finite)
def test_the_calibration_error_is_the_plain_one(human: list[float], made: list[float]) -> None:
    scores, labels = arrays(human, made)
    chances = (scores + 50) / 100
    assert expected_calibration_error(chances, labels) == pytest.approx(
        plain_error(chances, labels)
    )


@given(finite, finite, st.integers(0, 99))
def test_a_row_of_weights_is_one_drawing(human: list[float], made: list[float], seed: int) -> None:
    scores, labels = arrays(human, made)
    weights = np.random.default_rng(seed).integers(1, 4, (3, len(scores))).astype(float)
    chances = (scores + 50) / 100
    curve, errors = roc(scores, labels, weights), calibration_errors(chances, labels, weights)
    for k, row in enumerate(weights):
        drawn = np.repeat(np.arange(len(scores)), row.astype(int))
        assert curve.area()[k] == pytest.approx(auc(scores[drawn], labels[drawn]))
        expected = tpr_at_fpr(scores[drawn], labels[drawn], 0.05)
        assert curve.tpr_at(0.05)[k] == pytest.approx(expected)
        error = expected_calibration_error(chances[drawn], labels[drawn])
        assert errors[k] == pytest.approx(error)


def test_intervals_are_wider_when_pictures_share_a_source() -> None:
    rng = np.random.default_rng(1)
    looks = rng.normal(0, 1, 20)  # each source has a look of its own
    human = np.repeat(looks[:10], 30) + rng.normal(0, 0.3, 300)
    generated = np.repeat(looks[10:] + 1, 30) + rng.normal(0, 0.3, 300)
    scores, labels = arrays(list(human), list(generated))
    by_source = [str(i // 30) for i in range(600)]
    alone = [str(i) for i in range(600)]
    low, high = bootstrap_by_source(auc, scores, labels, by_source, draws=200)
    near_low, near_high = bootstrap_by_source(auc, scores, labels, alone, draws=200)
    assert low < near_low < auc(scores, labels) < near_high < high
    assert (low, high) == bootstrap_by_source(auc, scores, labels, by_source, draws=200)
