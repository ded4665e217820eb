"""The audit of what a network is handed: not the files, but the squares that are cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import default_workers
from tegaki.errors import PictureError
from tegaki.imaging import Limits, OpenedPicture, make_crops, normalise
from tegaki.lab.audit.dataset import (
    NO_DRAWING,
    Counts,
    Progress,
    Unreadable,
    bytes_of,
    counts_of,
    findings,
    labelled_by,
    unreadable,
)
from tegaki.lab.audit.pixels import Pixels
from tegaki.lab.audit.predictability import Finding, check_extra
from tegaki.lab.audit.properties import Features, Kind, of_crop
from tegaki.lab.corpus import Item
from tegaki.results.scoring_config import CropPolicy, DecodePolicy

TRAINING = "training"
"""The name of the column for views as training draws them, after augmentation."""


@dataclass(frozen=True, slots=True)
class CropsAudit:
    """What each view gives away: findings by view name, and last for ``training``.

    Flat ground and mean colour stand in the findings too. They describe what is drawn, so a
    network may go by them; they are shown, and count for nothing here.
    """

    counts: Counts
    policy: CropPolicy
    findings: dict[str, tuple[Finding, ...]]
    unreadable: tuple[Unreadable, ...]

    @property
    def gives_away(self) -> tuple[str, ...]:
        """Names of what gives the label away without being drawing, with the view."""
        return tuple(
            f"{finding.property.name} ({name})"
            for name, each in self.findings.items()
            for finding in each
            if finding.verdict == "gives the label away" and finding.property.kind != "content"
        )


def audit_crops(items: Sequence[Item], policy: CropPolicy, progress: Progress) -> CropsAudit:
    """Audit the views that a policy cuts, and those that training draws from them.

    Raises:
        CorpusError: too few pictures can be read.
        MissingExtra: scikit-learn is not installed.
    """
    check_extra()
    names = (*policy.names, TRAINING)

    def measure(numbered: tuple[int, Item]) -> dict[str, Features] | Unreadable:
        number, item = numbered
        try:
            opened = OpenedPicture(bytes_of(item))
            picture, _ = opened.decode(DecodePolicy(), Limits(), policy.min_side)
        except PictureError as problem:
            return unreadable(item, problem)
        return _views(picture, policy, number)

    rows: list[dict[str, Features]] = []
    readable: list[Item] = []
    failed: list[Unreadable] = []
    outcomes = ordered_map(measure, enumerate(items), default_workers())
    for number, outcome in enumerate(outcomes, start=1):
        if isinstance(outcome, Unreadable):
            failed.append(outcome)
        else:
            rows.append(outcome)
            readable.append(items[number - 1])
        progress("reading", number, len(items))
    labelled = labelled_by(readable)
    whole = ((NO_DRAWING, frozenset[Kind](("file", "trace"))),)

    def of(name: str) -> tuple[Finding, ...]:
        return findings([row[name] for row in rows], labelled, whole, progress)

    found = {name: of(name) for name in names}
    return CropsAudit(counts_of(labelled), policy, found, tuple(failed))


def _views(picture: Image.Image, policy: CropPolicy, number: int) -> dict[str, Features]:
    views = make_crops(picture, policy)
    distinct = [of_crop(_levels(view)) for view in views.unique]
    by_name = dict(zip(policy.names, (distinct[i] for i in views.inverse), strict=True))
    return by_name | {TRAINING: of_crop(_training_view(picture, policy, number))}


def _training_view(picture: Image.Image, policy: CropPolicy, number: int) -> Pixels:
    """One draw of what training makes of a picture, the same every time for its number."""
    from tegaki.lab.training.augment import training_view
    from tegaki.lab.training.recipes import AugmentPolicy

    rng = np.random.default_rng((0, number))
    return _levels(training_view(normalise(picture, policy), policy.size, AugmentPolicy(), rng))


def _levels(view: npt.NDArray[np.float32]) -> Pixels:
    """The levels 0-255 that a view was made of: ``to_tensor`` undone, exactly."""
    levels: Pixels = np.rint((view.transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)
    return levels
