"""Packed files: the same bytes each time, read like plain ones, and refused where damaged."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from tegaki.errors import CorpusError
from tegaki.utils import packed
from tegaki.utils.packed import (
    beside,
    children,
    open_folder,
    open_zip,
    read_bytes,
    read_text,
    read_zip,
    unpack,
    write_gzip,
    write_zip,
)

FILES = {"b/log.jsonl": b"{}\n" * 500, "a/report.json": "源".encode(), "empty": b""}


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", FILES)
    write_zip(tmp_path / "b.zip", dict(reversed(FILES.items())))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    for name in "ab":
        write_gzip(tmp_path / f"{name}.csv.gz", b"1,2\n" * 100)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_what_holds_the_same_content_is_left_as_it_is(tmp_path: Path) -> None:
    """However another version of zlib compressed it."""
    archive, table = tmp_path / "a.zip", tmp_path / "a.csv.gz"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as made:
        for name, data in FILES.items():
            made.writestr(name, data)
    table.write_bytes(gzip.compress(b"1,2\n", compresslevel=1, mtime=5))
    before = archive.read_bytes(), table.read_bytes()
    write_zip(archive, FILES)
    write_gzip(table, b"1,2\n")
    assert (archive.read_bytes(), table.read_bytes()) == before
    write_zip(archive, FILES | {"c": b"more"})
    write_gzip(table, b"1,3\n")
    assert read_zip(archive)["c"] == b"more"
    assert read_bytes(table) == b"1,3\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv.gz", "a.zip"]


def test_an_archive_is_read_like_its_folder(tmp_path: Path) -> None:
    write_zip(tmp_path / "runs.zip", FILES)
    packed_root = open_folder(tmp_path / "runs")
    unpack(tmp_path / "runs.zip", tmp_path / "runs")
    plain_root = open_folder(tmp_path / "runs")
    assert isinstance(packed_root, zipfile.Path)
    assert plain_root == tmp_path / "runs"
    for root in (packed_root, plain_root):
        assert [path.name for path in children(root)] == ["a", "b", "empty"]
        assert [path.name for path in children(root / "a")] == ["report.json"]
        assert children(root / "empty") == children(root / "none") == []
        assert read_text(root / "a" / "report.json") == "源"
        assert read_bytes(beside(root / "empty", "b/log.jsonl")) == FILES["b/log.jsonl"]
        assert read_text(beside(root / "a" / "none", "report.json")) == "源"


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"1,2\n"])
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    for call in (lambda: open_zip(path), lambda: unpack(path, tmp_path / "a")):
        with pytest.raises(CorpusError, match=r"a\.zip is damaged: File is not a zip file"):
            call()


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    archive, table = tmp_path / "a.zip", tmp_path / "a.csv.gz"
    write_zip(archive, {"a": os.urandom(1000)})
    data = bytearray(archive.read_bytes())
    data[300] ^= 1
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match=r"a\.zip/a is damaged"):
        read_bytes(open_zip(archive) / "a")
    with pytest.raises(CorpusError, match="the archive has no such file"):
        read_bytes(open_zip(archive) / "b")
    with pytest.raises(CorpusError, match="No such file"):
        read_bytes(table)
    whole = gzip.compress(os.urandom(1000))
    for damaged in (b"1,2\n", whole[:-9], whole[:30] + b"\0" * 9 + whole[39:]):
        table.write_bytes(damaged)
        with pytest.raises(CorpusError, match=r"a\.csv\.gz is damaged"):
            read_bytes(table)


def test_a_file_that_inflates_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "LARGEST", 1 << 20)
    write_zip(tmp_path / "a.zip", {"a": bytes((1 << 20) + 1)})
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes((1 << 20) + 1)))
    for path in (open_zip(tmp_path / "a.zip") / "a", tmp_path / "a.gz"):
        with pytest.raises(CorpusError, match="holds more than 1 MiB"):
            read_bytes(path)
