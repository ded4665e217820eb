"""Stores of earlier versions, brought up to date: SQLite and PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy

from tegaki.store import Outbox, Query, Store, results

OLD = sorted(Path(__file__).parent.glob("version*.sql"))
"""A store that each earlier version wrote: dumped from SQLite."""
EXPECTED = {
    "version1": {"drawn": 1, "generated": 1, "error": 2},
    "version2": {"unsure": 3, "generated": 1, "error": 2},
}


def in_postgres(script: str) -> str:
    """A dump of SQLite as PostgreSQL takes it."""
    script = script.replace("BLOB", "BYTEA").replace("DOUBLE", "DOUBLE PRECISION")
    script = script.replace("id INTEGER NOT NULL", "id SERIAL NOT NULL")
    script = re.sub(r"X'([0-9A-F]+)'", r"'\\x\1'", script)
    return re.sub(r'(INSERT INTO "files".*),0\);', r"\1,false);", script)


def restore(script: str, where: str) -> None:
    if "://" in where:
        url = where.replace("postgresql:", "postgresql+psycopg:")
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in in_postgres(script).split(";\n"):
                connection.exec_driver_sql(statement.replace("%", "%%"))
        engine.dispose()
    else:
        old = sqlite3.connect(where)
        old.executescript(script)
        old.close()


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_a_store_of_an_earlier_version_is_brought_up_to_date(where: str, old: Path) -> None:
    restore(old.read_text(encoding="utf-8"), where)
    for _ in range(2):
        with Store.open(where) as store:
            verdicts = Counter(row.verdict for row in results(store, Query()))
            assert verdicts == EXPECTED[old.stem]
            outbox = Outbox(store)
            assert outbox.count() == {"owed": 0, "dead": 0}
            assert outbox.take("webhook", 0) is None
            with store.engine.connect() as connection:
                version = connection.exec_driver_sql("SELECT version FROM tegaki_version")
                assert version.scalar_one() == 3
            # Claims that were kept as facts are found by the tables of version 3.
            found = [row.path for row in results(store, Query(claim="automatic1111"))]
            assert [Path(path).name for path in found] == ["said.png"]
            assert list(results(store, Query(claim="midjourney"))) == []
    if "://" not in where:  # the same tables as a new store has
        fresh = str(Path(where).with_name("fresh.db"))
        Store.open(fresh).close()
        asked = "SELECT name, sql FROM sqlite_master ORDER BY name"
        tables = [sqlite3.connect(name).execute(asked).fetchall() for name in (where, fresh)]
        assert tables[0] == tables[1]


def test_facts_that_cannot_be_read_do_not_stop_a_migration(where: str) -> None:
    script = OLD[-1].read_text(encoding="utf-8")
    assert script.count('"claims":[{') > 1
    damaged = script.replace('"claims":[{', '"claims":[{"tool":7},[{', 1)
    restore(damaged, where)
    with Store.open(where) as store, store.engine.connect() as connection:
        links = connection.exec_driver_sql("SELECT count(*) FROM score_claims").scalar_one()
        assert links == script.count('"claims":[{') - 1
