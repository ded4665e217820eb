from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from tegaki import Detector, MissingExtra, OutputError, Result
from tegaki.sinks import open_sink
from tegaki.sinks.columns import COLUMNS, flatten
from tegaki.sinks.parquet import ParquetSink
from tests.conftest import painting


@pytest.fixture
def rows(detector: Detector, tmp_path: Path) -> list[Result]:
    painting().save(tmp_path / '"quoted", 絵\n.png')
    paths = [tmp_path / '"quoted", 絵\n.png', tmp_path / "missing.png"]
    return list(detector.inspect_many(paths))


def write(path: Path, rows: list[Result]) -> Path:
    sink = open_sink(path)
    for row in rows:
        sink.write(row)
    sink.close()
    return path


def test_json_lines(rows: list[Result], tmp_path: Path) -> None:
    lines = write(tmp_path / "o.jsonl", rows).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [row.to_dict() for row in rows]


def test_csv(rows: list[Result], tmp_path: Path) -> None:
    with write(tmp_path / "o.CSV", rows).open(encoding="utf-8", newline="") as stream:
        read = list(csv.DictReader(stream))
    assert list(read[0]) == list(COLUMNS)
    assert read[0]["path"] == rows[0].path
    assert float(read[0]["probability"]) == rows[0].probability
    assert json.loads(read[0]["views"])[0]["name"] == rows[0].views[0].name
    assert read[0]["error_type"] == ""
    assert read[1]["error_type"] == "FileNotFound"
    assert read[1]["probability"] == ""


def test_parquet(rows: list[Result], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    table = parquet.read_table(write(tmp_path / "o.parquet", rows))
    assert table.to_pylist() == [flatten(row) for row in rows]
    assert str(table.schema.field("probability").type) == "double"
    assert str(table.schema.field("width").type) == "int64"


def test_parquet_in_several_groups(
    rows: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    monkeypatch.setattr(ParquetSink, "GROUP", 3)
    path = write(tmp_path / "o.parquet", rows * 4)
    assert parquet.ParquetFile(path).num_row_groups == 3
    assert parquet.read_table(path).num_rows == 8


def test_parquet_interrupted_between_writing_and_forgetting(
    rows: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    monkeypatch.setattr(ParquetSink, "GROUP", 2)
    sink = ParquetSink(tmp_path / "o.parquet")
    write_table = sink._writer.write_table

    def interrupted(table: object) -> None:
        write_table(table)
        raise KeyboardInterrupt

    monkeypatch.setattr(sink._writer, "write_table", interrupted)
    sink.write(rows[0])
    with pytest.raises(KeyboardInterrupt):
        sink.write(rows[1])
    monkeypatch.undo()
    sink.close()
    assert parquet.read_table(tmp_path / "o.parquet").num_rows == 2


def test_every_output_has_every_field(rows: list[Result]) -> None:
    for row in rows:
        expected = (set(row.to_dict()) - {"error"}) | {
            "error_type", "error_message", "claim_tool", "claim_kind", "claim_strength",
        }  # fmt: skip
        assert set(flatten(row)) == set(COLUMNS) == expected


def test_unknown_ending(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the ending must be one of \.jsonl, \.csv, \.parquet"):
        open_sink(tmp_path / "o.xlsx")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
        open_sink(tmp_path / "no" / "o.csv")


def test_parquet_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"^writing Parquet needs the extra tegaki\[parquet\]$"):
        open_sink(tmp_path / "o.parquet")
    assert not (tmp_path / "o.parquet").exists()
