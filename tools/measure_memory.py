"""Peak memory of ``tegaki scan`` with two workers.

    python -m tools.measure_memory [--keep]

- a tree of 100,000 files: some hundred pictures, a few of 100 megapixels, the rest no pictures
- of each format one picture of 100 megapixels among small ones
- small ones alone

Each the most of three scans: what two threads hold at a time is up to chance.

``--keep`` writes docs/memory.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.big import FILES, big, peak_mb
from tests.conftest import painting

KEPT = Path(__file__).parents[1] / "docs" / "memory.json"
TREE = 100_000
SMALL = 200
RUNS = 3
OTHERS: dict[str, Callable[[Path], None]] = {
    "progressive.jpg": lambda path: big("RGB").save(path, quality=90, progressive=True),
    "deflate.tif": lambda path: big("RGB").save(path, compression="tiff_adobe_deflate"),
    "lossy.webp": lambda path: big("RGB").save(path, quality=80, method=0),
}
"""Formats whose decoders hold the whole picture, some of them several times."""


def scanned(folder: Path) -> int:
    """The peak of scans of a folder."""
    out = folder.with_suffix(".jsonl")
    command = ("scan", str(folder), "--recursive", "-q", "--workers", "2", "--out", str(out))
    try:
        return max(peak_mb(*command) for _ in range(RUNS))
    finally:
        out.unlink(missing_ok=True)


def small_ones(folder: Path, count: int) -> None:
    for number in range(count):
        painting(500, 700, number).save(folder / f"{number:03}.jpg")


def tree(folder: Path) -> None:
    """Large pictures stand among small ones, and both among files that are none."""
    for number in range(TREE - len(FILES) - SMALL):
        part = folder / f"{number // 1000:03}"
        part.mkdir(exist_ok=True)
        (part / f"{number}.txt").write_bytes(b"%d" % number)
    for number, (name, make) in enumerate(FILES.items()):
        make(folder / f"{7 * number:03}" / name)
    for number in range(SMALL):
        painting(500, 700, number).save(folder / f"{number % 90:03}" / f"{number}.jpg")


def measure() -> dict[str, int]:
    """MB by what was scanned."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        tree(Path(name))
        found[f"{TREE:,} files"] = scanned(Path(name))
    with tempfile.TemporaryDirectory() as name:
        small_ones(Path(name), SMALL)
        found["small pictures alone"] = scanned(Path(name))
    for each, make in (FILES | OTHERS).items():
        with tempfile.TemporaryDirectory() as name:
            small_ones(Path(name), 40)
            make(Path(name) / each)
            found[each] = scanned(Path(name))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="write docs/memory.json")
    keep = parser.parse_args().keep
    found = measure()
    print(f"{'Peak of a scan, 2 workers':<34}{'MB':>9}")
    for each, peak in found.items():
        print(f"{each:<34}{peak:>9}")
    if keep:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
