"""Near-duplicates are found whatever was done to them, and settled without leaks."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tegaki.lab.corpus import Item, duplicates
from tegaki.lab.corpus.dedupe import ExcludedItem, deduplicate
from tegaki.lab.corpus.duplicates import THRESHOLD, group_of_each, near_duplicates, thumbnail
from tegaki.lab.corpus.entries import CorpusEntry
from tests.lab.scenes import scene


def recompressed(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def captioned(picture: Image.Image) -> Image.Image:
    drawn = picture.copy()
    ImageDraw.Draw(drawn).text((20, 20), "small words", fill="white")
    return drawn


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(scene(1).resize((200, 150)), id="half the size"),
        pytest.param(scene(1).resize((640, 480), Image.Resampling.NEAREST), id="larger"),
        pytest.param(recompressed(scene(1), 20), id="JPEG 20"),
        pytest.param(scene(1).crop((5, 5, 395, 295)), id="five pixels off each side"),
        pytest.param(captioned(scene(1)), id="small text"),
        pytest.param(scene(1).convert("L"), id="grey"),
    ],
)
def test_a_changed_picture_is_the_same_picture(changed: Image.Image) -> None:
    assert thumbnail(scene(1)) @ thumbnail(changed) >= THRESHOLD


def test_other_pictures_are_others() -> None:
    thumbnails = np.stack([thumbnail(scene(seed)) for seed in range(40)])
    assert near_duplicates(thumbnails) == []
    assert near_duplicates(thumbnails[[0, 1, 0, 2, 1]]) == [(0, 2), (1, 4)]


def test_a_flat_picture_resembles_nothing() -> None:
    flat = thumbnail(Image.new("RGB", (64, 64), "white"))
    assert near_duplicates(np.stack([flat, flat])) == []


@given(seed=st.integers(0, 500), block=st.integers(3, 50))
def test_links_make_the_groups_that_all_pairs_make(seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(40, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    pairs = [tuple(sorted(p)) for p in np.argwhere(points @ points.T >= THRESHOLD) if p[0] != p[1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BLOCK", block)
        links = near_duplicates(points)
    assert group_of_each(40, links) == group_of_each(40, [(int(a), int(b)) for a, b in pairs])
    assert len(links) < 40
    assert links == sorted(links)


def test_progress_counts_pictures() -> None:
    told: list[int] = []
    near_duplicates(np.zeros((3000, 1024), np.float32), progress=told.append)
    assert told == [2048, 3000]


# ---- settling ----------------------------------------------------------------------------------

LOOKS = {name: thumbnail(scene(seed)) for seed, name in enumerate("abcdefgh")}


def entry(
    id: str,
    look: str,
    split: str = "",
    *,
    generated: bool = False,
    sha: str = "",
    group: str = "",
    corpus: int | None = None,
) -> tuple[CorpusEntry, str]:
    item = Item(
        id, Path(id), generated, "s", "f", "anime", split, sha256=sha or f"of {id}", group=group
    )
    return CorpusEntry(f"name {id}", item, corpus), look


def settled(
    *given: tuple[CorpusEntry, str],
) -> tuple[dict[str, tuple[str, str]], list[ExcludedItem]]:
    """What stays, id to (split, group), and what does not."""
    entries = [one for one, _ in given]
    stays, left = deduplicate(entries, np.stack([LOOKS[look] for _, look in given]))
    assert len(stays) + len(left) == len(given)
    return {one.item.id: (one.item.split, one.item.group) for one in stays}, left


def test_a_group_in_one_split_stays_whole() -> None:
    stays, left = settled(entry("2", "a", "val"), entry("1", "a", "val"), entry("3", "b"))
    assert stays == {"2": ("val", "1"), "1": ("val", "1"), "3": ("", "3")}
    assert left == []


@pytest.mark.parametrize(
    ("splits", "stay"),
    [
        (("train", "test_unseen", "test_seen", "val"), "2"),
        (("train", "val", "test_seen", "test_seen"), "34"),
        (("val", "train", "train", ""), "1"),
    ],
)
def test_of_a_cut_group_the_most_protected_split_stays(splits: tuple[str, ...], stay: str) -> None:
    stays, left = settled(*(entry(str(i), "a", split) for i, split in enumerate(splits, 1)))
    assert set(stays) == set(stay)
    assert {one.reason for one in left} == {"near-duplicate of a protected picture"}
    assert f"name {stay[0]} stands in {splits[int(stay[0]) - 1]}" == left[0].detail


def test_a_picture_without_a_split_follows_its_group_into_train() -> None:
    stays, left = settled(entry("1", "a"), entry("2", "a", "train"))
    assert stays == {"1": ("train", "1"), "2": ("train", "1")}
    assert left == []


def test_both_labels_in_one_group_leave_it_out_whole() -> None:
    stays, left = settled(
        entry("1", "a", "test_unseen"),
        entry("2", "a", "train", generated=True),
        entry("3", "a"),
        entry("4", "b", "train", generated=True),
    )
    assert set(stays) == {"4"}
    assert [one.name for one in left] == ["name 1", "name 2", "name 3"]
    assert {(one.reason, one.detail) for one in left} == {
        ("conflicting labels", "name 1 is human, name 2 is generated")
    }


def test_of_exact_duplicates_the_most_protected_stays() -> None:
    stays, left = settled(
        entry("1", "a", "train", sha="x"), entry("2", "a", "val", sha="x"), entry("3", "b", sha="y")
    )
    assert set(stays) == {"2", "3"}
    assert left == [ExcludedItem("name 1", "exact duplicate", "of name 2")]


def test_one_original_is_one_picture_however_it_was_cropped() -> None:
    stays, left = settled(entry("1", "a", "train", sha="x"), entry("2", "b", "train", sha="x"))
    assert set(stays) == {"1"}
    assert left == [ExcludedItem("name 2", "exact duplicate", "of name 1")]


def test_a_manifest_s_groups_count_and_keep_their_names() -> None:
    stays, left = settled(
        entry("1", "a", "train", group="7", corpus=0),
        entry("2", "b", "train", group="7", corpus=0),
        entry("3", "c", "test_seen", group="8", corpus=0),
        entry("4", "d", "train", group="8", corpus=0),
    )
    assert stays == {"1": ("train", "7"), "2": ("train", "7"), "3": ("test_seen", "8")}
    assert [one.name for one in left] == ["name 4"]


def test_group_names_of_two_manifests_do_not_mix() -> None:
    stays, _ = settled(
        entry("1", "a", "train", group="7", corpus=0),
        entry("2", "b", "train", group="7", corpus=1),
        entry("3", "c", "train", group="9", corpus=0),
        entry("4", "c", "train", group="5", corpus=1),
        entry("5", "d", "train", group="6", corpus=1),
    )
    assert {id: group for id, (_, group) in stays.items()} == {
        "1": "1",
        "2": "2",
        "3": "3",
        "4": "3",
        "5": "6",
    }
