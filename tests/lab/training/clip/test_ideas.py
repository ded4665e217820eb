"""Other ways to make a head: what each is fitted from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tegaki.lab.training.clip.heads import auc_by_source, by_source, centre, moments_of, solve
from tegaki.lab.training.clip.ideas import (
    HEAD_METHODS,
    Components,
    components_of,
    group_dro,
    least_squares,
    leave_sources_out,
    logistic,
    self_trained,
)

N, COPIES, WIDTH, PENALTY = 240, 2, 6, 0.5


def made(lean: float = 1.5) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features of unlike spread, one of which leans to the label."""
    rng = np.random.default_rng(0)
    labels = np.arange(N) % 2 == 1
    features = rng.normal(size=(N, COPIES, WIDTH)).astype(np.float32) * np.arange(1, WIDTH + 1)
    features[labels, :, 1] += lean * 2
    return features.astype(np.float32), labels, [f"{x:d}{k % 14}" for k, x in enumerate(labels)]


@pytest.fixture
def data() -> Components:
    return components_of(*made(), PENALTY)


ALL = np.arange(N)


def test_on_components_the_head_is_the_one_that_ships(data: Components) -> None:
    features, labels, sources = made()
    weights = by_source(sources, labels)
    parts = [
        moments_of(features[labels == x], weights[labels == x], x, centre(features))
        for x in (False, True)
    ]
    ships = solve(parts[0] + parts[1], PENALTY)(features[:, 0])
    found = least_squares(data, ALL)(data.values[:, 0])
    assert np.corrcoef(ships, found)[0, 1] > 0.999
    assert found == pytest.approx(ships, abs=0.05)


def test_logistic_regression_is_that_of_scikit_learn(data: Components) -> None:
    light = dataclasses.replace(data, ridge=np.full(data.ridge.shape, 1e-6))
    rows = light.values.reshape(N * COPIES, -1)
    each = np.repeat(light.weights(ALL), COPIES)
    peer = LogisticRegression(C=1e6, max_iter=1000)
    peer.fit(rows, np.repeat(light.labels, COPIES), sample_weight=each)
    assert np.corrcoef(peer.decision_function(rows), logistic(light, ALL)(rows))[0, 1] > 0.99


@pytest.mark.parametrize("name", HEAD_METHODS)
def test_every_idea_tells_them_apart_out_of_source(data: Components, name: str) -> None:
    scores = leave_sources_out(data, 4, HEAD_METHODS[name])
    assert auc_by_source(scores[:, 0], data.labels, data.sources.tolist()) > 0.8


def test_a_source_that_fares_badly_counts_for_more(data: Components) -> None:
    odd = data.sources == data.sources[1]
    values = data.values.copy()
    values[odd] *= -1  # one source leans the other way
    turned = dataclasses.replace(data, values=values)
    plain, emphasised = (fit(turned, ALL)(values[odd, 0]).mean() for fit in (
        least_squares, group_dro))  # fmt: skip
    assert emphasised > plain


def test_self_training_does_not_look_at_the_labels_it_may_not_see(data: Components) -> None:
    """Turned round, labels of the sources taken for unlabelled change nothing."""
    names = np.unique(data.sources)
    known = np.random.default_rng(0).permutation(names)[: round(len(names) / 2)]
    hidden = ~np.isin(data.sources, known)
    assert hidden.any()
    turned = dataclasses.replace(data, labels=data.labels ^ hidden)
    one, two = (self_trained(d, ALL) for d in (data, turned))
    assert np.allclose(one.weights, two.weights)
