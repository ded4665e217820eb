"""Runs of ``tegaki corpus fetch``: gone on with, side by side, of damaged manifests, by command."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tegaki.cli.corpus_fetch import fetch as command
from tegaki.errors import CorpusError, OutputError
from tests.lab.corpus.web import (
    DATA,
    RAN,
    Answer,
    Handler,
    Web,
    files,
    quick,
    read,
    run,
    stall,
    web,
    whole,
    write_manifest,
)

__all__ = ["web"]  # a fixture


def test_a_second_run_asks_only_for_what_is_missing(web: Web, tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(6)]
    manifest = write_manifest(tmp_path / "in", *names)
    for name in names[:4]:
        web.put(name, whole(name.encode()))
    assert run(manifest, quick(web)).fetched == 4
    for name in names[4:]:
        web.put(name, whole(name.encode()))
    damaged = files(tmp_path / "out")[0]
    original = damaged.read_bytes()
    damaged.write_bytes(b"damaged")
    web.log.clear()
    report = run(manifest, quick(web))
    assert (report.fetched, report.present, report.missing) == (3, 3, ())
    assert len(web.log) == 3
    assert damaged.read_bytes() == original
    assert len(read(tmp_path / "out" / "manifest.csv")) == 6


def test_a_picture_put_there_by_hand_counts(web: Web, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "in", "a.png", origin="pypi:package==1.0")
    sha256 = hashlib.sha256(DATA).hexdigest()
    place = tmp_path / "out" / "originals" / sha256[:2]
    place.mkdir(parents=True)
    (place / f"{sha256}.png").write_bytes(DATA)
    report = run(manifest, quick(web))
    assert (report.present, report.missing) == (1, ())


def test_ctrl_c_keeps_what_is_done(web: Web, tmp_path: Path) -> None:
    names = [f"{i:02}.png" for i in range(12)]
    manifest = write_manifest(tmp_path / "in", *names)
    for name in names:
        web.put(name, whole(name.encode()) if name < "05.png" else stall(web))
    args = [str(manifest), "--out", str(tmp_path / "out"), "--base", web.base, "--rate", "1000"]
    with subprocess.Popen([*RAN, *args], stdout=subprocess.PIPE, text=True) as process:
        while len(web.log) < 5 + 4:  # five are done, and the four workers are held up
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert shown.startswith("Stopped; give the same command again to go on.\n5 of 12 pictures")
    assert len(read(tmp_path / "out" / "manifest.csv")) == len(files(tmp_path / "out")) == 5
    assert {row["reason"] for row in read(tmp_path / "out" / "missing.csv")} == {"stopped"}
    for name in names:
        web.put(name, whole(name.encode()))
    web.log.clear()
    assert (run(manifest, quick(web)).missing, len(web.log)) == ((), 7)


# ---- speed -------------------------------------------------------------------------------------


def test_the_rate_holds_for_all_workers_together(web: Web, tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(9)]
    for name in names:
        web.put(name, whole(name.encode()))
    run(write_manifest(tmp_path / "in", *names), replace(quick(web), rate=20, workers=8))
    times = sorted(moment for moment, _, _ in web.log)
    assert 0.25 < times[-1] - times[0] < 3  # 0.4 s by the rate


def test_workers_fetch_side_by_side(web: Web, tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(4)]
    together = threading.Barrier(4)

    def answer(name: str) -> Answer:
        def wait(handler: Handler) -> None:
            together.wait(2)  # breaks, and with it the answer, unless four requests are open
            whole(name.encode())(handler)

        return wait

    for name in names:
        web.put(name, answer(name))
    settings = replace(quick(web), workers=4, tries=1, silence=5)
    assert not run(write_manifest(tmp_path / "in", *names), settings).missing


# ---- manifests and folders ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"id,sha256\n", "lacks rows or columns"),
        (b"id,sha256\na,b\n", "lacks rows or columns: label, source, split, origin, origin_path"),
        (b"\xff\xfe", "is not a CSV file in UTF-8"),
        (b'id,sha256\n"a', "is not a CSV file in UTF-8"),
        (b"id,sha256,label,source,split,origin,origin_path\na,b\n", "row 1 has not as many fields"),
    ],
    ids=["none", "no rows", "no columns", "not text", "open quote", "short row"],
)
def test_damaged_manifests(web: Web, tmp_path: Path, content: bytes | None, message: str) -> None:
    (tmp_path / "in").mkdir()
    if content is not None:
        (tmp_path / "in" / "manifest.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        run(tmp_path / "in" / "manifest.csv", quick(web))


def test_a_hash_that_is_none_cannot_become_a_path(web: Web, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "in", "a.png")
    text = manifest.read_text().replace(hashlib.sha256(DATA).hexdigest(), "../../../../x")
    manifest.write_text(text)
    assert run(manifest, quick(web)).reasons == {"no hash": 1}
    assert web.log == []


def test_another_corpus_is_not_overwritten(web: Web, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "in", "a.png")
    other = write_manifest(tmp_path / "out", "b.png")
    before = other.read_bytes()
    for source in (manifest, other):
        with pytest.raises(OutputError, match="holds another corpus"):
            run(source, quick(web))
    assert other.read_bytes() == before


def test_a_place_that_cannot_be_written_stops_the_run(web: Web, tmp_path: Path) -> None:
    web.put("a.png", whole())
    manifest = write_manifest(tmp_path / "in", "a.png")
    (tmp_path / "out" / "originals").mkdir(parents=True)
    blocked = hashlib.sha256(DATA).hexdigest()[:2]
    (tmp_path / "out" / "originals" / blocked).write_bytes(b"a file, not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        run(manifest, quick(web))


# ---- the command -------------------------------------------------------------------------------


def invoke(web: Web, *args: str | Path) -> Result:
    base = () if "--base" in args else ("--base", web.base)
    return CliRunner().invoke(command, [*map(str, args), *base, "--rate", "1000"])


def test_the_command(web: Web, tmp_path: Path) -> None:
    names = ("a.png", "b.png")
    web.put("a.png", whole(b"a.png"))
    manifest = write_manifest(tmp_path / "in", *names)
    first = invoke(web, manifest.parent, "--out", tmp_path / "out")
    assert first.exit_code == 1
    assert first.stdout == (
        "1 of 2 pictures are at hand: 1 fetched (0.0 MB), 0 before\n  gone: 1\n"
        f"What is missing is in {tmp_path / 'out' / 'missing.csv'}\n"
    )
    web.put("b.png", whole(b"b.png"))
    second = invoke(web, manifest, "--out", tmp_path / "out", "--json")
    assert second.exit_code == 0
    assert json.loads(second.stdout) == {
        "pictures": 2, "at_hand": 2, "fetched": 1, "fetched_bytes": 5, "present": 1,
        "missing": {}, "stopped": False,
    }  # fmt: skip


@pytest.mark.parametrize("base", ["file:///etc", "raw.example.org", "http://u:p@example.org"])
def test_a_base_that_is_none(web: Web, tmp_path: Path, base: str) -> None:
    manifest = write_manifest(tmp_path / "in", "a.png")
    done = invoke(web, manifest, "--out", tmp_path / "out", "--base", base)
    assert done.exit_code == 2
    assert "Invalid value for '--base'" in done.stderr
    assert not (tmp_path / "out").exists()
