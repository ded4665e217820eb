"""Further features beside those that the head sees: of another network, or of another view.

Pictures as they are, without edited copies; few of each source.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tegaki.lab.training.clip.heads import folds_of
from tegaki.results.scoring_config import CropPolicy
from tools.ideas.data import PLAN, Floats, Half, Rows, Setting
from tools.ideas.fits import FOLDS, least_squares, row, turned
from tools.ideas.nsfwjs import CHANNELS, MobileNet

EACH_NSFWJS = 1
EACH_VIEW = 1
VIEWS = {
    "the centre, pixel by pixel": ("middle", PLAN.size),
    "the same of 128 pixels": ("middle", 128),
    "the centred square, shrunk": ("centre", PLAN.size),
}
"""By what they are called: the crop's name, and its side in pixels."""


def nsfwjs(setting: Setting) -> dict[str, Any]:
    """The head's features beside the mean of the last feature map of nsfwjs' MobileNetV2."""
    rows = setting.pictures.at_most(EACH_NSFWJS)
    network = MobileNet(setting.nsfwjs)
    ids = [setting.pictures.ids[row] for row in rows]
    found = setting.kept(
        "nsfwjs", ids, (CHANNELS,), lambda name: network(setting.picture(name)).numpy()
    )
    return _measured(setting, rows, {"MobileNetV2 of nsfwjs": found.astype(np.float32)})


def second_view(setting: Setting) -> dict[str, Any]:
    """The squashed picture's features beside those of its centre."""
    rows = setting.pictures.at_most(EACH_VIEW)
    ids = [setting.pictures.ids[row] for row in rows]
    others = {}
    for words, (name, size) in VIEWS.items():
        policy = CropPolicy(names=(name,), size=size)
        key = f"view-{name}" if size == PLAN.size else f"view-{name}-{size}"
        found = setting.kept(
            key, ids, (len(PLAN.columns),),
            partial(_view, setting, policy),
        )  # fmt: skip
        others[words] = found.astype(np.float32)
    return _measured(setting, rows, others)


def _view(setting: Setting, policy: CropPolicy, name: str) -> Half:
    return setting.features(setting.picture(name), policy)


def _measured(setting: Setting, rows: Rows, others: dict[str, Floats]) -> dict[str, Any]:
    pictures = setting.pictures
    labels, sources = pictures.generated[rows], pictures.sources[rows]
    fold = folds_of(sources.tolist(), labels, FOLDS)
    mine = pictures.features[rows, 0][:, PLAN.columns].astype(np.float32)
    alone = least_squares(turned(mine), labels, sources, fold)
    found = [row("the shipped features", alone, labels, sources)]
    for name, other in others.items():
        for words, features in (
            (f"{name}, alone", other),
            (f"{name}, beside them", np.concatenate([mine, other], axis=1)),
        ):
            scores = least_squares(turned(features), labels, sources, fold)
            found.append(row(words, scores, labels, sources, alone))
    return {"pictures": len(rows), "sources": len(np.unique(sources)), "rows": found}
