"""Rewrites what the docs show from what the commands print.

    python -m tools.docs            rewrite every ```console block of README.md and docs/, and
                                    the tables between marks like <!-- figures -->
    python -m tools.docs --check    change nothing; say which blocks are no longer true

A block is a line ``$ COMMAND`` and what that command prints, standard error included. Blocks whose
command is in ``BY_HAND`` are left alone (tests/test_docs.py looks after them). The commands of a
tutorial or how-to guide run one after the other in a folder of their own, which holds a copy of
``examples/`` and is shown as ``SHOWN_FOLDER``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.tables import ROOT, TABLES

PAGES = ("README.md", "docs/**/*.md")
IN_A_FOLDER = ("tutorials", "how-to")
SHOWN_FOLDER = (
    "/home/you/collection"  # as long as a temporary folder's name on Linux: columns align
)
BY_HAND = ("make test",)
BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<shown>.*?)```", re.S)
_TIMES = re.compile(r"in \d+\.\d s \([\d,]+\.\d files/s\)|\d+\.\d of \d+\.\d s of processor time")
_DECIMAL = re.compile(r"[+-]?\d+\.\d+")


def pages() -> list[Path]:
    """Every page whose blocks are kept true."""
    return sorted(path for pattern in PAGES for path in ROOT.glob(pattern))


def runs_in_a_folder(page: Path) -> bool:
    """Whether a page's commands build on each other, in a folder of their own."""
    return page.parent.name in IN_A_FOLDER


@contextmanager
def workplace(page: Path) -> Iterator[Path]:
    """The folder where a page's commands run."""
    if not runs_in_a_folder(page):
        yield ROOT
        return
    with tempfile.TemporaryDirectory(prefix="tegaki-") as name:
        folder = Path(name).resolve()
        shutil.copytree(ROOT / "examples", folder / "examples")
        yield folder


def printed(command: str, folder: Path = ROOT) -> str:
    """What a command prints in a folder, 96 columns wide, colours off."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "96",
        "PYTHONUTF8": "1",
    }
    environment.pop("MAKEFLAGS", None)  # set when make runs this
    environment.pop("MAKELEVEL", None)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return done.stdout if folder == ROOT else done.stdout.replace(str(folder), SHOWN_FOLDER)


def same(shown: str, now: str) -> bool:
    """Whether two outputs say the same: times may differ, scores by the processor's rounding."""
    texts = [_TIMES.sub("in some time", text) for text in (shown, now)]
    words = [re.sub(r" +", " ", _DECIMAL.sub("#", text)) for text in texts]
    numbers = [[float(n) for n in _DECIMAL.findall(text)] for text in texts]
    return words[0] == words[1] and all(abs(a - b) <= 0.02 for a, b in zip(*numbers, strict=True))


MARKED = re.compile(r"<!-- (?P<name>\w+) -->\n(?P<shown>.*?)<!-- /(?P=name) -->", re.S)


def rewrite(page: Path, check: bool) -> list[str]:
    """Bring one page up to date; returns the blocks that were not true."""
    stale = []

    def fill(part: re.Match[str]) -> str:
        now = TABLES[part["name"]]()
        if now != part["shown"]:
            stale.append(f"table {part['name']}")
        return f"<!-- {part['name']} -->\n{now}<!-- /{part['name']} -->"

    def renew(block: re.Match[str]) -> str:
        command, shown = block["command"], block["shown"]
        if command in BY_HAND:
            return block[0]
        now = printed(command, folder)
        if same(shown, now):
            return block[0]
        stale.append(f"$ {command}")
        return f"```console\n$ {command}\n{now}```"

    with workplace(page) as folder:
        text = MARKED.sub(fill, BLOCK.sub(renew, page.read_text(encoding="utf-8")))
    if stale and not check:
        page.write_text(text, encoding="utf-8")
    return stale


def main() -> int:
    check = "--check" in sys.argv[1:]
    count = 0
    for page in pages():
        for block in rewrite(page, check):
            count += 1
            print(f"{page.relative_to(ROOT)}: {'stale' if check else 'renewed'}: {block}")
    return 1 if check and count else 0


if __name__ == "__main__":
    sys.exit(main())
