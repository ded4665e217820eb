"""Tar archives, plain and packed, honest ones and others."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import time
import zlib
from pathlib import Path

import pytest

from tegaki.errors import ArchiveBomb, BrokenArchive, EmptyFile
from tegaki.sources.archives import members
from tests.sources.archives.made import MAX, contents, gzipped_zeros, listed, make_tar

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
PACKED = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
FILES = {"b.png": os.urandom(70_000), "./in/a.png": b"a" * 1024, "絵.png": b"", "../x": b"1"}


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("form", FORMATS)
def test_members_are_those_that_were_put_in(tmp_path: Path, suffix: str, form: str) -> None:
    files = FILES | {"d/" * 60 + "long.png": b"2"}
    path = make_tar(tmp_path / f"a{suffix}", files, PACKED[suffix], format=FORMATS[form])
    assert contents(path) == files
    assert listed(path) == list(files)


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_very_long_names(tmp_path: Path, form: str) -> None:
    path = make_tar(tmp_path / "a.tar", {"d/" * 400 + "x": b"2"}, format=FORMATS[form])
    assert contents(path) == {"d/" * 400 + "x": b"2"}


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tgz", FILES, "w")
    make_tar(tmp_path / "a.tar", FILES, "w:xz")
    assert contents(tmp_path / "a.tgz") == contents(tmp_path / "a.tar") == FILES


def test_names_are_bytes(tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tar", {"\udcff.png": b"1"}, format=tarfile.GNU_FORMAT)
    (member,) = members(str(tmp_path / "a.tar"), MAX)
    assert member.name == b"\xff.png"


def test_packed_in_several_streams(tmp_path: Path) -> None:
    """As pigz, pbzip2 and pixz write, and cat makes of several files; xz's may be padded."""
    data = make_tar(tmp_path / "a.tar", FILES).read_bytes()
    halves = data[:5000], data[5000:]
    (tmp_path / "a.tar.gz").write_bytes(b"".join(map(gzip.compress, halves)))
    (tmp_path / "a.tar.bz2").write_bytes(b"".join(map(bz2.compress, halves)))
    (tmp_path / "a.tar.xz").write_bytes((b"\0" * 8).join(map(lzma.compress, halves)) + b"\0" * 4)
    for suffix in (".tar.gz", ".tar.bz2", ".tar.xz"):
        assert contents(tmp_path / f"a{suffix}") == FILES


def test_links_and_devices_are_rows_and_nothing_is_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
        for number, kind in enumerate(kinds):
            info = tarfile.TarInfo(f"{number}.png")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        folder = tarfile.TarInfo("folder.png")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert contents(tmp_path / "a.tar") == {f"{n}.png": "NotARegularFile" for n in range(4)}


def test_headers_for_all_files_and_attributes_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "for all"}
    ) as archive:
        info = tarfile.TarInfo("é" * 60)
        info.size, info.pax_headers = 1, {"SCHILY.xattr.user.x": "y" * 5000, "mtime": "1.5"}
        archive.addfile(info, io.BytesIO(b"1"))
        info = tarfile.TarInfo("b")
        archive.addfile(info)
    assert contents(tmp_path / "a.tar") == {"é" * 60: b"1", "b": b""}


def test_files_with_holes_are_named(tmp_path: Path) -> None:
    for how, more in (("S", b"\0"), ("0", b"22 GNU.sparse.major=1\n")):
        block = header(b"holes.png", 512, how.encode())
        lead = pax(more) if how == "0" else b""
        path = tmp_path / f"{how}.tar"
        path.write_bytes(lead + block + bytes(512) + header(b"x", 0) + bytes(1024))
        assert contents(path) == {"holes.png": "BrokenArchive", "x": b""}


def header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[156:157] = kind
    block[148:156] = b"%06o\0 " % (sum(block) + 8 * 32)
    return bytes(block)


def pax(records: bytes) -> bytes:
    return header(b"pax", len(records), b"x") + records + bytes(-len(records) % 512)


# ---- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_member_over_the_limit_is_refused(tmp_path: Path, suffix: str) -> None:
    files = {"large": bytes(1001), "small": bytes(1000)}
    path = make_tar(tmp_path / f"a{suffix}", files, PACKED[suffix])
    assert contents(path, max_bytes=1000) == {"large": "FileTooLarge", "small": bytes(1000)}


def test_a_deep_archive_of_zeros_ends(tmp_path: Path) -> None:
    """Seven megabytes that say they are a terabyte, and would inflate to seven gibibytes."""
    lead = make_tar(tmp_path / "lead.tar", {"a.png": b"1"}).read_bytes()[:1024]
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(lead + header(b"z", 1 << 40)) + gzipped_zeros(7 << 10))
    found = members(str(path), MAX)
    assert next(found).read() == b"1"
    assert next(found).name == b"z"  # too large: its row comes before what is behind it
    with pytest.raises(ArchiveBomb, match="no archive of pictures"):
        next(found)


def test_headers_are_not_read_without_a_bound(tmp_path: Path) -> None:
    for kind in (b"x", b"L"):
        path = tmp_path / "a.tar.gz"
        path.write_bytes(gzip.compress(header(b"x", 1 << 40, kind)) + gzipped_zeros(100))
        with pytest.raises(BrokenArchive, match="a header of"):
            listed(path)


def test_a_long_chain_of_headers_is_no_recursion(tmp_path: Path) -> None:
    chain = pax(b"10 path=a\n") * 5000
    (tmp_path / "a.tar").write_bytes(chain + header(b"b", 0) + bytes(1024))
    assert contents(tmp_path / "a.tar") == {"a": b""}


def test_many_small_records_take_linear_time(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pax(b"5 a=\n" * 200_000) + header(b"b", 0) + bytes(1024))
    began = time.process_time()
    assert contents(tmp_path / "a.tar") == {"b": b""}
    assert time.process_time() - began < 5  # a second at most; tens of them, were it quadratic


def test_xz_may_not_ask_for_gigabytes_of_memory(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar.xz", FILES, "w:xz")
    data = bytearray(path.read_bytes())
    end = 12 + (data[12] + 1) * 4  # of the first block's header (xz's format, section 3.1)
    at = data.index(b"\x21\x01", 12) + 2
    data[at] = 40  # a dictionary of 4 GiB
    data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(BrokenArchive, match="Memory"):
        listed(path)


# ---- what cannot be read -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", PACKED)
def test_an_archive_that_ends_too_early_keeps_what_came_before(tmp_path: Path, suffix: str) -> None:
    files = {"a": os.urandom(5000), "b": os.urandom(5000), "c": os.urandom(2_000_000)}
    path = make_tar(tmp_path / f"a{suffix}", files, PACKED[suffix])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = members(str(path), MAX)
    if suffix != ".tar.bz2":  # whose blocks are large: the first of them is whole here
        assert [next(found).read(), next(found).read()] == [files["a"], files["b"]]
    with pytest.raises(BrokenArchive):
        list(found)


def test_damage_of_a_header_keeps_what_came_before(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"a": b"1", "b": b"2"})
    data = bytearray(path.read_bytes())
    data[1024 + 7] ^= 1
    path.write_bytes(data)
    found = members(str(path), MAX)
    assert next(found).read() == b"1"
    with pytest.raises(BrokenArchive, match="damaged"):
        next(found)


@pytest.mark.parametrize(
    "data",
    [
        b"no tar" * 1000,
        b"\x1f\x8bno gzip",
        b"BZhno bzip2",
        b"\xfd7zXZ\0no xz",
        header(b"a", 5)[:-1],
        pax(b"99 path=a\n") + header(b"a", 0),
        pax(b"x path=a\n") + header(b"a", 0),
        pax(b"11 size=-1\n") + header(b"a", 0),
        header(b"a", 100, b"x"),
        header(b"a", 8**11),
    ],
    ids=["text", "gzip", "bzip2", "xz", "short", "length", "number", "size", "pax", "data"],
)
def test_what_is_no_tar(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(BrokenArchive):
        list(members(str(tmp_path / "a.tar"), 1 << 50))


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(EmptyFile):
        listed(tmp_path / "a.tar")
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b""))
    assert listed(tmp_path / "a.tar.gz") == []
