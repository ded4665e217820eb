"""The store as scans and questions meet it, in SQLite and in PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy

from tegaki import Detector, StoreError
from tegaki.model import Bundle, load_single
from tegaki.results.scoring_config import Thresholds
from tegaki.scan.incremental import scan_into
from tegaki.sources import find
from tegaki.store import Query, Store, results
from tegaki.store.connections import write_transaction
from tests.conftest import painting
from tests.store.conftest import LONG_AGO, Counting, rows, scanned


def ways(outcomes: list) -> Counter[str]:  # type: ignore[type-arg]
    return Counter(outcome.action for outcome in outcomes)


def test_rows_of_the_store_are_those_of_a_plain_scan(
    where: str, detector: Detector, tree: Path
) -> None:
    scanned(where, detector, tree)
    plain = [detector.inspect(found.path) for found in find([str(tree)], recursive=True)]
    assert rows(where) == sorted(plain, key=lambda row: os.fsencode(row.path))


def test_what_has_not_changed_is_not_read(where: str, detector: Detector, tree: Path) -> None:
    counting = Counting(detector)
    assert ways(scanned(where, counting, tree)) == {"scored": 4, "hashed": 2}
    assert counting.measured == 4  # a.png and its copy, d.png, are one content
    before = rows(where)
    # Other bytes of the same size and time: who does not read them cannot know.
    (tree / "bad.png").write_bytes(b"still no more")
    os.utime(tree / "bad.png", (LONG_AGO, LONG_AGO))
    assert ways(scanned(where, counting, tree)) == {"unchanged": 5, "hashed": 1}  # empty.png
    assert rows(where) == before
    assert ways(scanned(where, counting, tree, rehash=True)) == {"hashed": 5, "scored": 1}
    assert counting.measured == 5
    assert rows(where) != before


def test_what_is_renamed_or_copied_is_hashed_and_not_scored(
    where: str, detector: Detector, tree: Path
) -> None:
    scanned(where, detector, tree)
    (tree / "a.png").rename(tree / "b.png")
    (tree / "e.png").write_bytes((tree / "b.png").read_bytes())
    counting = Counting(detector)
    assert ways(scanned(where, counting, tree)) == {"unchanged": 4, "hashed": 3}
    assert counting.measured == 0
    assert [Path(row.path).name for row in rows(where, Query(gone=True))] == ["a.png"]
    there = {Path(row.path).name: row.probability for row in rows(where)}
    assert there["b.png"] == there["e.png"] is not None
    assert "a.png" not in there
    (tree / "b.png").rename(tree / "a.png")
    scanned(where, counting, tree)
    assert [Path(row.path).name for row in rows(where, Query(gone=True))] == ["b.png"]


def of_other_bundle(detector: Detector, **changes: object) -> Detector:
    bundle = replace(detector.bundle, **changes)  # type: ignore[arg-type]
    assert isinstance(bundle, Bundle)
    return Detector(bundle, detector.limits)


def test_a_new_recipe_scores_everything_and_thresholds_nothing(
    where: str, detector: Detector, tree: Path
) -> None:
    scanned(where, detector, tree)
    recipe = load_single("fast").config
    recipe = replace(recipe, calibration=replace(recipe.calibration, intercept=1.0))
    other = Counting(of_other_bundle(detector, config=recipe))
    assert ways(scanned(where, other, tree)) == {"scored": 4, "hashed": 2}
    assert {row.recipe for row in rows(where)} == {recipe.hash}
    old = rows(where, Query(model=detector.context.config_hash))
    assert {row.recipe for row in old} == {detector.context.config_hash}

    everything = Thresholds(0.0, 1e-9, 0.05, 0.01, 193, 174)
    moved = Counting(of_other_bundle(detector, thresholds=everything))
    assert ways(scanned(where, moved, tree)) == {"unchanged": 5, "hashed": 1}
    assert moved.measured == 0
    inside = [row for row in rows(where) if row.domain != "outside"]
    assert {row.verdict for row in inside} == {"generated", "error"}


def test_questions(where: str, detector: Detector, tree: Path) -> None:
    scanned(where, detector, tree)
    every = rows(where)

    def names(query: Query) -> list[str]:
        return [Path(row.path).name for row in rows(where, query)]

    for verdict in ("drawn", "generated", "unsure", "error"):
        expected = [Path(row.path).name for row in every if row.verdict == verdict]
        assert names(Query(verdicts=frozenset({verdict}))) == expected
    assert names(Query(error="")) == ["bad.png", "empty.png"]
    assert names(Query(error="emptyfile")) == ["empty.png"]
    assert names(Query(path="*/more/*")) == ["c.webp", "d.png"]
    assert names(Query(claim="comfyui")) == []
    ranked = sorted((row.probability, row.path) for row in every if row.probability is not None)
    by_probability = [Path(path).name for _, path in ranked]
    assert names(Query(sort="probability"))[:4] == by_probability
    assert names(Query(sort="probability", limit=2)) == by_probability[:2]
    exact = ranked[1][0]
    assert names(Query(sort="probability", at_least=exact)) == by_probability[1:]
    assert names(Query(sort="probability", at_most=exact))[-1] in by_probability[1:3]
    assert names(Query(at_least=0.0, at_most=1.0)) == ["a.png", "c.webp", "d.png", "絵.jpg"]
    assert names(Query(reverse=True)) == names(Query())[::-1]
    with Store.open(where) as store, pytest.raises(StoreError, match="no scores by nobody"):
        results(store, Query(model="nobody"))


def test_a_file_changed_a_moment_ago_is_read_again(
    where: str, detector: Detector, tree: Path
) -> None:
    """Within one tick of the clock it could be changed twice."""
    (tree / "bad.png").write_bytes(b"not a picture")
    scanned(where, detector, tree)
    (tree / "bad.png").write_bytes(b"still no more")
    now = time.time()
    os.utime(tree / "bad.png", (now, now))
    assert ways(scanned(where, detector, tree)) == {"unchanged": 4, "hashed": 1, "scored": 1}


def test_names_that_are_no_text(where: str, detector: Detector, tree: Path) -> None:
    raw = os.fsencode(tree) + b"/bad\xff\\xff.png"
    (tree / "a.png").rename(tree / "tmp")
    os.rename(tree / "tmp", raw)
    scanned(where, detector, tree)
    (found,) = rows(where, Query(path="*bad?xff*"))
    assert found.path_bytes == raw.hex()


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_a_store_does_not_depend_on_workers(
    workers: int, where: str, detector: Detector, tree: Path
) -> None:
    for number in range(30):
        painting(80 + number, 90, seed=number).save(tree / f"{number}.png")
    outcomes = scanned(where, detector, tree, workers=workers)
    assert [o.path for o in outcomes] == [f.path for f in find([str(tree)], recursive=True)]
    plain = [detector.inspect(o.path) for o in outcomes]
    exported = "\n".join(row.to_json() for row in rows(where))
    assert exported == "\n".join(
        row.to_json() for row in sorted(plain, key=lambda row: os.fsencode(row.path))
    )


def test_a_scan_that_is_left_keeps_what_it_did(where: str, detector: Detector, tree: Path) -> None:
    with Store.open(where) as store:
        scan = store.begin_scan(detector.context, detector.scorer.reader_version)
        going = scan_into(scan, detector.scorer, find([str(tree)], recursive=True), workers=1)
        first = next(going)
        going.close()
    assert [row.path for row in rows(where)] == [first.path]


def test_reads_go_on_while_a_scan_writes(where: str, detector: Detector, tree: Path) -> None:
    scanned(where, detector, tree)
    with Store.open(where) as reader, Store.open(where) as writer:
        read_transaction = results(reader, Query())
        first = next(read_transaction)
        scan = writer.begin_scan(detector.context, detector.scorer.reader_version)
        (tree / "new.png").write_bytes(b"new")
        list(scan_into(scan, detector.scorer, find([str(tree)], recursive=True), workers=2))
        assert len([first, *read_transaction]) == 6  # as it was when the question was asked
        assert len(list(results(reader, Query()))) == 7


def test_a_store_of_a_newer_version_is_refused(where: str) -> None:
    with Store.open(where) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tegaki_version SET version = 99")
    with pytest.raises(StoreError, match="newer tegaki"):
        Store.open(where)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE accounts (name TEXT)")
    other.close()
    with pytest.raises(StoreError, match="no tegaki store"):
        Store.open(str(tmp_path / "other.db"))
    (tmp_path / "a.png").write_bytes(b"\x89PNG" * 1000)
    with pytest.raises(StoreError, match="no SQLite database"):
        Store.open(str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes() == b"\x89PNG" * 1000


def test_a_locked_store_says_so(tmp_path: Path, detector: Detector, tree: Path) -> None:
    where = str(tmp_path / "s.db")
    Store.open(where).close()
    other = sqlite3.connect(where, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        Store.open(where, wait=0.1)
    other.execute("COMMIT")
    other.close()
    assert ways(scanned(where, detector, tree))["scored"] == 4


def test_a_store_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    where = str(tmp_path / "s.db")
    other = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # a write from before the file is switched to WAL
    with pytest.raises(StoreError, match="locked by another process"):
        Store.open(where, wait=0.1)
    done = threading.Timer(0.3, other.execute, ["COMMIT"])
    done.start()
    Store.open(where).close()
    done.join()
    other.close()


def made_at_once(where: str) -> list[int]:
    """How many models each of six finds in the store that all of them make."""
    together = threading.Barrier(6)

    def make(_: int) -> int:
        together.wait()
        with Store.open(where) as store:
            return len(store.contexts())

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(make, range(6)))


def test_many_make_one_store_at_once(where: str) -> None:
    assert made_at_once(where) == [0] * 6


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_many_make_one_store_whatever_the_server_isolates(database: str, level: str) -> None:
    engine = sqlalchemy.create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(
            f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'"
        )
    engine.dispose()
    assert made_at_once(database) == [0] * 6


def test_a_store_in_postgresql_that_stays_locked_says_so(database: str) -> None:
    with (
        Store.open(database) as one,
        write_transaction(one.engine),
        pytest.raises(StoreError, match="locked by another process"),
    ):
        Store.open(database, wait=0.1)
    Store.open(database).close()
    with pytest.raises(StoreError, match="does not exist"):
        Store.open(database.replace("?", " lock timeout?"))


def test_a_full_disk_loses_nothing_that_was_committed(
    tmp_path: Path, detector: Detector, tree: Path
) -> None:
    where = str(tmp_path / "s.db")
    scanned(where, detector, tree)
    before = rows(where)
    for number in range(2000):
        (tree / f"{number}").write_bytes(str(number).encode())
    with Store.open(where) as store:
        with store.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        store.engine.dispose()
        fill = f"PRAGMA max_page_count = {pages + 2}"  # each connection has its own
        sqlalchemy.event.listen(store.engine, "connect", lambda c, _: c.execute(fill))
        scan = store.begin_scan(detector.context, detector.scorer.reader_version)
        with pytest.raises(StoreError, match="disk is full"):
            list(scan_into(scan, detector.scorer, find([str(tree)], recursive=True), workers=1))
    assert [row for row in rows(where) if not Path(row.path).name.isdigit()] == before
    assert len(scanned(where, detector, tree)) == len(rows(where)) == 2006
