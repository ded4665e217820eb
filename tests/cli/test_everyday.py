"""Small things of a user's day: lists, standard input, URLs, slips of the keyboard, terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from tegaki import Detector
from tegaki.cli.show import Table, detail, wrapped
from tests.cli.test_cli import TEGAKI, tegaki
from tests.conftest import painting
from tests.sources.archives.made import png

FAST = ("--model", "fast")
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r(?!\n)")


def piped(data: bytes, *args: str | Path, cwd: Path | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and error of a command that is fed."""
    command = [*TEGAKI, *map(str, args)]
    done = subprocess.run(command, input=data, capture_output=True, cwd=cwd, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def on_terminal(width: int, *args: str | Path, **environment: str) -> str:
    """All that a command writes to a terminal so wide, as it is sent."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 40, width, 0, 0))
    plain = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    command = [*TEGAKI, *map(str, args)]
    ways = {"stdin": follower, "stdout": follower, "stderr": follower}
    with subprocess.Popen(command, env=plain | environment, **ways):  # type: ignore[call-overload]
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            shown += part
    os.close(leader)
    return shown.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("a.png", "new\nline.png", "絵" * 30 + ".png")):
        (tmp_path / name).write_bytes(png(number))
    return tmp_path


# ---- lists and standard input ------------------------------------------------------------------


def test_a_list_comes_through_standard_input(folder: Path) -> None:
    by = ("scan", "--json", *FAST, "--files-from", "-")
    code, rows, _ = piped(b"a.png\n", *by, cwd=folder)
    assert (code, [json.loads(line)["path"] for line in rows.splitlines()]) == (0, ["a.png"])
    names = b"new\nline.png\0a.png\0\0missing.png"
    code, rows, _ = piped(names, *by, "-0", cwd=folder)
    found = [json.loads(line)["path"] for line in rows.splitlines()]
    assert (code, found) == (1, ["new\nline.png", "a.png", "missing.png"])


def test_a_list_in_a_file_ended_by_null(folder: Path) -> None:
    (folder / "list").write_bytes(b"new\nline.png\0\xff.png\0")
    done = tegaki("scan", "--files-from", "list", "--null", "--json", *FAST, cwd=folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["path"] for row in rows] == ["new\nline.png", r"\xff.png"]
    assert rows[1]["path_bytes"] == b"\xff.png".hex()


def test_null_is_for_lists_of_paths() -> None:
    code, _, said = piped(b"", "scan", "x", "-0")
    assert (code, "--null needs --files-from" in said) == (2, True)
    code, _, said = piped(b"a line\n" * 300_000, "scan", "--files-from", "-", "-0")
    assert (code, "is it a list of lines?" in said) == (2, True)


def test_check_reads_standard_input(detector: Detector) -> None:
    code, row, _ = piped(png(1), "check", "-", "--json", *FAST)
    assert code == 0
    assert json.loads(row) == detector.inspect(png(1), "-").to_dict()
    code, shown, _ = piped(b"", "check", "-", *FAST)
    assert (code, "EmptyFile: nothing came through standard input" in shown) == (1, True)
    code, shown, _ = piped(bytes(100), "check", "-", *FAST, "--max-bytes", "99")
    assert (code, "FileTooLarge: over the limit of 99 bytes" in shown) == (1, True)


def test_standard_input_may_be_closed() -> None:
    command = " ".join([*TEGAKI, "check", "-", *FAST, "<&-"])
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "Standard input is closed" in done.stderr


def test_scan_says_what_reads_standard_input() -> None:
    code, _, said = piped(b"", "scan", "-")
    assert code == 2
    assert "--files-from -" in said
    assert "tegaki check -" in said


# ---- slips -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["check", "https://example.org/a.png?x=1&y"],
         "curl -fsSL 'https://example.org/a.png?x=1&y' | tegaki check -"),
        (["metadata", "http://example.org/a.png"],
         "curl -fsSL http://example.org/a.png | tegaki metadata -"),
        (["chek", "a.png"], "No such command 'chek'. Did you mean 'check'?"),
        (["SCAN"], "Did you mean 'scan'?"),
        (["lab", "corpus", "fetsch"], "Did you mean 'fetch'?"),
        (["tran"], "Did you mean 'lab train'?"),
        (["blend2"], "Did you mean 'lab ensemble'?"),
        (["provenence"], "Did you mean 'metadata'?"),
        (["xyzzy"], "No such command 'xyzzy'.\n"),
        (["a.png"], "A command comes first. Did you mean: tegaki check a.png"),
        (["my picture.JPG"], "tegaki check 'my picture.JPG'"),
        (["."], "tegaki scan ."),
        (["https://example.org/a"], "tegaki check https://example.org/a"),
        (["\x1b[31m.png"], r"tegaki check '\x1b[31m.png'"),
    ],
)  # fmt: skip
def test_slips_are_answered_with_what_to_do(args: list[str], words: str, folder: Path) -> None:
    done = tegaki(*args, cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_pattern_that_reached_no_shell_is_explained(folder: Path) -> None:
    (folder / "[real].png").write_bytes(png(1))
    done = tegaki("scan", "*.png", "[real].png", "[no].png", "--json", *FAST, cwd=folder)
    errors = [json.loads(line)["error"] for line in done.stdout.splitlines()]
    assert [error and error["type"] for error in errors] == ["FileNotFound", None, "FileNotFound"]
    assert "where the pattern is not quoted" in errors[0]["message"]


# ---- terminals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_scan_fits_the_terminal(folder: Path, width: int) -> None:
    (folder / "no.txt").write_text("words")
    (folder / "broken.png").write_bytes(b"no picture")
    lines = _CODES.sub("\n", on_terminal(width, "scan", folder, *FAST)).split("\n")
    assert any("4 files in" in line.strip() for line in lines)
    assert [line for line in lines if cell_len(line.rstrip("\r")) > width] == []


@pytest.mark.parametrize("width", [20, 200])
def test_a_picture_in_full_fits_the_terminal(folder: Path, width: int) -> None:
    shown = _CODES.sub("", on_terminal(width, "check", folder / "a.png", *FAST))
    lines = shown.replace("\r", "").split("\n")
    assert "probability" in shown
    assert [line for line in lines if cell_len(line) > width] == []


def test_rows_fit_every_width(detector: Detector) -> None:
    rows = [
        detector.inspect(png(1), "folder/" + "絵" * 40 + ".png"),
        detector.inspect(b"no picture", "a" * 90),
    ]
    for width in range(20, 201):
        table = Table(width)
        shown = [table.header(), *map(table.line, rows)]
        for row in rows:
            shown += detail(row, detector.bundle.thresholds, width)
        lines = [_CODES.sub("", line) for text in shown for line in text.split("\n")]
        assert [line for line in lines if cell_len(line) > width] == [], width


def test_wrapping_loses_no_word() -> None:
    text = "a longer reason with 絵絵絵絵絵絵絵絵絵絵絵 and a-very-long-word-without-any-end"
    for width in range(2, 99):
        lines = wrapped(text, width)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert max(map(cell_len, lines)) <= width


def test_colours_can_be_switched_off(tmp_path: Path) -> None:
    painting(90, 90).save(tmp_path / "a.png")
    for command in (("check",), ("scan", "-q")):
        args = (*command, tmp_path / "a.png", *FAST)
        assert "\x1b[3" in on_terminal(80, *args)
        plain = on_terminal(80, *args, NO_COLOR="1")
        assert not re.search(r"\x1b\[[0-9;]*m", plain)
        assert re.search(r"likely|not sure", plain)
        assert "\x1b[3" in on_terminal(80, *args, NO_COLOR="")
