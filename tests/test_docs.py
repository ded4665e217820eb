"""What the docs show is what the program does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click
import pytest
from tools.docs import BLOCK, MARKED, pages, printed, rewrite, runs_in_a_folder, same
from tools.tables import ROOT, TABLES

from tegaki.cli.main import program
from tegaki.results.result import Result

BLOCKS = [
    pytest.param(block["command"], block["shown"], id=f"{page.name}: {block['command']}")
    for page in pages()
    if not runs_in_a_folder(page)
    for block in BLOCK.finditer(page.read_text(encoding="utf-8"))
]
CONTEXT = click.Context(program)


def commands(group: click.Group = program, prefix: str = "") -> dict[str, click.Command]:
    """Every command of the program, those of groups with their group's name before."""
    found: dict[str, click.Command] = {}
    for name in group.list_commands(CONTEXT):
        command = group.get_command(CONTEXT, name)
        assert command is not None
        found[prefix + name] = command
        if isinstance(command, click.Group):
            found |= commands(command, f"{prefix}{name} ")
    return found


COMMANDS = commands()


@pytest.mark.parametrize(("command", "shown"), [b for b in BLOCKS if b.values[0] != "make test"])
def test_what_is_shown_is_what_is_printed(command: str, shown: str) -> None:
    now = printed(command)
    assert same(shown, now), f"run make docs; now it prints:\n{now}"


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, id=f"{p.parent.name} {p.stem}") for p in pages() if runs_in_a_folder(p)],
)
def test_the_steps_of_a_guide_print_what_is_shown(page: Path) -> None:
    assert rewrite(page, check=True) == [], "run make docs"


MARKS = [
    pytest.param(part["name"], part["shown"], id=f"{page.name}: {part['name']}")
    for page in pages()
    for part in MARKED.finditer(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "shown"), MARKS)
def test_tables_are_what_was_measured(name: str, shown: str) -> None:
    assert shown == TABLES[name](), "run make docs"


def test_every_table_is_shown_somewhere() -> None:
    assert {mark.values[0] for mark in MARKS} == set(TABLES)


def test_comparing_outputs_can_fail() -> None:
    assert same("2 files in 1.0 s (2.0 files/s): 0.501", "2 files in 9.9 s (0.2 files/s): 0.502")
    assert not same("0.50 x", "0.60 x")
    assert not same("2 files", "3 files")
    assert not same("likely drawn 0.5", "not sure 0.5")
    assert not same("0.5", "0.5 0.5")


def test_every_command_and_option_is_documented() -> None:
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    shown = {block["command"] for block in BLOCK.finditer(reference)}
    assert {"tegaki --help", *(f"tegaki {name} --help" for name in COMMANDS)} <= shown
    for name, command in COMMANDS.items():
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert re.search(rf"{option}\b", reference), (name, option)


def test_every_command_says_its_exit_codes() -> None:
    """What holds for all, a closed pipe, is said once."""
    whole = program.help or ""
    assert "prints into was closed" in whole
    for name, command in COMMANDS.items():
        if not isinstance(command, click.Group):
            codes = (command.help or "").partition("Exit codes:\n")[2]
            found = re.findall(r"^ +(\d+) +\w", codes, re.M)
            assert found in (["0", "2", "130"], ["0", "1", "2", "130"]), name
            assert re.search(r"130  stopped by Ctrl-C", codes), name
            assert "pipe" not in codes, name


def test_every_field_of_a_row_is_documented() -> None:
    page = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Result):
        assert f"| `{field.name}` |" in page


def test_every_error_type_is_documented() -> None:
    from tegaki import errors

    page = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
    for kind in errors.PictureError.__subclasses__():
        assert f"| `{kind.__name__}` |" in page
        assert kind.__name__ in (errors.__doc__ or "")


def test_the_first_screen_of_the_readme_is_the_two_commands() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:60]
    assert "$ make demo" in first_screen
    assert "$ make test" in first_screen


def test_every_make_command_is_listed() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.M)[0].split())
    assert targets == set(re.findall(r"^  make ([\w-]+)", printed("make help"), re.M))


def test_the_architecture_names_every_room() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "tegaki"
    doors = (*source.glob("*/__init__.py"), *source.glob("lab/*/__init__.py"))
    rooms = {path.parent.name for path in doors}
    assert rooms == set(re.findall(r"^\| `(\w+)/` \|", page, re.M))


def test_links_between_pages_lead_somewhere() -> None:
    for page in (*pages(), ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("model", ["careful", "fast"])
def test_the_cards_can_be_found_from_the_readme(model: str) -> None:
    target = f"src/tegaki/model/shipped/{model}/card.md"
    assert f"]({target})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / Path(target)).exists()
