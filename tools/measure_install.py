"""What the core and each extra take on disk.

    python -m tools.measure_install [--keep]

It follows pyproject.toml through the packages that this Python has installed, as `make setup`
leaves them, and adds up the files that pip recorded for each, bytecode included. Of an extra only
packages count that the core does not bring.

``--keep`` writes docs/install.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import tomllib
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "install.json"
EXTRAS = ("parquet", "postgres", "cluster", "s3", "lab")
NAMED = 3  # packages that a row names, the largest


def closure(requirements: Iterable[str]) -> set[str]:
    """The packages that these requirements bring here, those of packages included.

    Raises:
        PackageNotFoundError: one is not installed.
    """
    found: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        wanted = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(wanted.name)
        new = {"", *wanted.extras} - found.setdefault(name, set())
        found[name] |= new
        for text in distribution(name).requires or [] if new else []:
            inner = Requirement(text)
            if any(inner.marker is None or inner.marker.evaluate({"extra": e}) for e in new):
                waiting.append(Requirement(text.partition(";")[0]))
    return set(found)


def size(name: str) -> int:
    """Bytes of an installed package's files."""
    files = (Path(str(file.locate())) for file in distribution(name).files or ())
    return sum(path.stat().st_size for path in files if path.is_file())


def own_size() -> int:
    """Bytes of tegaki itself as its wheel installs it, models included."""
    files = (p for p in (ROOT / "src" / "tegaki").rglob("*") if "__pycache__" not in p.parts)
    return sum(path.stat().st_size for path in files if path.is_file())


def part(sizes: dict[str, int]) -> dict[str, Any]:
    """A row: megabytes (10**6), packages, and the largest of them."""
    largest = sorted(sizes, key=lambda name: -sizes[name])[:NAMED]
    return {
        "mb": round(sum(sizes.values()) / 1e6, 1),
        "packages": len(sizes),
        "largest": {name: round(sizes[name] / 1e6, 1) for name in largest},
    }


def measure() -> dict[str, Any]:
    """The core, each extra beside it, and the Python and PyTorch that they were measured with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = closure(project["dependencies"])
    sizes = {name: size(name) for name in core}
    parts = {"core": part(sizes | {"tegaki": own_size()})}
    for extra in EXTRAS:
        added = closure(project["optional-dependencies"][extra]) - core
        parts[extra] = part({name: size(name) for name in added})
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "torch": distribution("torch").version,
        "parts": parts,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="write docs/install.json")
    keep = parser.parse_args().keep
    found = measure()
    for name, one in found["parts"].items():
        largest = ", ".join(f"{package} {mb}" for package, mb in one["largest"].items())
        print(f"{name:<10}{one['mb']:>8} MB{one['packages']:>5} packages  {largest}")
    if keep:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
