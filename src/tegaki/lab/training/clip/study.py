"""What leave-sources-out says of the careful model and of what was tried beside it.

Every figure is of pictures whose sources the head had not seen, all training pictures taken
together, sources weighing alike; no test split is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tegaki.lab.corpus.looks import LOOKS, load_looks
from tegaki.lab.metrics.metrics import Scores
from tegaki.lab.training.clip.careful import CarefulPlan, features_of
from tegaki.lab.training.clip.features import Described, FeatureStore
from tegaki.lab.training.clip.heads import (
    CrossFit,
    Features,
    Head,
    Sums,
    auc_by_source,
    by_source,
    centre,
    folds_of,
    solve,
    sums_of,
)
from tegaki.lab.training.clip.ideas import IDEAS, components_of, leave_sources_out
from tegaki.results.scoring_config import Thresholds

_FOLDS = 3
_SIZES = (50, 100, 200, 300)
Mask = npt.NDArray[np.bool_]


def study(
    plan: CarefulPlan,
    store: FeatureStore,
    changes: dict[str, dict[str, Any]],
    progress: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """AUC of the plan with each of these changes, without each family, and by number of sources."""
    index = store.index()
    labels = np.array([one.generated for one in index])
    sources = [one.source for one in index]
    choices: list[dict[str, Any]] = []
    fits: CrossFit | None = None
    pools: tuple[tuple[str, int], ...] = ()
    for number, (name, change) in enumerate(changes.items()):
        progress("choices", number, len(changes))
        tried = replace(plan, **change)
        if fits is None or tried.pools != pools:
            fits, pools = None, tried.pools  # two at a time would take gigabytes
            fits = CrossFit(features_of(store, tried), labels, sources, tried.folds)
        scores = fits.scores(tried.penalty)
        choices.append({"name": name, "auc": aucs(scores, labels, sources)})
    del fits
    features = features_of(store, plan)
    components = components_of(features, labels, sources, plan.penalty)
    heads: list[dict[str, Any]] = []
    for number, (name, fit) in enumerate(IDEAS.items()):
        progress("heads", number, len(IDEAS))
        scores = leave_sources_out(components, plan.folds, fit)
        heads.append({"name": name, "auc": aucs(scores, labels, sources)})
    del components
    return {
        "pictures": len(index),
        "sources": len(set(sources)),
        "choices": choices,
        "heads": heads,
        "families": _families(plan, features, index, progress),
        "curve": _curve(plan, features, index, progress),
        "attribution": _attribution(plan, features, index),
    }


def looks_of(
    scores: Scores, thresholds: Thresholds, index: list[Described]
) -> list[dict[str, Any]]:
    """What verdicts human-drawn pictures of each look would have met with, and all of them.

    Args:
        scores: calibrated out-of-source logits, float64 ``(n, copies)``; those of the pictures as
            they are count.
    """
    looks, human = load_looks(), [n for n, one in enumerate(index) if not one.generated]
    chances = 1 / (1 + np.exp(-scores[:, 0]))
    found = []
    for look in (*LOOKS, "all"):
        mine = [n for n in human if look in ("all", looks.get(index[n].id))]
        if not mine:
            continue
        generated = float((chances[mine] >= thresholds.generated_from).mean())
        drawn = float((chances[mine] <= thresholds.drawn_up_to).mean())
        found.append({
            "look": look, "pictures": len(mine), "sources": len({index[n].source for n in mine}),
            "generated": round(generated, 4), "drawn": round(drawn, 4),
        })  # fmt: skip
    return found


def aucs(scores: Scores, labels: Mask, sources: list[str]) -> list[float]:
    """Of every copy, float64 ``(n, copies)``: the picture as it is, then edited."""
    columns = range(scores.shape[1])
    return [round(auc_by_source(scores[:, c], labels, sources), 4) for c in columns]


def _families(
    plan: CarefulPlan,
    features: Features,
    index: list[Described],
    progress: Callable[[str, int, int], None],
) -> list[dict[str, Any]]:
    """Each family of generators against human pictures, by heads that saw neither the family nor
    the human pictures' sources."""
    made = np.array([one.family if one.generated else "" for one in index])
    fold = folds_of([one.source for one in index], made != "", _FOLDS)
    names = sorted(set(made) - {""})
    found = []
    for number, family in enumerate(names):
        progress("families", number, len(names))
        mine = made == family
        if not ((made != "") & ~mine).any():
            continue  # nothing generated is left to learn from
        tested = mine | (made == "")
        scores = np.zeros(len(index))
        for part in range(_FOLDS):
            head = _head(plan, features[:, :1], index, (fold != part) & ~mine)
            now = (fold == part) & tested
            scores[now] = head(features[now, 0])
        sources = [one.source for one, wanted in zip(index, tested, strict=True) if wanted]
        area = auc_by_source(scores[tested], mine[tested], sources)
        found.append({"family": family, "pictures": int(mine.sum()), "auc": round(area, 4)})
    return found


def _attribution(plan: CarefulPlan, features: Features, index: list[Described]) -> dict[str, float]:
    """How often the highest of one head a family, fitted without the source, names the family."""
    made = np.flatnonzero([one.generated for one in index])
    family = np.array([index[n].family for n in made])
    sources = [index[n].source for n in made]
    fold = folds_of(sources, np.ones(len(made), bool), _FOLDS)
    names = sorted(set(family))
    scores = np.zeros((len(made), len(names)))
    for part in range(_FOLDS):
        rest = np.flatnonzero(fold != part)
        rows = features[made[rest], :1]
        weights = by_source([sources[n] for n in rest], np.ones(len(rest), bool))
        every = sums_of(rows, weights, True, centre(rows))
        for number, name in enumerate(names):
            mine = family[rest] == name
            own = sums_of(rows[mine], weights[mine], True, every.offset)
            sums = Sums(every.second, 2 * own.first - every.first, every.offset)
            head = solve(sums, plan.penalty)
            scores[fold == part, number] = head(features[made[fold == part], 0])
    right = scores.argmax(axis=1) == np.array([names.index(name) for name in family])
    shares = [float(right[family == name].mean()) for name in names]
    return {"right": round(float(np.mean(shares)), 4), "chance": round(1 / len(names), 4)}


def _curve(
    plan: CarefulPlan,
    features: Features,
    index: list[Described],
    progress: Callable[[str, int, int], None],
) -> list[dict[str, Any]]:
    """AUC by the number of sources that heads were fitted on."""
    sources = np.array([one.source for one in index])
    labels = np.array([one.generated for one in index])
    fold = folds_of(list(sources), labels, _FOLDS)
    drawn = np.random.default_rng(0).permutation(np.unique(sources))
    found = []
    for number, size in enumerate((*_SIZES, len(drawn))):
        progress("curve", number, len(_SIZES) + 1)
        share = min(1.0, size / len(drawn) * _FOLDS / (_FOLDS - 1))
        scores, used = np.zeros(features.shape[:2]), 0
        for part in range(_FOLDS):
            rest = drawn[~np.isin(drawn, sources[fold == part])]
            chosen = rest[: round(share * len(rest))]
            used += len(chosen)
            head = _head(plan, features, index, np.isin(sources, chosen))
            now = fold == part
            rows = features[now]
            scores[now] = head(rows.reshape(-1, rows.shape[2])).reshape(rows.shape[:2])
        found.append({"sources": used // _FOLDS, "auc": aucs(scores, labels, list(sources))})
    return found


def _head(plan: CarefulPlan, features: Features, index: list[Described], which: Mask) -> Head:
    """The head fitted on these pictures."""
    chosen = np.flatnonzero(which)
    labels = np.array([index[n].generated for n in chosen])
    weights = by_source([index[n].source for n in chosen], labels)
    offset = centre(features[chosen])
    parts = [
        sums_of(features[chosen[labels == label]], weights[labels == label], label, offset)
        for label in (False, True)
    ]
    return solve(parts[0] + parts[1], plan.penalty)
