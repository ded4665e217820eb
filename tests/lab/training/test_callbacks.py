"""Early stopping and plateaus against the histories that the seed published."""

from __future__ import annotations

import pytest

from tegaki.lab.training.callbacks import EarlyStopping, ReduceOnPlateau

# Enhanced model: val accuracy and loss of epochs 1-13; stopped after 13, kept epoch 8.
ACCURACY = [.9781, .9759, .9781, .9529, .9770, .9814, .9792, .9836, .9836, .9814, .9814, .9836,
            .9814]  # fmt: skip
LOSS = [.0546, .0645, .0830, .1350, .0694, .0790, .1111, .0976, .1042, .1109, .1120, .1130,
        .1156]  # fmt: skip
RATES = [9.999e-4] * 4 + [4.9995e-4] * 3 + [2.4998e-4] * 3 + [1.2499e-4] * 3
# Baseline, stage 2: epochs 1-14; kept epoch 6.
BASELINE_ACCURACY = [.5318, .8081, .8125, .6206, .8246, .8454, .8300, .6842, .6469, .6864, .7259,
                     .6886, .7577, .7654]  # fmt: skip
BASELINE_LOSS = [.7551, .4824, .4471, .8432, .4086, .3878, .3920, 1.2176, 1.3712, 1.0662, .7391,
                 1.0584, .6292, .5978]  # fmt: skip
BASELINE_RATES = [5e-5] * 9 + [2.5e-5] * 3 + [1.25e-5] * 2


@pytest.mark.parametrize(
    ("patience", "values", "best"), [(5, ACCURACY, 8), (8, BASELINE_ACCURACY, 6)]
)
def test_the_seeds_runs_stopped_here(patience: int, values: list[float], best: int) -> None:
    stopping = EarlyStopping(patience)
    kept = 0
    for epoch, value in enumerate(values, 1):
        assert not stopping.should_stop
        if stopping.update(value):
            kept = epoch
    assert stopping.should_stop
    assert kept == best


@pytest.mark.parametrize(("losses", "rates"), [(LOSS, RATES), (BASELINE_LOSS, BASELINE_RATES)])
def test_the_seeds_rates_fell_here(losses: list[float], rates: list[float]) -> None:
    plateau, rate = ReduceOnPlateau(3), rates[0]
    for loss, expected in zip(losses, rates, strict=True):
        assert rate == pytest.approx(expected, rel=1e-3)
        rate = plateau.update(loss, rate)


def test_zero_patience_never_stops_and_never_falls() -> None:
    stopping, plateau = EarlyStopping(0), ReduceOnPlateau(0)
    for _ in range(50):
        assert not stopping.update(0.5)
        assert plateau.update(1.0, 0.1) == 0.1
    assert not stopping.should_stop


def test_rates_have_a_floor() -> None:
    plateau, rate = ReduceOnPlateau(1), 1e-6
    for _ in range(20):
        rate = plateau.update(1.0, rate)
    assert rate == 1e-7
