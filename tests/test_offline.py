"""Nothing leaves the machine, and nothing is kept for leaving later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import painting

# Continuous integration switches the runtime's reports off by itself, under any of these names.
_BY_ITSELF = ("CI", "TF_BUILD", "GITHUB_ACTIONS", "BUILD_ID", "BUILD_BUILDID", "JENKINS_URL")


def test_a_check_leaves_no_identifier_of_the_device(tmp_path: Path) -> None:
    painting().save(tmp_path / "a.png")
    home = tmp_path / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k not in _BY_ITSELF and "TELEMETRY" not in k}
    kept = {k: v for k, v in kept.items() if not k.startswith("XDG_")}
    command = [sys.executable, "-m", "tegaki", "check", str(tmp_path / "a.png")]
    subprocess.run(command, env=kept | {"HOME": str(home)}, check=True)
    assert list(home.rglob("*")) == []
