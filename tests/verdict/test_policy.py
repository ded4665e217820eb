import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.results.scoring_config import Calibration, Thresholds
from tegaki.verdict import decide, explain, probability_of

PLAIN = Calibration(slope=1.0, intercept=0.0)
T = Thresholds(0.1, 0.9, 0.05, 0.01, humans=193, generated=174)


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [
        (0.0, "drawn"),
        (0.1, "drawn"),
        (0.1001, "unsure"),
        (0.8999, "unsure"),
        (0.9, "generated"),
        (1.0, "generated"),
    ],
)
def test_verdicts(probability: float, verdict: str) -> None:
    assert decide(probability, T) == verdict


@given(st.floats(-1e6, 1e6), st.floats(0.01, 10), st.floats(-10, 10))
def test_probabilities_are_probabilities(logit: float, slope: float, intercept: float) -> None:
    calibration = Calibration(slope, intercept)
    p = probability_of(logit, calibration)
    assert 0 <= p <= 1
    assert probability_of(logit + 1, calibration) >= p


def test_probability_is_the_logistic_function() -> None:
    assert probability_of(0, PLAIN) == 0.5
    assert probability_of(2, Calibration(0.5, 1.0)) == pytest.approx(1 / (1 + math.exp(-2)))


def test_reasons_say_how_often_that_errs_and_what_it_was_measured_on() -> None:
    assert explain(0.95, [3.0], PLAIN, T) == [
        "Looks generated. Of 100 drawn pictures, about 1 looks this generated (193 tried)."
    ]
    assert explain(0.05, [-3.0], PLAIN, T) == [
        "Looks drawn. Of 100 generated pictures, about 5 look this drawn (174 tried)."
    ]
    assert explain(0.5, [0.0], PLAIN, T) == [
        "Between 0.100 and 0.900 this model errs too often to say."
    ]


def test_views_that_disagree_are_named() -> None:
    reasons = explain(0.5, [-5.0, 5.0], PLAIN, T)
    assert reasons[1] == "Parts of the picture disagree: probability 0.01 to 0.99."
    assert len(explain(0.5, [-1.0, 1.0], PLAIN, T)) == 1
