"""Which pictures of many may stand in one set: duplicates, labels and splits that contradict.

Pictures that are one picture form a group: near-duplicates by their thumbnails, the same original,
or one group of a manifest. A group never crosses splits, and never holds both labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tegaki.lab.corpus.duplicates import Thumbnails, group_of_each, near_duplicates
from tegaki.lab.corpus.entries import CorpusEntry
from tegaki.lab.corpus.manifest import SPLITS

EXACT = "exact duplicate"
NEAR = "near-duplicate of a protected picture"
CONFLICT = "conflicting labels"


@dataclass(frozen=True, slots=True)
class ExcludedItem:
    """A picture that is left out. ``reason`` is one of few; ``detail`` concerns this picture."""

    name: str
    reason: str
    detail: str


def deduplicate(
    entries: Sequence[CorpusEntry],
    thumbnails: Thumbnails,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[list[CorpusEntry], list[ExcludedItem]]:
    """The entries that stay, with their groups, and the others.

    Of a group that its given splits cut, the pictures of the most protected split stay
    (test_unseen, test_seen, val, train). A picture without a split takes ``train`` from its group,
    else keeps none.

    Args:
        entries: with ids and hashes; the first of exact duplicates in one split stays.
        thumbnails: float32 ``(n, 1024)``, as :mod:`duplicates` makes them, one each.
    """
    kept: list[list[CorpusEntry]] = []
    left: list[ExcludedItem] = []
    for group in _groups(entries, thumbnails, progress):
        stays, goes = _deduplicate_group(group)
        kept.append(stays)
        left += goes
    return list(_named(kept)), left


def _groups(
    entries: Sequence[CorpusEntry], thumbnails: Thumbnails, progress: Callable[[int], None]
) -> list[list[CorpusEntry]]:
    pairs = near_duplicates(thumbnails, progress=progress)
    pairs += _links(entry.item.sha256 for entry in entries)
    pairs += _links(_given_group(entry) for entry in entries)
    groups: dict[int, list[CorpusEntry]] = {}
    for entry, number in zip(entries, group_of_each(len(entries), pairs), strict=True):
        groups.setdefault(number, []).append(entry)
    return list(groups.values())


def _links(keys: Iterable[object]) -> list[tuple[int, int]]:
    """Each index with the first index of the same key; ``None`` is no key."""
    first: dict[object, int] = {}
    pairs = ((first.setdefault(key, i), i) for i, key in enumerate(keys) if key is not None)
    return [(a, b) for a, b in pairs if a != b]


def _given_group(entry: CorpusEntry) -> tuple[int | None, str] | None:
    return (entry.corpus, entry.item.group) if entry.item.group else None


def _deduplicate_group(group: list[CorpusEntry]) -> tuple[list[CorpusEntry], list[ExcludedItem]]:
    of_label = {entry.item.generated: entry for entry in reversed(group)}
    if len(of_label) == 2:
        detail = f"{of_label[False].name} is human, {of_label[True].name} is generated"
        return [], [ExcludedItem(entry.name, CONFLICT, detail) for entry in group]
    ranked = sorted(group, key=_protection, reverse=True)
    top = _protection(ranked[0])
    first: dict[str, CorpusEntry] = {}
    stays: list[CorpusEntry] = []
    left: list[ExcludedItem] = []
    for entry in ranked:
        same = first.setdefault(entry.item.sha256, entry)
        if same is not entry:
            left.append(ExcludedItem(entry.name, EXACT, f"of {same.name}"))
        elif _protection(entry) < top and SPLITS[top] != "train":
            left.append(ExcludedItem(entry.name, NEAR, f"{ranked[0].name} stands in {SPLITS[top]}"))
        else:
            stays.append(replace(entry, item=replace(entry.item, split=ranked[0].item.split)))
    return stays, left


def _protection(entry: CorpusEntry) -> int:
    """Higher is more protected; -1: no split is given."""
    return SPLITS.index(entry.item.split) if entry.item.split else -1


def _named(groups: list[list[CorpusEntry]]) -> Iterator[CorpusEntry]:
    """Entries with their group's name: a manifest's, where it can be kept, else the least id."""
    given = [_kept_name(group) for group in groups]
    claims = Counter(given)
    for group, name in zip(groups, given, strict=True):
        if not name or claims[name] > 1:
            name = min((entry.item.id for entry in group), default="")
        for entry in group:
            yield replace(entry, item=replace(entry.item, group=name))


def _kept_name(group: list[CorpusEntry]) -> str:
    names = {(entry.corpus, entry.item.group) for entry in group}
    return names.pop()[1] if len(names) == 1 else ""
