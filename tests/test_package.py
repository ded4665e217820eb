"""What a user installs: the core alone, with the model inside."""

from __future__ import annotations

import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment with nothing but ``pip install .``."""
    folder = tmp_path_factory.mktemp("install")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    options = ["--quiet", "--disable-pip-version-check"]
    pip = [str(python), "-m", "pip"]
    subprocess.run([*pip, "wheel", *options, "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("tegaki-*.whl")
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "install", *options, *constraints, str(wheel)], check=True)
    return python.parent


def test_the_core_is_small(installed: Path) -> None:
    listed = subprocess.run(
        [
            installed / "python",
            "-m",
            "pip",
            "list",
            "--format=freeze",
            "--disable-pip-version-check",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.split("==")[0].lower() for line in listed.stdout.splitlines()}
    assert {"tegaki", "onnxruntime", "pillow", "numpy", "click", "rich"} <= names
    assert {"c2pa-python", "sqlalchemy", "watchdog"} <= names
    assert not names & {"torch", "onnx", "pyarrow", "pytest", "scipy", "opencv-python"}
    assert len(names) <= 30


def test_it_judges_pictures(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [installed / "tegaki", "check", "--json", ROOT / "examples" / "ink.png"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert '"verdict": ' in done.stdout


@pytest.mark.parametrize(
    "command",
    ["", "check", "scan", "results", "watch", "metadata", "cluster", "cluster plan",
     "cluster run", "cluster import", "deliveries", "deliveries list", "deliveries retry",
     "lab", "lab corpus", "lab corpus build", "lab corpus fetch", "lab corpus report",
     "lab audit", "lab train", "lab ensemble", "lab card", "lab evaluate", "lab verify",
     "lab gate", "lab reproduce"],
)  # fmt: skip
def test_help_needs_no_extra(installed: Path, command: str) -> None:
    done = subprocess.run(
        [installed / "tegaki", *command.split(), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: tegaki")


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["lab", "train", "--recipe", "enhanced", "--corpus", ".", "--out", "run"], "lab"),
        (["scan", ".", "--out", "rows.parquet"], "parquet"),
        (["scan", ".", "--store", "postgresql://user@localhost/none"], "postgres"),
        (["cluster", "run", "results"], "cluster"),
    ],
)
def test_a_missing_extra_is_named(
    installed: Path, tmp_path: Path, command: list[str], extra: str
) -> None:
    done = subprocess.run(
        [installed / "tegaki", *command], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 2
    assert f"{installed / 'python'} -m pip install 'tegaki[{extra}]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_holds_the_models_and_their_cards(installed: Path) -> None:
    (wheel,) = installed.parents[1].glob("tegaki-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for model in ("careful", "fast"):
        for name in ("model.onnx", "bundle.json", "figures.json", "card.md"):
            assert f"tegaki/model/shipped/{model}/{name}" in names
    assert "tegaki/model/shipped/auto/bundle.json" in names
    assert "tegaki/model/shipped/bases/clip-vit-b16-lower.onnx" in names
    assert "tegaki/py.typed" in names
    assert not any("examples" in name or "tests" in name for name in names)
