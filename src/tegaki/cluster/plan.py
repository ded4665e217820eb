"""The plan: what is asked, and which files are in which partition. It is made once and kept.

_plan.json                  what is asked; written last, so that a plan is whole or not there
_plan/ID/part-000000.jsonl  the files of a partition
part-000000.parquet         its rows; that it is there is the commit
_SUCCESS                    all are there

Nothing is ever written over. Of drivers that make a plan at a time, each has lists under an ID of
its own, and one of them comes to write ``_plan.json``; the others take that plan or are refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

from tegaki.cluster.items import PlanItem
from tegaki.cluster.targets import Target
from tegaki.detector import Detector
from tegaki.errors import ClusterError
from tegaki.imaging import Limits
from tegaki.model import SHIPPED
from tegaki.scoring import PictureScorer, Scorer

PARTITION_SIZE = 1000
"""About a minute's work of a core: it is lost with a worker, and a commit is little beside it."""
SUCCESS = "_SUCCESS"
_PLAN = "_plan.json"
_LISTS = "_plan"
_WORDS = {
    "model": "by another model",
    "recipe": "by another recipe",
    "reading": "with other trusted certificates or another limit on pixels, or by another version",
    "thresholds": "with other thresholds",
    "max_bytes": "with another limit on bytes",
    "max_seconds": "with another time limit",
    "all_files": "with another treatment of side-cars",
    "partition_size": "with partitions of another size",
}


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a run loads its detector by.

    Attributes:
        model: the name of a model that ships, or a bundle's absolute path.
        trust_anchors: certificates, PEM.
    """

    model: str
    max_pixels: int
    max_bytes: int
    max_seconds: float
    trust_anchors: str | None

    @classmethod
    def from_scorer(cls, scorer: PictureScorer) -> DetectorSettings:
        model, limits, _, trust_anchors = scorer.loaded_by
        shipped = model if model in SHIPPED else os.path.abspath(model)
        return cls(shipped, limits.max_pixels, limits.max_bytes, limits.max_seconds, trust_anchors)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> DetectorSettings:
        """
        Raises:
            KeyError, TypeError: these are no settings.
        """
        anchors = plain["trust_anchors"]
        texts = (plain["model"], "" if anchors is None else anchors)
        numbers = (plain["max_pixels"], plain["max_bytes"], plain["max_seconds"])
        if not (
            all(isinstance(text, str) for text in texts)
            and all(isinstance(number, int | float) and number > 0 for number in numbers)
        ):
            raise TypeError("settings of a wrong type")
        return cls(plain["model"], *numbers, anchors)

    def load(self) -> Detector:
        limits = Limits(self.max_pixels, self.max_bytes, self.max_seconds)
        return Detector.load(self.model, limits=limits, trust_anchors=self.trust_anchors)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything but the files that decides what comes out."""

    model: str
    recipe: str
    reading: str
    thresholds: dict[str, float]
    max_bytes: int
    partition_size: int
    settings: DetectorSettings
    all_files: bool = True

    @classmethod
    def from_scorer(
        cls, scorer: PictureScorer, partition_size: int, *, all_files: bool = True
    ) -> PlanRequest:
        settings = DetectorSettings.from_scorer(scorer)
        return cls(
            **_identity(scorer), partition_size=partition_size, settings=settings,
            all_files=all_files,
        )  # fmt: skip

    def detector(self) -> Detector:
        """The detector that the plan was made for.

        Raises:
            ClusterError: it would score otherwise by now.
            BundleError, MissingLibrary: it cannot be loaded.
        """
        loaded = self.settings.load()
        different = self.difference(loaded.scorer)
        if different:
            raise ClusterError(f"the plan was made {different}; make another one elsewhere")
        return loaded

    def difference(self, scorer: Scorer) -> str | None:
        """What a scorer would do otherwise, in words."""
        return _first_difference(asdict(self), _identity(scorer))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        inputs: a hash of all files, as they were listed.
        lists: the folder that they are listed in.
        folders: absolute paths of local folders that were named.
    """

    asked: PlanRequest
    files: int
    partitions: int
    inputs: str
    lists: str
    folders: tuple[str, ...] = ()


def partition_name(number: int) -> str:
    """The file that a partition's rows are in."""
    return f"part-{number:06}.parquet"


def make_plan(
    target: Target, asked: PlanRequest, items: Iterable[PlanItem], folders: Iterable[str] = ()
) -> Plan:
    """The plan at the target: made, or, where one is, found to be this one.

    Args:
        folders: absolute paths of local folders that were named.

    Raises:
        ClusterError: the target holds something else, or a plan of another scan.
        OutputError: it cannot be read or written.
    """
    before = _read(target)
    if before is None:
        if target.names() - {_LISTS}:
            raise ClusterError(f"{target.where} holds something else; name an empty place")
        plan = replace(_list(asked, items, target), folders=tuple(folders))
        if not plan.files or target.put(_PLAN, json.dumps(asdict(plan), indent=2).encode()):
            return plan
        before = _read(target)  # of another driver, which was quicker
    else:
        _refuse_other(asked, before, target)
        plan = _list(asked, items, None)
    if before is None or (plan.files, plan.inputs) != (before.files, before.inputs):
        raise ClusterError(
            f"the scan in {target.where} was begun with other files, or some have changed since; "
            "name another place"
        )
    return before


def read_plan(target: Target) -> Plan:
    """The plan at the target.

    Raises:
        ClusterError: there is none, or it is damaged.
        OutputError: it cannot be read.
    """
    plan = _read(target)
    if plan is None:
        raise ClusterError(f"{target.where} holds no plan of a scan")
    return plan


def committed(target: Target, plan: Plan) -> int:
    """How many partitions are there now."""
    there = target.names()
    return sum(partition_name(number) in there for number in range(plan.partitions))


def _refuse_other(asked: PlanRequest, before: Plan, target: Target) -> None:
    different = _difference(before.asked, asked)
    if different:
        raise ClusterError(
            f"the scan in {target.where} was begun {different}; give the same again to go on with "
            "it, or name another place"
        )


def items_of(target: Target, plan: Plan, number: int) -> list[PlanItem]:
    """The files of a partition.

    Raises:
        ClusterError: the plan is damaged.
    """
    name = _items_name(plan.lists, number)
    try:
        lines = (target.get(name) or b"").decode("ascii").splitlines()
        items = [PlanItem.from_line(line) for line in lines]
    except (ValueError, TypeError, KeyError) as problem:
        said = f"{target.where} holds a damaged {name} ({problem}); name another place"
        raise ClusterError(said) from problem
    if not items:
        raise ClusterError(f"{target.where} lacks {name}; name another place")
    return items


def _items_name(lists: str, number: int) -> str:
    return f"{lists}/part-{number:06}.jsonl"


def _read(target: Target) -> Plan | None:
    text = target.get(_PLAN)
    if text is None:
        return None
    try:
        plain = json.loads(text)
        asked = plain["asked"]
        settings = DetectorSettings.from_dict(asked["settings"])
        fields = {"asked": PlanRequest(**asked | {"settings": settings})}
        return Plan(**plain | fields | {"folders": tuple(plain["folders"])})
    except (ValueError, TypeError, KeyError) as problem:
        said = f"{target.where} holds a plan that cannot be read ({problem}); name another place"
        raise ClusterError(said) from problem


def _list(asked: PlanRequest, items: Iterable[PlanItem], target: Target | None) -> Plan:
    """Go through all files, and write them to a target."""
    digest, files, partitions = hashlib.sha256(), 0, 0
    lists = f"{_LISTS}/{uuid.uuid4().hex[:12]}"
    for some in _batches(items, asked.partition_size):
        for item in some:
            digest.update(item.identity)
        if target:
            text = "".join(item.to_line() for item in some)
            target.put(_items_name(lists, partitions), text.encode("ascii"))
        files += len(some)
        partitions += 1
    return Plan(asked, files, partitions, digest.hexdigest(), lists)


def _batches(items: Iterable[PlanItem], size: int) -> Iterator[list[PlanItem]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def _difference(one: PlanRequest, other: PlanRequest) -> str | None:
    here, there = (asdict(asked.settings) | asdict(asked) for asked in (one, other))
    return _first_difference(here, there)


def _first_difference(here: dict[str, Any], there: dict[str, Any]) -> str | None:
    both = (name for name in _WORDS if name in here and name in there)
    return next((_WORDS[name] for name in both if here[name] != there[name]), None)


def _identity(scorer: Scorer) -> dict[str, Any]:
    """What decides the results of a scorer, by the names of :class:`PlanRequest`'s fields."""
    context = scorer.context
    return {
        "model": context.model, "recipe": context.config_hash, "reading": scorer.reader_version,
        "thresholds": asdict(context.thresholds), "max_bytes": scorer.limits.max_bytes,
    }  # fmt: skip
