"""Parquet files with pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tegaki.errors import (
    ArchiveBomb,
    BrokenArchive,
    EmptyFile,
    EncryptedArchive,
    NotAPicture,
    UnreadableFile,
)
from tegaki.sources.archives import members
from tests.sources.archives.made import MAX, contents, listed

pa = pytest.importorskip("pyarrow", reason="needs tegaki[parquet]")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")


def write(path: Path, columns: Mapping[str, object], **options: object) -> Path:
    parquet.write_table(pa.table(columns), path, **options)
    return path


def test_a_column_of_bytes(tmp_path: Path) -> None:
    pictures = [b"1", None, b"", os.urandom(100_000)]
    path = write(tmp_path / "a.parquet", {"label": [1, 2, 3, 4], "picture": pictures})
    expected = {"picture/0": b"1", "picture/2": b"", "picture/3": pictures[3]}
    assert contents(path) == expected


def test_structs_as_hugging_face_has_them(tmp_path: Path) -> None:
    pictures = [
        {"bytes": b"1", "path": "a/絵.png"},
        {"bytes": b"2", "path": None},
        None,
        {"bytes": None, "path": "elsewhere.png"},
    ]
    path = write(tmp_path / "a.parquet", {"image": pictures, "embedding": [b"e"] * 4})
    assert contents(path) == {
        "image/0/a/絵.png": b"1",
        "image/1": b"2",
        "image/3/elsewhere.png": "FileNotFound",
    }


def test_several_columns_and_groups(tmp_path: Path) -> None:
    columns = {name: [b"%d" % n for n in range(5)] for name in ("x", "y.z")}
    path = write(tmp_path / "a.parquet", columns, row_group_size=2)
    assert listed(path) == [f"{name}/{n}" for n in range(5) for name in ("x", "y.z")]


def test_large_binaries_and_dictionaries(tmp_path: Path) -> None:
    values = pa.array([b"same"] * 1000, pa.large_binary())
    path = write(tmp_path / "a.parquet", {"x": values}, use_dictionary=True)
    assert contents(path) == {f"x/{n}": b"same" for n in range(1000)}


def test_a_value_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"x": [bytes(1001), bytes(1000)]})
    assert contents(path, max_bytes=1000) == {"x/0": "FileTooLarge", "x/1": bytes(1000)}


def test_one_value_that_every_row_repeats(tmp_path: Path) -> None:
    """Ten megabytes a thousand times over are a few kilobytes of Parquet."""
    large = pa.array([os.urandom(100) + bytes(10 << 20)])
    values = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), large)
    path = write(tmp_path / "a.parquet", {"x": values}, compression="zstd", store_schema=False)
    assert path.stat().st_size < 100_000
    with pytest.raises(ArchiveBomb):
        sum(member.buffered for member in members(str(path), MAX))


def test_pages_that_inflate_to_far_too_much_are_not_read(tmp_path: Path) -> None:
    values = [bytes(100 << 20)]
    path = write(tmp_path / "a.parquet", {"x": values}, use_dictionary=False, compression="zstd")
    with pytest.raises(ArchiveBomb, match="at once"):
        listed(path)


def test_a_table_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(NotAPicture, match="without a column of pictures"):
        listed(write(tmp_path / "a.parquet", {"x": [1, 2], "y": ["a", "b"]}))


def test_damage(tmp_path: Path) -> None:
    pictures = [os.urandom(5000) for _ in range(100)]
    path = write(tmp_path / "a.parquet", {"x": pictures}, row_group_size=10, compression="gzip")
    whole = path.read_bytes()
    at = whole.index(pictures[50][:20])
    path.write_bytes(whole[: at - 300] + bytes(400) + whole[at + 100 :])
    found = members(str(path), MAX)
    assert [next(found).read() for _ in range(10)] == pictures[:10]
    with pytest.raises(BrokenArchive, match="damaged"):
        list(found)
    for data in (whole[:-9], b"PAR1", b"no Parquet at all"):
        path.write_bytes(data)
        with pytest.raises(BrokenArchive, match="damaged"):
            listed(path)
    path.write_bytes(b"")
    with pytest.raises(EmptyFile):
        listed(path)
    path.write_bytes(b"PARE" + whole[4:-4] + b"PARE")
    with pytest.raises(EncryptedArchive):
        listed(path)


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.parquet", {"x": [b"1"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UnreadableFile, match=r"tegaki\[parquet\]"):
        listed(path)
