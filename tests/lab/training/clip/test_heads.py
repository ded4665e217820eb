"""Heads on features: what is fitted, and that no source is scored by a head that saw it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tegaki.lab.training.clip.heads import (
    CrossFit,
    auc_by_source,
    by_source,
    centre,
    fit_outside,
    folds_of,
    moments_of,
    solve,
)

PENALTY = 0.1


def drawn(n: int = 60, copies: int = 2, width: int = 5) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features that lean to the label, labels, and sources of one label each."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2 == 1
    features = rng.normal(size=(n, copies, width)).astype(np.float32)
    features[labels, :, 0] += 2
    return features, labels, [f"{'g' if label else 'h'}{k % 7}" for k, label in enumerate(labels)]


def test_labels_and_sources_weigh_alike() -> None:
    labels = np.array([False, False, False, True, True])
    weights = by_source(["a", "a", "b", "c", "c"], labels)
    assert weights[labels].sum() == pytest.approx(weights[~labels].sum())
    assert weights[0] + weights[1] == pytest.approx(weights[2])
    assert weights.mean() == pytest.approx(1)


def test_a_head_is_ridge_regression_on_standardised_features() -> None:
    features, labels, sources = drawn()
    weights = by_source(sources, labels)
    parts = [
        moments_of(features[labels == x], weights[labels == x], x, centre(features))
        for x in (False, True)
    ]
    head = solve(parts[0] + parts[1], PENALTY)
    rows, each = features.reshape(-1, 5).astype(np.float64), np.repeat(weights, 2)
    mean = np.average(rows, axis=0, weights=each)
    spread = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=each))
    peer = Ridge(alpha=PENALTY * each.sum()).fit(
        (rows - mean) / spread, np.repeat(np.where(labels, 1, -1), 2), sample_weight=each
    )
    assert np.allclose(
        head(features.reshape(-1, 5)), peer.predict((rows - mean) / spread), atol=1e-2
    )


def test_a_source_is_scored_by_a_head_that_did_not_see_it() -> None:
    """Other pictures of its own fold cannot move a picture's score; those of others do."""
    features, labels, sources = drawn()
    before = CrossFit(features, labels, sources, 4).scores(PENALTY)
    fold = folds_of(sources, labels, 4)
    kept = int(np.flatnonzero(fold == 1)[0])
    changed = features.copy()
    changed[(fold == 1) & (np.arange(len(fold)) != kept)] *= -3
    after = CrossFit(changed, labels, sources, 4).scores(PENALTY)
    assert np.allclose(after[kept], before[kept])
    assert not np.allclose(after[fold == 0], before[fold == 0])


def test_no_source_stands_in_two_folds_and_each_has_both_labels() -> None:
    sources = [f"s{k % 13}" for k in range(100)]
    labels = np.array([int(source[1:]) < 6 for source in sources])
    fold = folds_of(sources, labels, 5)
    assert len({(source, int(f)) for source, f in zip(sources, fold, strict=True)}) == 13
    assert {(int(f), bool(x)) for f, x in zip(fold, labels, strict=True)} == {
        (f, x) for f in range(5) for x in (False, True)
    }


def test_the_whole_head_is_fitted_on_everything() -> None:
    features, labels, sources = drawn()
    scores = CrossFit(features, labels, sources, 4).head(PENALTY)(features[:, 0])
    assert auc_by_source(scores, labels, sources) > 0.9


def test_the_share_of_pictures_lost_is_the_one_asked_for() -> None:
    features, _, sources = drawn(200)
    outside = features[:60] + 6
    head, scores = fit_outside(features, sources, outside, PENALTY, 0.05, 4)
    assert (scores > 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (head(outside.reshape(-1, 5)) > 0).all()
