"""Pictures of both labels that stand on white, put on other grounds.

Do heads find them there, and does it help to have seen some on other grounds in training?
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from tegaki.lab.metrics.metrics import Labels, Scores
from tegaki.lab.training.clip.heads import by_source, folds_of
from tegaki.lab.training.grounds import other_ground, white_ground
from tools.ideas.data import PLAN, Floats, Half, Rows, Setting
from tools.ideas.fits import BOTH, FOLDS, Axes, Names, Parts, named, row

EACH = 2
"""Pictures of a source on white, at most; the others on white are left out."""
FALSE = 0.01
"""Of the human pictures, out of source, that the threshold lets pass for generated."""


def on_white(setting: Setting) -> Labels:
    """Which pictures of the store stand on white."""

    def look(name: str) -> Half:
        ground = white_ground(setting.picture(name))
        return np.array([0 if ground is None else ground.mean()], np.float16)

    shares = setting.kept("white", setting.pictures.ids, (1,), look)
    found: Labels = shares[:, 0] > 0
    return found


def on_others(setting: Setting, rows: Rows) -> Half:
    """Features of these pictures on other grounds, else as they are: float16 ``(n, features)``.

    The grounds are drawn anew: the edited copies in training had others.
    """

    def look(name: str) -> Half:
        seed = hashlib.sha256(f"{name} ground".encode()).digest()
        rng = np.random.default_rng(np.frombuffer(seed, np.uint32))
        return setting.features(other_ground(setting.picture(name), rng))

    ids = [setting.pictures.ids[row] for row in rows]
    return setting.kept("swapped", ids, (len(PLAN.columns),), look)


def without_grounds(setting: Setting, rows: Rows) -> Half:
    """Features of edited copies of these pictures whose ground stays white: float16 ``(n, copies -
    1, features)``."""
    edits = replace(setting.edits, ground=0.0)

    def look(name: str) -> Half:
        return setting.copies(name, setting.items[name].read(), edits, first=1)

    ids = [setting.pictures.ids[row] for row in rows]
    return setting.kept("unswapped", ids, (PLAN.copies - 1, len(PLAN.columns)), look)


def threshold(scores: Scores, labels: Labels, sources: Names) -> float:
    """What a share ``FALSE`` of the human pictures exceeds, float64 ``(n,)``, sources alike."""
    some = scores[~labels]
    weights = by_source(sources[~labels].tolist(), labels[~labels])
    order = np.argsort(-some)
    above = np.cumsum(weights[order]) / weights.sum()
    return float(some[order][np.searchsorted(above, FALSE)])


def measure(setting: Setting, axes: Axes, values: Floats) -> dict[str, Any]:
    """The rows of the table; values of all pictures of the store, ``(n, copies, components)``."""
    pictures = setting.pictures
    white = on_white(setting)
    chosen = pictures.at_most(EACH, white)
    used = np.sort(np.concatenate([np.flatnonzero(~white), chosen]))
    place = np.searchsorted(used, chosen)
    labels, sources = pictures.generated[used], pictures.sources[used]
    fold = folds_of(sources.tolist(), labels, FOLDS)
    swapped = values[used, :1].copy()
    swapped[place] = axes(on_others(setting, chosen)[:, None])
    plain = values[used].copy()
    plain[place, 1:] = axes(without_grounds(setting, chosen))
    kinds = {
        "other grounds in half of the edited copies": values[used],
        "edited copies on white": plain,
        "no edited copies": values[used, :1],
    }
    found: list[dict[str, Any]] = []
    first: dict[str, Scores] = {}
    for name, seen in kinds.items():
        parts = Parts(seen, named(labels), labels, sources, fold)
        both = {
            "as they are": parts.scores(BOTH, values[used, :1], PLAN.penalty),
            "on other grounds": parts.scores(BOTH, swapped, PLAN.penalty),
        }
        limit = threshold(both["as they are"][:, 0], labels, sources)
        for words, scores in both.items():
            mine = scores[place]
            first.setdefault(words, mine)
            of = labels[place], sources[place]
            beside = None if first[words] is mine else first[words]
            above = mine[:, 0] > limit
            found.append({
                **row(f"{name}; pictures {words}", mine, *of, beside),
                "found": round(float(above[of[0]].mean()), 4),
                "accused": round(float(above[~of[0]].mean()), 4),
            })  # fmt: skip
    return {
        "pictures": len(used), "sources": len(np.unique(sources)),
        "on_white": {"human": int((~labels[place]).sum()), "generated": int(labels[place].sum())},
        "rows": found,
    }  # fmt: skip
