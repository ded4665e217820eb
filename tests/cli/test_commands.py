"""The tree of commands: names, summaries, aliases, completion, and what the help imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tegaki.cli.commands import ALIASES
from tegaki.cli.lazy import LazyGroup
from tegaki.cli.main import program
from tests.cli.test_cli import TEGAKI

CONTEXT = click.Context(program)
HEAVY = ("numpy", "PIL", "onnxruntime", "torch", "rich", "sqlalchemy")


def groups(group: LazyGroup = program, path: tuple[str, ...] = ()) -> dict[str, LazyGroup]:
    """Every group, by the words that lead to it."""
    found = {" ".join(path): group}
    for name, one in group.lazy.items():
        if isinstance(one, LazyGroup):
            found |= groups(one, (*path, name))
    return found


GROUPS = groups()


@pytest.mark.parametrize("group", GROUPS)
def test_help_lists_every_command_with_a_sentence(group: str) -> None:
    shown = CliRunner().invoke(program, [*group.split(), "--help"]).stdout
    listed = shown.partition("\nCommands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == list(GROUPS[group].lazy)
    for line in listed:  # none is cut, none is wrapped
        assert line.endswith(".")
        assert not line.endswith("..")


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], *([*g.split(), "--help"] for g in GROUPS)]
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import atexit, json, sys\n"
        "from tegaki.cli.main import main\n"
        "atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert "click" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("alias", ALIASES)
def test_earlier_names_still_work(alias: str) -> None:
    command = program.get_command(CONTEXT, alias)
    group: click.Group = program
    found: click.Command | None = None
    for word in ALIASES[alias].split():
        found = group.get_command(CONTEXT, word)
        group = found if isinstance(found, click.Group) else group
    assert command is not None
    assert command is found
    done = CliRunner().invoke(program, [alias, "--help"])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: program {alias} ")
    assert alias not in program.list_commands(CONTEXT)


@pytest.mark.parametrize(
    ("args", "incomplete", "expected"),
    [
        ([], "", ["check", "scan", "results", "watch", "metadata", "cluster", "deliveries", "lab"]),
        ([], "c", ["check", "cluster"]),
        (["lab"], "e", ["ensemble", "evaluate"]),
        (["lab", "corpus"], "", ["fetch", "build", "report"]),
        (["deliveries"], "r", ["retry"]),
        (["provenance"], "--trust", ["--trust-anchors"]),
        (["lab", "gate"], "--fl", ["--floors"]),
    ],
)
def test_shells_complete_commands_and_options(
    args: list[str], incomplete: str, expected: list[str]
) -> None:
    found = ShellComplete(program, {}, "tegaki", "_TEGAKI_COMPLETE").get_completions(
        args, incomplete
    )
    assert [item.value for item in found] == expected


def test_bash_completion_of_the_program() -> None:
    environment = {
        **os.environ, "_TEGAKI_COMPLETE": "bash_complete", "COMP_WORDS": "tegaki lab ver",
        "COMP_CWORD": "2",
    }  # fmt: skip
    done = subprocess.run(TEGAKI, env=environment, capture_output=True, text=True)
    assert done.stdout == "plain,verify\n"
