import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.lab.metrics.calibration import fit_platt, fit_thresholds
from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.results.scoring_config import Calibration
from tegaki.verdict import probability_of


def draw(count: int, seed: int) -> tuple[Scores, Labels]:
    """Scores whose true log odds are 0.5 * score - 1."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(2, 4, count)
    chances = 1 / (1 + np.exp(-(0.5 * scores - 1)))
    return scores, rng.random(count) < chances


def alone(count: int) -> list[str]:
    """Every picture a source of its own."""
    return [str(k) for k in range(count)]


def test_platt_finds_the_truth() -> None:
    calibration = fit_platt(*draw(20_000, 1))
    assert calibration.slope == pytest.approx(0.5, abs=0.03)
    assert calibration.intercept == pytest.approx(-1, abs=0.08)


def test_platt_stays_finite_on_separable_scores() -> None:
    scores = np.array([-3.0, -2, -1, 1, 2, 3])
    calibration = fit_platt(scores, scores > 0)
    assert 0 < calibration.slope < 10


@given(st.integers(0, 1000))
def test_thresholds_keep_their_promise_on_what_they_were_set_on(seed: int) -> None:
    scores, generated = draw(400, seed)
    calibration = fit_platt(scores, generated)
    sources = [str(k % 150) for k in range(400)]
    thresholds = fit_thresholds(scores, generated, sources, calibration)
    p = np.array([probability_of(score, calibration) for score in scores])
    assert np.mean(p[~generated] >= thresholds.generated_from) <= 0.01
    assert np.mean(p[generated] <= thresholds.drawn_up_to) <= 0.05
    assert thresholds.drawn_up_to < thresholds.generated_from
    assert (thresholds.humans, thresholds.generated) == ((~generated).sum(), generated.sum())


@pytest.mark.parametrize("gap", [1.0, 50.0, 5000.0])
def test_thresholds_stay_on_their_own_sides_when_scores_separate(gap: float) -> None:
    scores = np.r_[np.full(200, -gap), np.full(200, gap)]
    generated = scores > 0
    thresholds = fit_thresholds(scores, generated, alone(400), fit_platt(scores, generated))
    assert thresholds.drawn_up_to < 0.5 < thresholds.generated_from <= 1


def test_thresholds_hold_for_new_pictures_on_average() -> None:
    """With 1 of 193 allowed, 2 / 194 of new, exchangeable human pictures are expected."""
    rng = np.random.default_rng(7)
    shares = []
    for _ in range(300):
        human, made = rng.normal(-2, 1, 193), rng.normal(2, 1, 174)
        labels = np.array([False] * 193 + [True] * 174)
        thresholds = fit_thresholds(np.r_[human, made], labels, alone(367), Calibration(1.0, 0.0))
        fresh = [probability_of(x, Calibration(1.0, 0.0)) for x in rng.normal(-2, 1, 500)]
        shares.append(np.mean(np.array(fresh) >= thresholds.generated_from))
    assert np.mean(shares) == pytest.approx(2 / 194, rel=0.15)


def test_a_single_artist_weighs_as_much_as_a_collection() -> None:
    """Two of 200 pictures may be called generated, but not the only picture of one source of 10."""
    human = np.r_[np.linspace(-5, -1, 198), 3.0, 4.0]
    generated = np.array([False] * 200 + [True] * 200)
    scores = np.r_[human, np.linspace(1, 6, 200)]
    one = Calibration(1.0, 0.0)
    many = [*(str(k) for k in range(200)), *["g"] * 200]
    few = [*(str(k % 9) for k in range(199)), "9", *["g"] * 200]
    free = fit_thresholds(scores, generated, many, one)
    bound = fit_thresholds(scores, generated, few, one)
    assert free.generated_from <= probability_of(3.0, one) < probability_of(4.0, one)
    assert bound.generated_from > probability_of(4.0, one)
