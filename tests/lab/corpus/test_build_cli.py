"""``tegaki corpus build``: what it says, how it ends, and what stays when it is stopped."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tegaki.lab.corpus import ShardSet
from tegaki.lab.corpus.build import BuildOptions
from tests.lab.corpus.building import built, drawn, folders, left_out, pictures
from tests.lab.scenes import scene

__all__ = ["built", "drawn", "folders"]  # fixtures


def tegaki(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tegaki", "lab", "corpus", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_command_from_end_to_end(drawn: Path, built: ShardSet, tmp_path: Path) -> None:
    out = tmp_path / "shards"
    done = tegaki("build", "--human", drawn, "--out", out)
    assert done.returncode == 0
    assert done.stderr == (
        "Warning: the set has no generated pictures: nothing can be trained or measured on it; add "
        "some with --generated.\n"
    )
    assert re.fullmatch(r"(\w+: \d+ human, 0 generated\n)+Shards are in .+\n", done.stdout)
    assert pictures(out) == pictures(built.folder)
    again = tegaki("build", "--human", drawn, "--out", out)
    assert again.returncode == 2
    assert "is not an empty folder; name another, or remove it" in again.stderr


@pytest.mark.parametrize(
    ("shares", "warnings"),
    [
        ("1,0,0", ["split val has no human", "split val has no generated"]),
        ("0,1,0", []),
        ("0,0,1", []),
    ],
)
def test_a_split_without_a_label_is_warned_of(
    folders: BuildOptions, tmp_path: Path, shares: str, warnings: list[str]
) -> None:
    args: list[str | Path] = [
        "--human",
        folders.human[0],
        "--generated",
        folders.generated[0],
        "--shares",
        shares,
    ]
    done = tegaki("build", *args, "--out", tmp_path / "s")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines == [f"Warning: {w} pictures: nothing can be trained with it." for w in warnings]


def test_a_held_out_source_alone_is_warned_of(folders: BuildOptions, tmp_path: Path) -> None:
    args: list[str | Path] = ["--human", folders.human[0], "--generated", folders.generated[0]]
    source = sorted(path.name for path in folders.generated[0].iterdir())[0]
    done = tegaki("build", *args, "--hold-out", source, "--out", tmp_path / "s")
    assert "Warning: split test_unseen has no human pictures: nothing can be measured with it." in (
        done.stderr.splitlines()
    )


def test_the_command_tells_of_unreadable_files(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(drawn / "a.png", tmp_path / "in")
    (tmp_path / "in" / "\udcff\x1b[31m.png").write_bytes(b"no")
    out = tmp_path / "shards"
    done = tegaki("build", "--generated", tmp_path / "in", "--out", out, "--shares", "0,0,1")
    assert done.returncode == 1
    assert "test_seen: 0 human, 1 generated\n" in done.stdout
    assert "left out, see left-out.csv: 1 unreadable\n" in done.stdout
    assert list(left_out(out)) == [r"\xff\x1b[31m.png"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Name a corpus, or folders"),
        (("nowhere",), "does not exist"),
        ((".",), "manifest.csv cannot be read"),
        (("--human", ".", "--shares", "0.5,0.5"), "three shares that sum to 1"),
        (("--human", ".", "--shares", "0.5,0.6,-0.1"), "three shares that sum to 1"),
        (("--human", ".", "--protocol", "leave-one-family-out"), "--family goes with"),
        (("--human", ".", "--protocol", "none"), "neither a protocol (leave-one-family-out, "),
    ],
)
def test_wrong_usage(tmp_path: Path, args: tuple[str, ...], message: str) -> None:
    command = [sys.executable, "-m", "tegaki", "lab", "corpus", "build", *args, "--out", "new"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def without_lab(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process that cannot import what the lab brings."""
    blocked = "import sys; sys.modules.update(dict.fromkeys(('torch', 'sklearn', 'matplotlib')));"
    code = blocked + "from tegaki.cli.main import main; main()"
    command = [sys.executable, "-c", code, "lab", "corpus", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_core_alone_suffices(drawn: Path, tmp_path: Path) -> None:
    for name in ("build", "report"):
        shown = without_lab(name, "--help")
        assert shown.returncode == 0
        assert "Examples:" in shown.stdout
        assert "Exit codes:" in shown.stdout
    assert "build" in without_lab("--help").stdout
    missing = without_lab(
        "build", "--human", drawn, "--out", tmp_path / "t", "--protocol", "seed-random"
    )
    assert missing.returncode == 2
    assert "the seed's split needs the extra tegaki[lab]" in missing.stderr
    assert not (tmp_path / "t").exists()


def test_a_protocol(folders: BuildOptions, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs tegaki[lab]")
    human, generated = folders.human[0], folders.generated[0]
    inputs = ("--human", human, "--generated", generated, "--hold-out", "h2")
    done = tegaki("build", *inputs, "--protocol", "seed-random", "--out", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    # 17 and 50 pictures outside test_unseen: 16 of 33 resemble some of the source held out
    assert done.stdout.splitlines()[:3] == [
        "train: 10 human, 32 generated",
        "val: 3 human, 8 generated",
        "test_seen: 4 human, 10 generated",
    ]


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A build that takes long enough to be stopped, of one large picture under many names; and
    the folder that it builds in."""
    (tmp_path / "in").mkdir()
    scene(1, 2000, 2000).save(tmp_path / "in" / "0.png")
    for k in range(1, 400):
        (tmp_path / "in" / f"{k}.png").hardlink_to(tmp_path / "in" / "0.png")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tegaki", "lab", "corpus", "build", "--out", str(out)]
    with subprocess.Popen(
        [*command, "--human", str(tmp_path / "in")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until = time.monotonic() + 30
            while not (out / "spool").exists() and time.monotonic() < until:
                time.sleep(0.02)
            yield process, out
        finally:
            process.kill()


def test_ctrl_c_leaves_nothing(at_work: tuple[subprocess.Popen[str], Path]) -> None:
    process, out = at_work
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == "Stopped.\n"
    assert not out.exists()


def test_a_build_that_was_killed_can_be_begun_again(
    drawn: Path, at_work: tuple[subprocess.Popen[str], Path]
) -> None:
    process, out = at_work
    beside = tegaki("build", "--human", drawn, "--out", out)
    assert (beside.returncode, "another run is at work in" in beside.stderr) == (2, True)
    assert process.poll() is None
    process.kill()
    process.wait()
    (out / "train-00000.tar").write_bytes(b"what it might have written")
    (out / "shards.json.new").write_bytes(b"{")
    assert tegaki("build", "--human", drawn, "--out", out).returncode == 0
    names = {path.name for path in out.iterdir()}
    assert not names & {"spool", "unfinished-build", "shards.json.new"}
    assert pictures(out)
