"""What a store owes to others: each once, by one at a time, in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki import Detector
from tegaki.scan.incremental import scan_into
from tegaki.sources import Found, find
from tegaki.store import Deliveries, Letter, NewsScan, Store, Telling
from tests.conftest import painting
from tests.store.conftest import LONG_AGO, rows, scanned

EVERY = Telling(frozenset(("drawn", "generated", "unsure", "error")), ("webhook",))


def watched(where: str, detector: Detector, tree: Path, telling: Telling = EVERY) -> list[str]:
    """The names that were news to a scan."""
    with Store.open(where) as store:
        scan = NewsScan(store.begin(detector.basis, detector.reading), detector.basis, telling)
        list(scan_into(scan, detector, find([str(tree)], recursive=True), workers=2))
    return sorted(Path(row.path).name for row in scan.news)


def names(letters: list[Letter]) -> list[str]:
    return sorted(os.fsdecode(os.path.basename(letter.raw)) for letter in letters)


def taken(owed: Deliveries, seconds: float = 60) -> Iterator[Letter]:
    while letter := owed.take("webhook", time.time_ns() + int(seconds * 1e9)):
        yield letter


@pytest.fixture
def owed(where: str, detector: Detector, tree: Path) -> Iterator[Deliveries]:
    """Six letters."""
    watched(where, detector, tree)
    with Store.open(where) as store:
        yield Deliveries(store)


def test_a_picture_is_told_once_where_content_counts(
    where: str, detector: Detector, tree: Path
) -> None:
    """Copied, renamed and moved it is news, and nothing is owed for it."""
    telling = replace(EVERY, each="content")
    assert len(watched(where, detector, tree, telling)) == 6
    with Store.open(where) as store:
        told = names(list(taken(Deliveries(store))))
    assert len(told) == 5
    assert len({"a.png", "d.png"} & set(told)) == 1  # copies of each other
    (tree / "a.png").rename(tree / "renamed.png")
    painting(90, 90, seed=9).save(tree / "new.png")
    assert watched(where, detector, tree, telling) == ["new.png", "renamed.png"]
    with Store.open(where) as store:
        assert Deliveries(store).count()["owed"] == 6
        assert names(list(taken(Deliveries(store)))) == ["new.png"]


def test_news_are_told_once(where: str, detector: Detector, tree: Path) -> None:
    generated = Telling(frozenset(("error",)), ("run", "webhook"))
    every = ["a.png", "bad.png", "c.webp", "d.png", "empty.png", "絵.jpg"]
    assert watched(where, detector, tree, generated) == every
    with Store.open(where) as store:
        owed = Deliveries(store)
        assert owed.count() == {"owed": 4, "dead": 0}
        assert names(list(taken(owed))) == ["bad.png", "empty.png"]
    assert watched(where, detector, tree, generated) == []
    os.utime(tree / "bad.png")  # touched, and read again
    os.rename(tree / "a.png", tree / "b.png")
    (tree / "empty.png").write_bytes(b"nothing yet")
    assert watched(where, detector, tree, generated) == ["b.png", "empty.png"]
    (tree / "empty.png").write_bytes(b"")
    os.utime(tree / "empty.png", (LONG_AGO, LONG_AGO))
    assert watched(where, detector, tree, generated) == ["empty.png"]
    with Store.open(where) as store:  # empty once more: that was told
        assert Deliveries(store).count() == {"owed": 6, "dead": 0}


def test_what_a_scan_knew_is_no_news(where: str, detector: Detector, tree: Path) -> None:
    scanned(where, detector, tree)
    painting(90, 90, seed=7).save(tree / "new.png")
    assert watched(where, detector, tree) == ["new.png"]


def test_what_vanished_before_it_was_read_is_no_news(
    where: str, detector: Detector, tree: Path
) -> None:
    watched(where, detector, tree)
    before = rows(where)
    (tree / "a.png").unlink()
    (tree / "nowhere.png").symlink_to("nothing")
    names = ("a.png", "never.png", "nowhere.png")
    with Store.open(where) as store:
        scan = NewsScan(store.begin(detector.basis, detector.reading), detector.basis, EVERY)
        list(scan_into(scan, detector, [Found(str(tree / name)) for name in names], workers=1))
        assert [Path(row.path).name for row in scan.news] == ["nowhere.png"]
    assert [row for row in rows(where) if "nowhere" not in row.path] == before


def test_a_letter_is_its_row(owed: Deliveries, where: str) -> None:
    bodies = sorted(letter.body for letter in taken(owed))
    assert bodies == sorted(row.to_json() for row in rows(where))


def test_a_letter_is_in_one_hand(where: str, detector: Detector, tree: Path) -> None:
    for number in range(40):
        (tree / f"{number}").write_bytes(str(number).encode())
    watched(where, detector, tree)

    def work(_: int) -> list[Letter]:
        with Store.open(where) as store:  # as processes of their own would
            return list(taken(Deliveries(store)))

    with ThreadPoolExecutor(4) as pool:
        letters = [letter for some in pool.map(work, range(4)) for letter in some]
    assert len(letters) == len({letter.id for letter in letters}) == 46


def test_a_letter_that_nothing_is_heard_of_is_owed_again(owed: Deliveries) -> None:
    assert len(list(taken(owed, 0.5))) == 6
    assert owed.take("webhook", 0) is None
    assert owed.due(["webhook"]) == 0
    time.sleep(0.6)
    assert owed.due(["webhook"]) == 6
    again = list(taken(owed))
    assert {letter.attempts for letter in again} == {0}
    owed.give_back(again[0])
    assert [letter.id for letter in taken(owed)] == [again[0].id]


def test_what_is_in_hand_is_left(owed: Deliveries) -> None:
    letter = owed.take("webhook", 0)
    assert letter
    other = owed.take("webhook", 0, [letter.id])
    assert other
    assert other.id != letter.id


def test_the_ways_of_a_letter(owed: Deliveries, where: str, detector: Detector, tree: Path) -> None:
    first, second, third, *_ = taken(owed)
    owed.done(first)
    owed.failed(second, "no answer", time.time_ns())
    owed.failed(third, "gone", None)
    assert owed.count() == {"owed": 4, "dead": 1}
    (again,) = taken(owed)
    assert (again.id, again.attempts) == (second.id, 1)
    owed.failed(again, "no answer", None)
    dead = owed.dead()
    assert [(letter.id, letter.said, letter.attempts) for letter in dead] == [
        (third.id, "gone", 1), (second.id, "no answer", 2),
    ]  # fmt: skip
    assert abs(dead[0].died - time.time()) < 60
    assert {os.fsdecode(letter.raw) for letter in dead} <= {row.path for row in rows(where)}
    assert owed.retry_dead() == 2
    assert sorted(letter.id for letter in taken(owed)) == sorted((third.id, second.id))
    owed.done(third)
    owed.failed(third, "too late", None)  # by another, whose time was over
    assert owed.count() == {"owed": 4, "dead": 0}
    assert owed.retry_dead() == 0
