"""What docs/python.md and the tutorial for programmers show is what happens."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


@pytest.mark.parametrize(("page", "at_least"), [("python.md", 25), ("tutorials/programmer.md", 15)])
def test_the_examples_print_what_is_shown(
    page: str, at_least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "examples")
    session = "\n".join(blocks(page, "pycon"))
    examples = doctest.DocTestParser().get_doctest(session, {}, page, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert len(examples.examples) > at_least
    assert said == []


def test_the_program_runs(tmp_path: Path) -> None:
    (program,) = blocks("python.md", "python")
    path = tmp_path / "program.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, str(path)], cwd=ROOT / "examples", capture_output=True, text=True
    )
    assert done.stdout == "['generated', 'error']\n", done.stderr
