"""Splits that are drawn, and the splits of protocols."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tegaki.errors import CorpusError
from tegaki.lab.corpus import SPLITS, Item, load_corpus
from tegaki.lab.corpus.protocols import METHODS, Protocol, load_protocol, protocol_names
from tegaki.lab.corpus.splits import (
    assign,
    draw_splits,
    families_to_leave_out,
    paper_gan_split,
    paper_random_split,
    without_family,
)


def picture(name: str, *, generated: bool, source: str = "s", split: str = "train") -> Item:
    family = ("gan", "sdxl")[int(name[-1]) % 2] if generated else "human"
    return Item(name, Path(name), generated, source, family, "anime", split, group=name)


def corpus() -> list[Item]:
    """150 human and 100 generated pictures, half of them gan, in all splits."""
    numbered = [(k, SPLITS[k % 4]) for k in range(150)]
    human = [picture(f"h{k:03}", generated=False, split=split) for k, split in numbered]
    made = [picture(f"g{k:03}", generated=True, split=SPLITS[k // 2 % 4]) for k in range(100)]
    return [*made, *human]


def counts(items: tuple[Item, ...]) -> dict[str, tuple[int, int]]:
    """Human and generated pictures by split."""
    found = Counter((item.split, item.generated) for item in items)
    return {split: (found[split, False], found[split, True]) for split, _ in found}


# ---- drawing -----------------------------------------------------------------------------------


@given(
    sizes=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5), st.booleans()), max_size=60),
    seed=st.integers(0, 99),
)
def test_drawn_splits(sizes: list[tuple[int, int, bool]], seed: int) -> None:
    groups = [
        [
            picture(f"{k}-{n}", generated=generated, source=f"{generated}{source}")
            for n in range(size)
        ]
        for k, (size, source, generated) in enumerate(sizes)
    ]
    splits = draw_splits(groups, (0.5, 0.25, 0.25), seed)
    trained = {g[0].source for g, split in zip(groups, splits, strict=True) if split == "train"}
    assert trained == {group[0].source for group in groups}  # what is seen has been trained on
    backwards = draw_splits(groups[::-1], (0.5, 0.25, 0.25), seed)
    assert backwards[::-1] == splits
    for generated in (False, True):
        mine = [
            (len(g), s) for g, s in zip(groups, splits, strict=True) if g[0].generated == generated
        ]
        total = sum(size for size, _ in mine)
        tested = sum(size for size, split in mine if split == "test_seen")
        assert tested <= 0.25 * total + 4


@pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
def test_a_share_of_all(shares: tuple[float, ...]) -> None:
    groups = [[picture(f"{k}", generated=False, source=f"{k}")] for k in range(9)]
    assert set(draw_splits(groups, shares)) == {("train", "val", "test_seen")[shares.index(1)]}


# ---- the seed's --------------------------------------------------------------------------------


def test_the_seed_s_shares_and_stratification() -> None:
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    items = corpus()
    made = paper_random_split(items)
    assert counts(made) == {"train": (72, 48), "val": (18, 13), "test_seen": (23, 15)}
    assert {i.id for i in made} == {i.id for i in items if i.split != "test_unseen"}
    assert set(paper_random_split(items[::-1])) == set(made)
    assert set(paper_random_split(items, seed=7)) != set(made)


def test_the_seed_s_own_numbers() -> None:
    """2,850 pictures of each label gave 3,648, 912 and 1,140."""
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    items = [picture(f"{k}", generated=k % 2 == 1) for k in range(5700)]
    assert counts(paper_random_split(items)) == {
        "train": (1824, 1824),
        "val": (456, 456),
        "test_seen": (570, 570),
    }


def test_the_seed_s_task_is_balanced() -> None:
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    made = paper_gan_split(corpus())
    assert counts(made) == {"train": (24, 24), "val": (6, 6), "test_seen": (8, 8)}
    assert {item.family for item in made} == {"human", "gan"}
    assert set(paper_gan_split(corpus()[::-1])) == set(made)
    assert {i.id for i in paper_gan_split(corpus(), seed=1)} != {i.id for i in made}


def test_too_few_pictures_for_the_seed() -> None:
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    with pytest.raises(CorpusError, match="the seed's split cannot be drawn"):
        paper_random_split([picture("h0", generated=False), picture("g0", generated=True)])
    with pytest.raises(CorpusError, match="there are 0 and 113 outside test_unseen"):
        paper_gan_split([item for item in corpus() if item.family != "gan"])
    with pytest.raises(CorpusError, match="there are 38 and 0 outside test_unseen"):
        paper_gan_split([item for item in corpus() if item.generated])


# ---- families ----------------------------------------------------------------------------------


def test_a_family_is_only_tested_on() -> None:
    items = corpus()
    made = without_family(items, "gan")
    family = {i.id for i in items if i.family == "gan" and i.split != "test_unseen"}
    tested = {i.id for i in made if i.split == "test_seen" and i.generated}
    assert tested == family
    assert not {i.id for i in made if i.split in ("train", "val")} & family
    of_humans = {i.id for i in made if i.split == "test_seen" and not i.generated}
    assert of_humans == {i.id for i in items if i.split == "test_seen" and not i.generated}
    assert counts(made).keys() == {"train", "val", "test_seen"}


def test_its_near_duplicates_are_not_trained_on() -> None:
    near = Item("x1", Path(), True, "s", "sdxl", "anime", "train", group="g000")
    assert "x1" not in {item.id for item in without_family([*corpus(), near], "gan")}


@pytest.mark.parametrize("family", ["human", "google"])
def test_a_family_that_is_not_there(family: str) -> None:
    with pytest.raises(
        CorpusError, match=r"no generated picture of family .*; there are gan, sdxl"
    ):
        without_family(corpus(), family)


def test_the_families_of_the_shared_corpus(shared: Path) -> None:
    assert families_to_leave_out(load_corpus(shared / "corpus").items) == (
        "flux", "gan", "midjourney", "openai", "other-diffusion", "sd15", "sdxl"
    )  # fmt: skip


# ---- protocols ---------------------------------------------------------------------------------


def test_every_protocol_that_ships() -> None:
    assert protocol_names() == (
        "leave-one-family-out", "robust", "seed-gan", "seed-random", "seen", "unseen", "web"
    )  # fmt: skip
    protocols = [load_protocol(name) for name in protocol_names()]
    assert [protocol.name for protocol in protocols] == list(protocol_names())
    assert {protocol.method for protocol in protocols} == set(METHODS)
    assert all(protocol.why.endswith(".") for protocol in protocols)


@pytest.mark.parametrize("name", ["seen", "unseen", "robust"])
def test_protocols_that_take_the_splits_as_made(name: str) -> None:
    made = assign(corpus(), load_protocol(name))
    assert set(made) == set(corpus())
    assert [(i.split, i.label, i.id) for i in made] == sorted(
        (i.split, i.label, i.id) for i in made
    )


def test_assign_goes_by_the_method() -> None:
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    assert set(assign(corpus(), load_protocol("seed-random"))) == set(paper_random_split(corpus()))
    assert set(assign(corpus(), load_protocol("seed-gan"))) == set(paper_gan_split(corpus()))
    folds = load_protocol("leave-one-family-out")
    assert set(assign(corpus(), folds, "sdxl")) == set(without_family(corpus(), "sdxl"))


def test_a_family_is_named_where_it_is_needed_and_nowhere_else() -> None:
    with pytest.raises(CorpusError, match="a split for each family; leave out one of gan, sdxl"):
        assign(corpus(), load_protocol("leave-one-family-out"))
    with pytest.raises(CorpusError, match="protocol seen leaves no family out"):
        assign(corpus(), load_protocol("seen"), "gan")


PLAIN = {"name": "mine", "why": "Because.", "split": {"method": "as-made"}, "tests": ["val"]}


def test_a_protocol_of_one_s_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(PLAIN | {"conditions": ["blur"]}))
    mine = Protocol("mine", "Because.", "as-made", ("val",), None, ("blur",))
    assert load_protocol(path) == load_protocol(str(path)) == mine


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": ["val"]}, "unknown: test"),
        ({"name": 5}, "name and why are texts"),
        ({"split": {"method": "guess"}}, "split is"),
        ({"split": {"method": "as-made", "seed": 1}}, "split is"),
        ({"split": "as-made"}, "split is"),
        ({"tests": []}, "tests are some of train, val"),
        ({"tests": "val"}, "tests are some of train, val"),
        ({"tests": ["exam"]}, "tests are some of train, val"),
        ({"folds": "sources"}, "folds are"),
        ({"folds": "families"}, "folds are"),
        ({"split": {"method": "without-family"}}, "folds are"),
        ({"conditions": "blur"}, "conditions are a list"),
        ({"conditions": [1]}, "conditions are a list"),
    ],
)
def test_what_is_no_protocol(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(PLAIN | change))
    with pytest.raises(CorpusError, match=message):
        load_protocol(path)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 5000, "\udcff"])
def test_a_file_without_a_protocol(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CorpusError, match=r"mine\.json"):
        load_protocol(path)
