"""What a cluster comes to is what one machine comes to."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet
import pytest
import sqlalchemy

from tegaki import Detector
from tegaki.cluster import open_target
from tegaki.scan import scan
from tegaki.sinks import open_sink
from tegaki.sources import find
from tegaki.store import Store
from tests.cli.test_cli import tegaki
from tests.cluster.conftest import LONG_AGO, make_run, rows_at


def test_rows_are_those_of_a_local_scan(
    address: str, detector: Detector, tree: Path, tmp_path: Path
) -> None:
    target = open_target(str(tmp_path / "out"))
    run = make_run(detector, target, [str(tree), str(tree / "missing.png")], size=3)
    done = list(run.partitions())
    local = list(
        scan(detector.scorer, find([str(tree), str(tree / "missing.png")], recursive=True))
    )
    assert rows_at(tmp_path / "out", detector) == local
    assert (tmp_path / "out" / "_SUCCESS").read_bytes() == b""
    assert sum(one.files for one in done) == run.plan.files == 12
    assert sum(one.summary.rows for one in done) == len(local) == 14

    # And as a table, column by column.
    with_sink = open_sink(tmp_path / "local.parquet")
    for row in local:
        with_sink.write(row)
    with_sink.close()
    here = pyarrow.parquet.read_table(tmp_path / "local.parquet")
    there = pyarrow.parquet.read_table(tmp_path / "out")
    assert there.select(here.column_names).to_pylist() == here.to_pylist()

    # All are there: nothing is scored, Ray is not asked.
    again = list(make_run(detector, target, [str(tree), str(tree / "missing.png")], 3).partitions())
    assert all(one.before for one in again)
    assert [one.summary for one in again] == [
        one.summary for one in sorted(done, key=lambda one: one.number)
    ]


def test_a_store_comes_to_hold_what_a_local_scan_puts_there(
    address: str, detector: Detector, tree: Path, tmp_path: Path
) -> None:
    kept = {}
    for name in ("local", "cluster"):
        gone = tree / "gone.png"
        gone.write_bytes((tree / "1.png").read_bytes())
        os.utime(gone, (LONG_AGO, LONG_AGO))
        where = str(tmp_path / f"{name}.db")
        before = tegaki("scan", tree, "--recursive", "--store", where, "-q")
        assert before.returncode == 1
        gone.unlink()
        if name == "cluster":
            out = tmp_path / "out"
            make_plan = tegaki("cluster", "plan", tree, "--recursive", "--out", out)
            assert make_plan.returncode == 0, make_plan.stderr
            done = tegaki("cluster", "run", out, "--address", address)
            imported = tegaki("cluster", "import", out, where)
            assert imported.returncode == 0, imported.stderr
            assert "1 are no longer there" in imported.stderr
        else:
            done = tegaki("scan", tree, "--recursive", "--store", where)
        assert done.returncode == 1, done.stderr  # some files could not be judged
        assert "12 files in" in done.stderr
        # Here the archive is known from before, and not opened.
        assert ("  passed over: 1 .txt; --all-files" in done.stderr) == (name == "cluster")
        kept[name] = dump(where)
    assert kept["cluster"] == kept["local"]
    assert len(kept["local"]["files"]) == 14  # with the archive that is whole, and what is gone

    # What the cluster measured is not read again here.
    fresh = str(tmp_path / "fresh.db")
    done = tegaki("cluster", "run", tmp_path / "out")
    assert done.returncode == 1
    assert "1 of 1 partitions were there before" in done.stderr
    assert tegaki("cluster", "import", tmp_path / "out", fresh).returncode == 0
    again = tegaki("scan", tree, "-r", "--store", fresh)
    assert "9 unchanged and not read, 3 read" in again.stderr
    assert "measured" not in again.stderr


def dump(where: str) -> dict[str, list[dict[str, object]]]:
    """Everything in a store."""
    with Store.open(where) as store, store.engine.connect() as connection:
        tables = sqlalchemy.MetaData()
        tables.reflect(connection)
        return {
            name: sorted(
                (dict(row) for row in connection.execute(table.select()).mappings()), key=repr
            )
            for name, table in tables.tables.items()
        }


@pytest.mark.parametrize("relative", [True, False])
def test_paths_are_shown_as_they_were_given(
    address: str, detector: Detector, tree: Path, tmp_path: Path, relative: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tree)
    given = "more" if relative else str(tree / "more")
    list(make_run(detector, open_target(str(tmp_path / "out")), [given], 5).partitions())
    table = pyarrow.parquet.read_table(tmp_path / "out")
    assert table["path"].to_pylist() == [f"{given}/copy.png"]
    assert table["error_type"].to_pylist() == [None]
