"""S3 as source and as target, by a real server of its protocol."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tegaki import Detector, Limits
from tegaki.cluster import list_items, open_target
from tegaki.cluster.inputs import _pages
from tegaki.errors import ClusterError, EmptyFile, FileTooLarge
from tegaki.sources import is_url
from tegaki.sources.remote import fetch
from tegaki.sources.remote import s3 as s3_files
from tests.cli.test_cli import tegaki
from tests.cluster.conftest import make_run, rows_at
from tests.sources.archives.made import png

OBJECTS = {
    "pictures/b.png": png(1),
    "pictures/a/1.png": png(2),
    "pictures/a/絵 +%20?.png": png(3),
    "pictures/a.png": png(4),
    "pictures/": b"",  # what consoles make folders of
    "pictures/.hidden.png": png(5),
    "pictures/empty.png": b"",
    "pictures/no.txt": b"no picture",
    "pictures/some.zip": b"PK",
    "pictures/what?.zip": b"PK",
    "pictures/a//b/./1.png": png(7),  # folders without a name
    "pictures/a//1.png": png(8),
    "pictures2/other.png": png(6),
}
FLAT = ["a.png", "b.png", "empty.png", "no.txt", "some.zip", "what?.zip"]
DEEP = ["a.png", "a//1.png", "a/1.png", "a/絵 +%20?.png", *FLAT[1:]]


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="here")
    for key, data in OBJECTS.items():
        s3.put_object(Bucket="here", Key=key, Body=data)
    return "s3://here"


def test_folders_are_listed_in_order(bucket: str) -> None:
    deep = [item.place for item in list_items([f"{bucket}/pictures/"], recursive=True)]
    assert deep == [f"{bucket}/pictures/{name}" for name in DEEP]
    flat = [item.place for item in list_items([f"{bucket}/pictures/"], recursive=False)]
    assert flat == [f"{bucket}/pictures/{name}" for name in FLAT]
    whole = [item.place for item in list_items([bucket], recursive=True)]
    assert whole == [*deep, f"{bucket}/pictures2/other.png"]


def test_every_object_comes_once(bucket: str) -> None:
    def places(*names: str, recursive: bool = True) -> list[str]:
        urls = [f"{bucket}/{name}" for name in names]
        return [
            item.place.removeprefix(f"{bucket}/") for item in list_items(urls, recursive=recursive)
        ]

    whole = [f"pictures/{name}" for name in DEEP]
    b, rest = "pictures/b.png", [name for name in whole if name != "pictures/b.png"]
    assert places("pictures/", b, "pictures/", b) == [b, *rest]
    inner = [name for name in whole if name.startswith("pictures/a/")]
    assert places("pictures/", "pictures/a/") == whole
    assert places("pictures/a/", "pictures/") == inner + [n for n in whole if n not in inner]
    # What its folder leaves out is named all the same.
    assert places("pictures/", "pictures/a//b/./")[-1] == "pictures/a//b/./1.png"
    assert places("pictures/", "pictures/a/", recursive=False)[-2:] == inner[1:]


def test_listings_come_page_by_page(bucket: str) -> None:
    few = {"Bucket": "here", "Prefix": "pictures/", "MaxKeys": 5}
    pages = list(_pages(s3_files(), bucket, few))
    assert [len(page["Contents"]) for page in pages] == [5, 5, 2]
    keys = [file_stat["Key"] for page in pages for file_stat in page["Contents"]]
    assert keys == sorted((key for key in OBJECTS if key.startswith("pictures/")), key=str.encode)


def test_from_s3_to_s3(address: str, s3: Any, bucket: str, detector: Detector) -> None:
    s3.create_bucket(Bucket="there")
    out = "s3://there/some/results"
    make_plan = tegaki(
        "cluster", "plan", f"{bucket}/pictures/", f"{bucket}/missing.png", "s3://nowhere/",
        f"{bucket}/no/", "--recursive", "--all-files", "--out", out, "--partition-size", "4",
        "--max-bytes", "100000", "--model", "fast",
    )  # fmt: skip
    assert make_plan.returncode == 0, make_plan.stderr
    done = tegaki("cluster", "run", out, "--address", address)
    assert done.returncode == 1, done.stderr
    rows = rows_at(out, detector)
    expected = {f"{bucket}/pictures/{name}": OBJECTS[f"pictures/{name}"] for name in DEEP}
    others = ["s3://nowhere/", f"{bucket}/no/"]
    assert [row.path for row in rows] == [f"{bucket}/missing.png", *expected, *others]
    kinds = {row.path.rpartition("/")[2]: row.error.type for row in rows if row.error}
    assert kinds == {
        "empty.png": "EmptyFile", "no.txt": "NotAPicture", "some.zip": "BrokenArchive",
        "what?.zip": "BrokenArchive",
        "missing.png": "FileNotFound", "": "FileNotFound",
    }  # fmt: skip
    for row in rows:
        if row.error is None or row.error.type == "NotAPicture":
            assert row == detector.inspect(expected[row.path], row.path)
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="there")["Contents"]]
    assert [key for key in keys if "_plan/" not in key] == [
        "some/results/_SUCCESS", "some/results/_plan.json",
        "some/results/part-000000.parquet", "some/results/part-000001.parquet",
        "some/results/part-000002.parquet",
    ]  # fmt: skip

    # A partition that is lost is scored again, and it alone.
    stamps = {key: s3.head_object(Bucket="there", Key=key)["LastModified"] for key in keys}
    s3.delete_object(Bucket="there", Key="some/results/part-000001.parquet")
    run = make_run_again(detector, out, bucket)
    assert [one.number for one in run.partitions() if not one.before] == [1]
    assert rows_at(out, detector) == rows
    for key in keys:
        if "part-000001" not in key:
            assert s3.head_object(Bucket="there", Key=key)["LastModified"] == stamps[key]

    # An object that was changed is another input.
    s3.put_object(Bucket="here", Key="pictures/b.png", Body=png(9))
    with pytest.raises(ClusterError, match="begun with other files, or some have changed"):
        make_run_again(detector, out, bucket)
    s3.put_object(Bucket="here", Key="pictures/b.png", Body=OBJECTS["pictures/b.png"])


def test_what_is_committed_is_never_written_over(bucket: str, s3: Any) -> None:
    target = open_target(f"{bucket}2/results")
    s3.create_bucket(Bucket="here2")
    assert target.put("part", b"first")
    assert not target.put("part", b"second")
    assert target.get("part") == b"first"
    assert target.names() == {"part"}


def make_run_again(detector: Detector, out: str, bucket: str) -> Any:
    paths = [f"{bucket}/pictures/", f"{bucket}/missing.png", "s3://nowhere/", f"{bucket}/no/"]
    small = Detector(detector.bundle, Limits(max_bytes=100_000))
    return make_run(small, open_target(out), paths, size=4)


def test_what_is_too_large_is_not_read(bucket: str) -> None:
    url = f"{bucket}/pictures/b.png"
    with pytest.raises(FileTooLarge, match=r"100 bytes, over the limit of 50"):
        fetch(url, 100, 50)
    with pytest.raises(FileTooLarge, match="over the limit of 50 bytes"):
        fetch(url, None, 50)
    assert fetch(url, None, len(OBJECTS["pictures/b.png"])) == OBJECTS["pictures/b.png"]


def test_what_is_empty_is_said_to_be(bucket: str) -> None:
    for size in (0, None):
        with pytest.raises(EmptyFile):
            fetch(f"{bucket}/pictures/empty.png", size, 50)


def test_without_credentials_nothing_is_committed(tmp_path: Path) -> None:
    """What is wrong with every object is no row of each."""
    environment = {"PATH": "/usr/bin", "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    code = (
        "import sys; sys.path[:] = eval(sys.argv[1])\n"
        "from tegaki.sources.remote import fetch\n"
        "fetch('s3://bucket/key.png', None, 100)"
    )
    command = [sys.executable, "-c", code, repr(sys.path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "ClusterError: s3://bucket/key.png cannot be read: no credentials" in done.stderr


def test_what_is_a_url() -> None:
    assert is_url("s3://a/b")
    assert is_url("gs://a")
    assert not is_url("a/b://c")
    assert not is_url("C:/pictures")
    with pytest.raises(ClusterError, match="only URLs of s3, http, https are read"):
        list(list_items(["gs://bucket/a.png"], recursive=False))
