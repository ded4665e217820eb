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
from tegaki.sources import SourceFile, find
from tegaki.store import Delivery, DeliveryPolicy, Outbox, OutboxScan, Store
from tests.conftest import painting
from tests.store.conftest import LONG_AGO, rows, scanned

EVERY = DeliveryPolicy(frozenset(("drawn", "generated", "unsure", "error")), ("webhook",))


def watched(
    where: str, detector: Detector, tree: Path, delivery_policy: DeliveryPolicy = EVERY
) -> list[str]:
    """The names that were news to a scan."""
    with Store.open(where) as store:
        scan = OutboxScan(
            store.begin_scan(detector.context, detector.scorer.reader_version),
            detector.context,
            delivery_policy,
        )
        list(scan_into(scan, detector.scorer, find([str(tree)], recursive=True), workers=2))
    return sorted(Path(row.path).name for row in scan.new_results)


def names(letters: list[Delivery]) -> list[str]:
    return sorted(os.fsdecode(os.path.basename(delivery.raw)) for delivery in letters)


def taken(outbox: Outbox, seconds: float = 60) -> Iterator[Delivery]:
    while delivery := outbox.take("webhook", time.time_ns() + int(seconds * 1e9)):
        yield delivery


@pytest.fixture
def outbox(where: str, detector: Detector, tree: Path) -> Iterator[Outbox]:
    """Six letters."""
    watched(where, detector, tree)
    with Store.open(where) as store:
        yield Outbox(store)


def test_a_picture_is_told_once_where_content_counts(
    where: str, detector: Detector, tree: Path
) -> None:
    """Copied, renamed and moved it is news, and nothing is owed for it."""
    delivery_policy = replace(EVERY, each="content")
    assert len(watched(where, detector, tree, delivery_policy)) == 6
    with Store.open(where) as store:
        told = names(list(taken(Outbox(store))))
    assert len(told) == 5
    assert len({"a.png", "d.png"} & set(told)) == 1  # copies of each other
    (tree / "a.png").rename(tree / "renamed.png")
    painting(90, 90, seed=9).save(tree / "new.png")
    assert watched(where, detector, tree, delivery_policy) == ["new.png", "renamed.png"]
    with Store.open(where) as store:
        assert Outbox(store).count()["owed"] == 6
        assert names(list(taken(Outbox(store)))) == ["new.png"]


def test_news_are_told_once(where: str, detector: Detector, tree: Path) -> None:
    generated = DeliveryPolicy(frozenset(("error",)), ("run", "webhook"))
    every = ["a.png", "bad.png", "c.webp", "d.png", "empty.png", "絵.jpg"]
    assert watched(where, detector, tree, generated) == every
    with Store.open(where) as store:
        outbox = Outbox(store)
        assert outbox.count() == {"owed": 4, "dead": 0}
        assert names(list(taken(outbox))) == ["bad.png", "empty.png"]
    assert watched(where, detector, tree, generated) == []
    os.utime(tree / "bad.png")  # touched, and read again
    os.rename(tree / "a.png", tree / "b.png")
    (tree / "empty.png").write_bytes(b"nothing yet")
    assert watched(where, detector, tree, generated) == ["b.png", "empty.png"]
    (tree / "empty.png").write_bytes(b"")
    os.utime(tree / "empty.png", (LONG_AGO, LONG_AGO))
    assert watched(where, detector, tree, generated) == ["empty.png"]
    with Store.open(where) as store:  # empty once more: that was told
        assert Outbox(store).count() == {"owed": 6, "dead": 0}


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
        scan = OutboxScan(
            store.begin_scan(detector.context, detector.scorer.reader_version),
            detector.context,
            EVERY,
        )
        list(
            scan_into(
                scan, detector.scorer, [SourceFile(str(tree / name)) for name in names], workers=1
            )
        )
        assert [Path(row.path).name for row in scan.new_results] == ["nowhere.png"]
    assert [row for row in rows(where) if "nowhere" not in row.path] == before


def test_a_letter_is_its_row(outbox: Outbox, where: str) -> None:
    bodies = sorted(delivery.body for delivery in taken(outbox))
    assert bodies == sorted(row.to_json() for row in rows(where))


def test_a_letter_is_in_one_hand(where: str, detector: Detector, tree: Path) -> None:
    for number in range(40):
        (tree / f"{number}").write_bytes(str(number).encode())
    watched(where, detector, tree)

    def work(_: int) -> list[Delivery]:
        with Store.open(where) as store:  # as processes of their own would
            return list(taken(Outbox(store)))

    with ThreadPoolExecutor(4) as pool:
        letters = [delivery for some in pool.map(work, range(4)) for delivery in some]
    assert len(letters) == len({delivery.id for delivery in letters}) == 46


def test_a_letter_that_nothing_is_heard_of_is_owed_again(outbox: Outbox) -> None:
    assert len(list(taken(outbox, 0.5))) == 6
    assert outbox.take("webhook", 0) is None
    assert outbox.due(["webhook"]) == 0
    time.sleep(0.6)
    assert outbox.due(["webhook"]) == 6
    again = list(taken(outbox))
    assert {delivery.attempts for delivery in again} == {0}
    outbox.give_back(again[0])
    assert [delivery.id for delivery in taken(outbox)] == [again[0].id]


def test_what_is_in_hand_is_left(outbox: Outbox) -> None:
    delivery = outbox.take("webhook", 0)
    assert delivery
    other = outbox.take("webhook", 0, [delivery.id])
    assert other
    assert other.id != delivery.id


def test_the_ways_of_a_letter(outbox: Outbox, where: str, detector: Detector, tree: Path) -> None:
    first, second, third, *_ = taken(outbox)
    outbox.done(first)
    outbox.failed(second, "no answer", time.time_ns())
    outbox.failed(third, "gone", None)
    assert outbox.count() == {"owed": 4, "dead": 1}
    (again,) = taken(outbox)
    assert (again.id, again.attempts) == (second.id, 1)
    outbox.failed(again, "no answer", None)
    dead = outbox.dead()
    assert [(delivery.id, delivery.said, delivery.attempts) for delivery in dead] == [
        (third.id, "gone", 1), (second.id, "no answer", 2),
    ]  # fmt: skip
    assert abs(dead[0].died - time.time()) < 60
    assert {os.fsdecode(delivery.raw) for delivery in dead} <= {row.path for row in rows(where)}
    assert outbox.retry_dead() == 2
    assert sorted(delivery.id for delivery in taken(outbox)) == sorted((third.id, second.id))
    outbox.done(third)
    outbox.failed(third, "too late", None)  # by another, whose time was over
    assert outbox.count() == {"owed": 4, "dead": 0}
    assert outbox.retry_dead() == 0
