"""The library says what is wrong, in words of its own; the command line adds what helps."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import pytest
from click.testing import CliRunner

from tegaki import MissingExtra
from tegaki.cli.cures import install, with_cure, with_install
from tegaki.cli.main import program
from tegaki.errors import MissingLibrary
from tests.conftest import ROOT, painting

SOURCE = ROOT / "src" / "tegaki"
REPORTS = ("lab/reproduction/text.py", "lab/audit/report.py", "lab/survival/registry.py")
"""The first ones write for whoever has the commands; the last one holds those of other programs."""
WORDS = re.compile(
    r"(^|[\s(;])--[a-z]|tegaki (check|scan|results|watch|corpus|train|evaluate|card)|pip install"
)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module that is no docstring, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                statement.value.value = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def printed(*words: object) -> str:
    return CliRunner().invoke(program, [str(word) for word in words]).stdout


def test_the_library_speaks_of_no_command() -> None:
    modules = [p for p in sorted(SOURCE.rglob("*.py")) if p.parent.name != "cli"]
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in modules
        if str(path.relative_to(SOURCE)) not in REPORTS
        for line, text in texts(path)
        if WORDS.search(text)
    ]
    assert found == []


def test_an_extra_is_installed_for_the_python_that_runs() -> None:
    problem = MissingExtra("writing Parquet", "parquet")
    assert str(problem) == "writing Parquet needs the extra tegaki[parquet]"
    command = f"{quote(sys.executable)} -m pip install 'tegaki[parquet]'"
    assert install("tegaki[parquet]") == command
    assert with_cure("MissingExtra", str(problem)) == f"{problem}: {command}"
    assert with_install(f"{problem}.") == f"{problem}: {command}."


def test_a_library_is_installed_for_the_python_that_runs() -> None:
    problem = MissingLibrary("reading it", "c2pa-python")
    assert str(problem) == "reading it needs c2pa-python, which is not installed"
    assert with_install(f"{problem}.") == f"{problem}: {install('c2pa-python')}."


def test_what_does_not_help_is_not_said() -> None:
    """A limit of the decoder is none of ours."""
    text = "more pixels than the decoder of this format takes"
    assert with_cure("TooManyPixels", text) == text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--max-bytes", "100"], "bytes, over the limit of 100; raise --max-bytes"),
        (["--max-pixels", "100"], "120 x 160 pixels, over the limit of 100; raise --max-pixels"),
    ],
)
def test_a_limit_names_its_option(tmp_path: Path, options: list[str], words: str) -> None:
    painting().save(tmp_path / "a.png")
    for command in ("check", "scan"):
        line = (command, "--model", "fast", *options, tmp_path / "a.png")
        assert words in printed(*line)
        assert "--max" not in printed(*line, "--json")


def test_a_folder_names_the_command_for_it(tmp_path: Path) -> None:
    assert "a folder, not a file; tegaki scan goes into folders" in printed("check", tmp_path)


def test_the_python_is_named_on_screen(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.png")
    code = "import sys; sys.modules['pyarrow'] = None; from tegaki.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "scan", tmp_path, "--out", tmp_path / "a.parquet"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: {with_cure('MissingExtra', str(MissingExtra('writing Parquet', 'parquet')))}\n"
    )
