"""The cluster that the command starts itself: it is for this machine alone, and quiet."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.test_cli import TEGAKI, tegaki
from tests.conftest import painting

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""As the kernel writes 127.0.0.1, the same in IPv6, and ::1."""


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="tells what is listened on")
def test_nobody_else_can_reach_it(tmp_path: Path) -> None:
    painting(90, 90).save(tmp_path / "a.png")
    make_plan = tegaki("cluster", "plan", "a.png", "--out", "out", cwd=tmp_path)
    assert make_plan.stderr == "1 file in 1 partition; next: tegaki cluster run out\n"
    command = [*TEGAKI, "cluster", "run", "out", "--workers", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    seen: dict[str, str] = {}
    while process.poll() is None:
        seen |= listening(descendants(process.pid))
        time.sleep(0.1)
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert re.fullmatch(r"1 file in .*\nRows are in out\n", said)
    assert {"gcs_server", "raylet"} <= set(seen.values())
    assert {address.partition(":")[0] for address in seen} <= LOOPBACK


def descendants(process: int) -> set[int]:
    """A process and all below it."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    found = {process}
    while more := {child for child, of in parents.items() if of in found} - found:
        found |= more
    return found


def listening(processes: set[int]) -> dict[str, str]:
    """Addresses that the processes listen on, and by which program."""
    owners = {}
    for process in processes:
        try:
            name = Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip()
            for link in Path(f"/proc/{process}/fd").iterdir():
                owners[os.readlink(link)] = name
        except OSError:  # it ended meanwhile
            continue
    found = {}
    for table in Path("/proc/net").glob("tcp*"):
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in owners:
                found[fields[1]] = owners[f"socket:[{fields[9]}]"]
    return found
