"""The program as people run it: real processes, pipes, signals and terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest

from tegaki.cli.main import program
from tegaki.lab.evaluation.report import write_report
from tegaki.lab.metrics.predictions import EvaluatedSample, Predictions
from tegaki.model import load_single
from tests.conftest import painting
from tests.imaging.test_files import let_others_in, without_privileges
from tests.lab.little_corpus import write_corpus

TEGAKI = [sys.executable, "-m", "tegaki"]


def tegaki(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TEGAKI, *map(str, args)], capture_output=True, text=True, cwd=cwd, timeout=120
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    (pictures / "more").mkdir(parents=True)
    painting(300, 400).save(pictures / "a.png")
    painting(200, 200, seed=3).save(pictures / "絵.jpg")
    painting(100, 100, seed=5).save(pictures / "more" / "c.webp")
    (pictures / "bad.png").write_bytes(b"not a picture")
    return pictures


def test_version_and_help() -> None:
    assert re.fullmatch(r"tegaki, version \d+\.\d+\.\d+\n", tegaki("--version").stdout)
    assert "Examples:" in tegaki("--help").stdout
    for command in ("check", "scan", "cluster plan", "lab train", "lab card"):
        shown = tegaki(*command.split(), "--help").stdout
        assert "Examples:" in shown
        assert "Exit codes:" in shown


# ---- check -------------------------------------------------------------------------------------


def test_check_shows_everything(folder: Path) -> None:
    done = tegaki("check", "--verbose", folder / "a.png")
    assert done.returncode == 0
    assert done.stderr == ""
    assert re.search(r"verdict +(likely drawn|likely generated|not sure)\n", done.stdout)
    assert re.search(r"probability +0\.\d{3} of generated", done.stdout)
    (view,) = load_single("careful").config.views.names
    assert re.search(rf"logit +[+-]\d+\.\d\d \({view}\)\n", done.stdout)
    assert "PNG, 300 x 400 pixels" in done.stdout
    assert re.search(r"model +\S+, recipe [0-9a-f]{16}\n", done.stdout)


def test_check_json(folder: Path) -> None:
    done = tegaki("check", "--json", "a.png", "bad.png", "./a.png", cwd=folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["path"] for row in rows] == ["a.png", "bad.png"]
    assert rows[1]["error"]["type"] == "NotAPicture"


def test_check_of_a_missing_file_is_a_row(tmp_path: Path) -> None:
    done = tegaki("check", tmp_path / "no.png")
    assert done.returncode == 1
    assert "FileNotFound: no such file" in done.stdout


def test_hostile_names_cannot_reach_the_terminal(tmp_path: Path) -> None:
    name = "\x1b[31mred\u202egnp\x9b.png"
    painting().save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / name)
    for command in (["check"], ["scan"], ["check", "--json"], ["scan", "--json"]):
        shown = tegaki(*command, tmp_path / name).stdout
        for forbidden in ("\x1b", "\u202e", "\x9b"):
            assert forbidden not in shown
        if "--json" in command:
            assert json.loads(shown)["path"] == str(tmp_path / name)
        else:
            assert r"\x1b[31mred\u202egnp\x9b.png" in shown


# ---- scan --------------------------------------------------------------------------------------


def test_scan_prints_a_table_and_a_summary(folder: Path) -> None:
    done = tegaki("scan", folder)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].split() == ["File", "Verdict", "Prob.", "Reason"]
    assert [line.split()[0] for line in lines[1:]] == [
        str(folder / name) for name in ("a.png", "bad.png", "絵.jpg")
    ]
    assert re.search(r"^3 files in \d+\.\d s \(\d+\.\d files/s\): .*, 1 error$", done.stderr, re.M)
    assert "  NotAPicture: 1\n" in done.stderr


def test_scan_json_is_what_check_says(folder: Path) -> None:
    by = ("--json", "--model", "auto")
    scanned = tegaki("scan", *by, "--quiet", "a.png", "more", cwd=folder)
    checked = tegaki("check", *by, "a.png", "more/c.webp", cwd=folder)
    assert scanned.returncode == 0
    assert scanned.stdout == checked.stdout
    assert scanned.stderr == ""


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_scan_to_a_file(folder: Path, ending: str) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="needs tegaki[parquet]")
    out = folder / f"rows.{ending}"
    out.write_bytes(b"an earlier result")
    done = tegaki("scan", folder, "--recursive", "--out", out)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"Rows are in {out}" in done.stderr
    assert "4 files" in done.stderr  # the output itself is not scanned
    if ending == "jsonl":
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert [Path(row["path"]).name for row in rows] == ["a.png", "bad.png", "c.webp", "絵.jpg"]


def test_workers_do_not_change_anything(folder: Path) -> None:
    one, two, seven = (
        tegaki("scan", folder, "-r", "--json", "-q", "--workers", n).stdout for n in ("1", "2", "7")
    )
    assert one == two == seven
    assert one


def test_scan_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    done = tegaki("scan", tmp_path)
    assert done.returncode == 1
    assert "No files were found there; folders of folders" in done.stderr


def test_limits_are_options(folder: Path) -> None:
    done = tegaki("scan", folder / "a.png", "--max-pixels", "1000", "--json", "-q")
    assert json.loads(done.stdout)["error"]["type"] == "TooManyPixels"
    done = tegaki("check", folder / "a.png", "--max-bytes", "10", "--json")
    assert json.loads(done.stdout)["error"]["type"] == "FileTooLarge"
    done = tegaki("scan", folder / "a.png", "--max-seconds", "nan")
    assert (done.returncode, "nan is not a number" in done.stderr) == (2, True)


def many(folder: Path, count: int) -> Path:
    folder.mkdir()
    painting(900, 900).save(folder / "0.png")
    for k in range(1, count):
        (folder / f"{k}.png").hardlink_to(folder / "0.png")
    return folder


def test_ctrl_c_keeps_what_was_done(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    command = [*TEGAKI, "scan", str(many(tmp_path / "many", 3000)), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("Stopped; what was done is kept.\n")
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert 0 < len(rows) < 3000
    assert f"{len(rows)} file" in said


def test_ctrl_c_twice_does_not_crash(tmp_path: Path) -> None:
    command = [*TEGAKI, "scan", str(many(tmp_path / "many", 3000)), "--workers", "2"]
    for pause in (0.0, 0.002, 0.004, 0.008):
        out = tmp_path / f"{pause}.jsonl"
        with subprocess.Popen(
            [*command, "--out", str(out)], stderr=subprocess.PIPE, text=True
        ) as process:
            deadline = time.monotonic() + 60
            while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            time.sleep(pause)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 130, (pause, said)
        assert "Traceback" not in said
        assert "terminate" not in said


def test_ctrl_c_at_the_start(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    many = sys.base_prefix  # tens of thousands of files that are no pictures
    command = [*TEGAKI, "scan", many, "--recursive", "--out", str(out), "--max-bytes", "1"]
    for begun in (False, True):
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            time.sleep(0.15)
            while begun and not out.exists() and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        if begun:
            assert process.returncode == 130
            assert "Traceback" not in said
        else:  # the interpreter itself may answer
            assert process.returncode in (130, 1, -signal.SIGINT), said
            out.unlink(missing_ok=True)


def test_ctrl_c_leaves_readable_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    out = tmp_path / "rows.parquet"
    command = [*TEGAKI, "scan", str(many(tmp_path / "many", 3000)), "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"{parquet.read_table(out).num_rows} files" in said


def test_a_closed_pipe_ends_the_scan_quietly(tmp_path: Path) -> None:
    command = [*TEGAKI, "scan", str(many(tmp_path / "many", 400)), "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


@pytest.mark.parametrize(
    "command",
    [
        ["--help"], ["lab", "corpus", "build", "--help"], ["check", "a.png"],
        ["check", "no such file"], ["scan", "."], ["lab", "card", "--help"],
        ["lab", "gate", "report.json", "--floors", "floors.json", "--raise"],
        ["lab", "verify", "report.json"], ["lab", "corpus", "report", "corpus"],
        ["lab", "corpus", "report", "corpus", "--json", "-"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_ends_with_1_through_a_closed_pipe(folder: Path, command: list[str]) -> None:
    """Whether it was content or not, and without a word."""
    write_corpus(folder / "corpus", {"val": 2})
    generated = np.arange(20) % 2 == 1
    judged = [
        EvaluatedSample(test, f"{test}{k}", bool(g), "s", "f", "anime")
        for test in ("val", "test_seen")
        for k, g in enumerate(generated)
    ]
    scores = {"model": np.tile(generated - 0.5, 2)}
    facts = {"protocol": "seen", "manifest_sha256": "0" * 64}
    write_report(folder, Predictions(tuple(judged), scores), facts)
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*TEGAKI, *command], cwd=folder, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("command", [["check"], ["check", "--json"], ["scan"], ["scan", "--json"]])
def test_output_that_cannot_be_written_is_a_clear_error(folder: Path, command: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*TEGAKI, *command, str(folder / "a.png")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert "Error: cannot go on: [Errno 28] No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_closed_standard_output(folder: Path) -> None:
    line = " ".join([*TEGAKI, "scan", str(folder / "a.png"), ">&-"])
    done = subprocess.run(["bash", "-c", line], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 file in" in done.stderr


@pytest.mark.parametrize("name", ["check", "scan"])
def test_a_file_that_may_not_be_read_does_not_stop_the_others(folder: Path, name: str) -> None:
    """It has to reach the detector, which makes a row of it, and not end as a usage error."""
    command = program.get_command(click.Context(program), name)
    assert command is not None
    (folder / "bad.png").chmod(0)
    let_others_in(folder)
    with without_privileges():
        context = command.make_context(name, [str(folder / "bad.png"), str(folder / "a.png")])
    assert len(next(iter(context.params.values()))) == 2


def test_a_full_disk_is_a_clear_error(folder: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    (folder / "o.jsonl").symlink_to("/dev/full")
    done = tegaki("scan", folder / "a.png", "--out", folder / "o.jsonl")
    assert done.returncode == 2
    assert "o.jsonl cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_shows_rate_and_time_left_on_a_terminal(tmp_path: Path) -> None:
    command = [*TEGAKI, "scan", str(many(tmp_path / "many", 60)), "--out", str(tmp_path / "o.csv")]
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdout=follower, stderr=follower, close_fds=True):
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other side is closed
                break
            shown += part
    os.close(leader)
    text = shown.decode()
    assert re.search(r"\d+/60", text)
    assert re.search(r"\d+\.\d pictures/s", text)
    assert re.search(r"0:00:\d\d", text)
    assert "60 files" in text


NAMES = "the models that come with tegaki: fast, careful, auto"


# ---- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["scan", "x", "--out", "o.txt"], "the ending must be one of .jsonl, .csv, .parquet"),
        (["scan", "x", "--out", "o.csv", "--json"], "choose one"),
        (["scan", "x", "--workers", "0"], "is not in the range x>=1"),
        (["check", "x", "--model", "no-such-folder"], "no-such-folder does not exist"),
        (["scan", "x", "--model", "fastt"], f"fastt does not exist; {NAMES}"),
        (["results", "s.db", "--model", "fastt"], NAMES),
        (
            ["lab", "card", "--corpus", ".", "--model", "auto"],
            "auto joins two models; name one of them",
        ),
        (["chek"], "No such command 'chek'"),
        (
            ["lab", "train", "--recipe", "best", "--corpus", ".", "--out", "o"],
            "best is neither a recipe",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(args: list[str], message: str, tmp_path: Path) -> None:
    done = tegaki(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
