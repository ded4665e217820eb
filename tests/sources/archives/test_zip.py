"""Zip archives, honest ones and others."""

from __future__ import annotations

import os
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from tegaki.errors import ArchiveBomb, BrokenArchive, EmptyFile, EncryptedArchive
from tegaki.sources.archives import members
from tests.sources.archives.made import (
    MAX,
    RawEntry,
    contents,
    deflated_zeros,
    listed,
    make_zip,
    raw_zip,
)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_those_that_were_put_in(tmp_path: Path, method: int) -> None:
    files = {"b.png": os.urandom(100_000), "in/a.png": b"a" * 100_000, "絵.png": b"", "x": b"1"}
    assert contents(make_zip(tmp_path / "a.zip", files, method)) == files
    assert listed(tmp_path / "a.zip") == list(files)


def test_folders_hidden_names_and_litter_are_left_out(tmp_path: Path) -> None:
    files = {"./a.png": b"a", "../b.png": b"b", "/c.png": b"c", "d/Thumbs": b"d"}
    rest = {".e.png": b"", "f/.g/h.png": b"", "__MACOSX/a.png": b"", "i/Thumbs.db": b""}
    path = make_zip(tmp_path / "a.zip", files | rest)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("folder/", b"")
    assert contents(path) == files


def test_names_are_bytes(tmp_path: Path) -> None:
    names = [b"\xff.png", b"\x82\xa0.png", b"a\0b.png", b"x" * 2000, b""]
    raw_zip(tmp_path / "a.zip", [RawEntry(n, b"1", 1, zlib.crc32(b"1"), 0) for n in names])
    found = [member.name for member in members(str(tmp_path / "a.zip"), MAX)]
    assert found[:3] == [b"\xff.png", b"\x82\xa0.png", b"a"]
    assert found[3].startswith(b"x" * 900)
    assert len(found[3]) < 1000
    assert found[4] == b""


def test_bytes_before_the_archive(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.zip", {"a": b"1", "b": b"2"})
    (tmp_path / "b.zip").write_bytes(b"#!/bin/sh\n" * 99 + (tmp_path / "a.zip").read_bytes())
    assert contents(tmp_path / "b.zip") == {"a": b"1", "b": b"2"}


def test_a_comment_with_the_mark_of_an_end(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"1"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"see PK\5\6"
    assert contents(path) == {"a": b"1"}


def test_more_members_than_the_first_format_counts(tmp_path: Path) -> None:
    """Zip64, by the number of members."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(66_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    assert sum(1 for _ in members(str(tmp_path / "a.zip"), MAX)) == 66_000


def test_large_numbers_stand_in_the_extra_field(tmp_path: Path, monkeypatch: object) -> None:
    """Zip64, by size: what Python writes where it takes every archive for a large one."""
    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    files = {"a": b"1" * 100, "b": b"2" * 100}
    make_zip(tmp_path / "a.zip", files, zipfile.ZIP_STORED)
    assert contents(tmp_path / "a.zip") == files


# ---- bounds ------------------------------------------------------------------------------------


def test_no_more_is_inflated_than_a_member_claims(tmp_path: Path) -> None:
    """It claims 10 bytes and holds a gibibyte."""
    file_stat = RawEntry(b"bomb.png", deflated_zeros(1024), 10)
    good = RawEntry(b"good.png", b"1", 1, zlib.crc32(b"1"), 0)
    path = raw_zip(tmp_path / "a.zip", [file_stat, good])
    began = time.process_time()
    assert contents(path) == {"bomb.png": "BrokenArchive", "good.png": b"1"}
    assert time.process_time() - began < 0.5  # to inflate it takes seconds


def test_a_member_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"large": bytes(1001), "small": bytes(1000)})
    assert contents(path, max_bytes=1000) == {"large": "FileTooLarge", "small": bytes(1000)}


def test_overlapping_members_end_the_archive(tmp_path: Path) -> None:
    """The classic bomb: every line of the directory names the same data."""
    zeros = deflated_zeros(10)
    entries = [RawEntry(b"0", zeros, 10 << 20)]
    entries += [RawEntry(b"%d" % n, zeros, 10 << 20, at=0) for n in range(1, 90)]
    found = members(str(raw_zip(tmp_path / "a.zip", entries)), MAX)
    assert next(found).name == b"0"
    with pytest.raises(ArchiveBomb, match="overlap"):
        list(found)


def test_an_archive_that_inflates_to_far_too_much(tmp_path: Path) -> None:
    zeros = deflated_zeros(100)
    entries = [RawEntry(b"%d" % n, zeros, 100 << 20) for n in range(60)]
    path = raw_zip(tmp_path / "a.zip", entries)
    assert path.stat().st_size < 10_000_000
    found = members(str(path), MAX)
    with pytest.raises(ArchiveBomb, match="no archive of pictures"):
        assert 10 < sum(1 for _ in found) < 30  # no member was read for this


# ---- what cannot be read -----------------------------------------------------------------------


def test_an_encrypted_archive_is_one_error(tmp_path: Path) -> None:
    secret = [RawEntry(b"a.png", os.urandom(99), 87, flags=1), RawEntry(b"b.png", b"", 0, flags=1)]
    with pytest.raises(EncryptedArchive, match="password"):
        listed(raw_zip(tmp_path / "a.zip", secret))
    plain = RawEntry(b"c.png", b"1", 1, zlib.crc32(b"1"), 0)
    path = raw_zip(tmp_path / "b.zip", [secret[0], plain])
    assert contents(path) == {"a.png": "EncryptedArchive", "c.png": b"1"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_named(tmp_path: Path, method: int) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"1" * 100}, method)
    (member,) = members(str(path), MAX)
    with pytest.raises(BrokenArchive, match=r"bzip2|LZMA"):
        member.read()


def test_damage_in_one_member_is_its_own(tmp_path: Path) -> None:
    files = {"a": b"1" * 1000, "b": os.urandom(1000), "c": b"3" * 1000}
    path = make_zip(tmp_path / "a.zip", files)
    data = path.read_bytes()
    at = data.index(files["b"][:50])
    path.write_bytes(data[:at] + b"!" + data[at + 1 :])
    assert contents(path) == files | {"b": "BrokenArchive"}


def test_damage_in_the_directory_keeps_what_came_before(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"1", "b": b"2", "c": b"3"})
    data = path.read_bytes()
    at = data.rindex(b"PK\1\2")
    path.write_bytes(data[:at] + b"!!" + data[at + 2 :])
    found = members(str(path), MAX)
    assert [next(found).read(), next(found).read()] == [b"1", b"2"]
    with pytest.raises(BrokenArchive, match="directory"):
        next(found)


def test_what_is_no_zip(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.zip", {"a": b"1" * 100})
    whole = (tmp_path / "a.zip").read_bytes()
    for cut in (whole[:-1], whole[:-30], b"PK", b"\0" * 100):
        (tmp_path / "b.zip").write_bytes(cut)
        with pytest.raises(BrokenArchive):
            listed(tmp_path / "b.zip")
    (tmp_path / "b.zip").write_bytes(b"")
    with pytest.raises(EmptyFile):
        listed(tmp_path / "b.zip")


def test_an_archive_that_is_changed_between_listing_and_reading(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a": b"1" * 100})
    (member,) = members(str(path), MAX)
    make_zip(tmp_path / "a.zip", {"a": b"2" * 100})
    os.utime(path, (1, 1))
    with pytest.raises(Exception, match="changed while it was scanned"):
        member.read()
