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
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice

from tegaki.cluster.items import PlanItem
from tegaki.cluster.targets import Target
from tegaki.errors import ClusterError
from tegaki.scoring import Scorer

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
    "all_files": "with side-cars and not without them, or the other way round",
    "partition_size": "with partitions of another size",
}


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """Everything but the files that decides what comes out."""

    model: str
    recipe: str
    reading: str
    thresholds: dict[str, float]
    max_bytes: int
    partition_size: int
    all_files: bool = True

    @classmethod
    def from_detector(
        cls, scorer: Scorer, partition_size: int, *, all_files: bool = True
    ) -> PlanRequest:
        context = scorer.context
        return cls(
            context.model, context.config_hash, scorer.reader_version, asdict(context.thresholds),
            scorer.limits.max_bytes, partition_size, all_files,
        )  # fmt: skip

    def difference(self, scorer: Scorer) -> str | None:
        """What a scorer would do otherwise, in words."""
        now = PlanRequest.from_detector(scorer, self.partition_size, all_files=self.all_files)
        return _difference(self, now)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        inputs: a hash of all files, as they were listed.
        lists: the folder that they are listed in.
    """

    asked: PlanRequest
    files: int
    partitions: int
    inputs: str
    lists: str


def partition_name(number: int) -> str:
    """The file that a partition's rows are in."""
    return f"part-{number:06}.parquet"


def make_plan(target: Target, asked: PlanRequest, items: Iterable[PlanItem]) -> Plan:
    """The plan at the target: made, or, where one is, found to be this one.

    Raises:
        ClusterError: the target holds something else, or a plan of another scan.
        OutputError: it cannot be read or written.
    """
    before = _read(target)
    if before is None:
        if target.names() - {_LISTS}:
            raise ClusterError(f"{target.where} holds something else; name an empty place")
        plan = _list(asked, items, target)
        if not plan.files or target.put(_PLAN, json.dumps(asdict(plan), indent=2).encode()):
            return plan
        before = _read(target)  # of another driver, which was quicker
    else:
        _refuse_other(asked, before, target)
        plan = _list(asked, items, None)
    if before is None or replace(plan, lists=before.lists) != before:
        raise ClusterError(
            f"the scan in {target.where} was begun with other files, or some have changed since; "
            "name another place"
        )
    return before


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
        return Plan(**plain | {"asked": PlanRequest(**plain["asked"])})
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
    here, there = asdict(one), asdict(other)
    return next((words for name, words in _WORDS.items() if here[name] != there[name]), None)
