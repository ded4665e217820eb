"""Rates of scanning, as ratios in one run.

    python tools/bench_scan.py

- a scan from end to end, beside decoding the same files and doing nothing else
- a scan into a store of files that have not changed
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tegaki import Detector
from tegaki.detector import default_workers
from tegaki.scan import scan
from tegaki.scan.incremental import scan_into
from tegaki.sources import SourceFile, find
from tegaki.store import Store

SHAPES = {
    "JPEG 2048 x 3072": ("jpg", 2048, 3072),
    "JPEG 1024 x 1024": ("jpg", 1024, 1024),
    "JPEG 512 x 768": ("jpg", 512, 768),
    "PNG 1024 x 1536": ("png", 1024, 1536),
    "PNG 832 x 1216": ("png", 832, 1216),
    "WebP 1024 x 1024": ("webp", 1024, 1024),
}
EACH = 24
UNCHANGED = 100_000
IMGUTILS = 26.0
"""Pictures a second and core that imgutils publishes for its default detector of AI pictures."""


def draw(shape: str, number: int) -> bytes:
    """A made-up picture with smooth areas, lines and some noise."""
    suffix, width, height = SHAPES[shape]
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin((x + (1 + number % 5) * y) / (30 + 9 * c)) for c in range(3)], axis=2)
    pixels = np.clip(127 + 110 * waves + rng.normal(0, 3, waves.shape), 0, 255).astype(np.uint8)
    stored = io.BytesIO()
    form = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[suffix]
    Image.fromarray(pixels).save(stored, form, **({} if form == "PNG" else {"quality": 90}))
    return stored.getvalue()


def pictures(folder: Path) -> dict[str, list[str]]:
    """Files of every shape; each drawn a few times and stored under many names."""
    made = {}
    for shape in SHAPES:
        drawn = [draw(shape, number) for number in range(4)]
        paths = [folder / f"{shape} {n}.{SHAPES[shape][0]}" for n in range(EACH)]
        for number, path in enumerate(paths):
            path.write_bytes(drawn[number % len(drawn)])
        made[shape] = [str(path) for path in paths]
    return made


def decode(path: str) -> None:
    """The peer: Pillow, to the same pixels."""
    with Image.open(path) as picture:
        picture.convert("RGB")


def seconds(work: Callable[[], object]) -> float:
    """The best of two runs."""
    best = float("inf")
    for _ in range(2):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def end_to_end() -> None:
    workers, detector = default_workers(), Detector.load("fast")
    head = f"{EACH} pictures each, {workers} cores, files/s"
    print(f"{head:<34}{'Pillow':>9}{'scan':>9}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        made = pictures(Path(folder))
        total = [0.0, 0.0]
        for shape, paths in made.items():

            def decode_all(paths: list[str] = paths) -> None:
                with ThreadPoolExecutor(workers) as pool:
                    list(pool.map(decode, paths))

            def scan_all(paths: list[str] = paths) -> None:
                list(scan(detector.scorer, find(paths, recursive=False), workers=workers))

            plain, ours = seconds(decode_all), seconds(scan_all)
            total = [total[0] + plain, total[1] + ours]
            _line(shape, EACH / plain, EACH / ours)
        count = EACH * len(made)
        _line("all", count / total[0], count / total[1])
    rate = count / total[1] / workers
    print(f"{'beside imgutils, a core':<34}{IMGUTILS:>9.1f}{rate:>9.1f}{rate / IMGUTILS:>8.2f}")


def _line(label: str, plain: float, ours: float) -> None:
    print(f"{label:<34}{plain:>9.1f}{ours:>9.1f}{ours / plain:>8.2f}")


def unchanged() -> None:
    """Rescans, of files that are no pictures: what they hold is not looked at."""
    detector = Detector.load("fast")
    with tempfile.TemporaryDirectory() as name:
        folder, long_ago = Path(name), time.time() - 1000
        for number in range(UNCHANGED):
            path = folder / f"{number // 1000:03}" / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"%d" % number)
            os.utime(path, (long_ago, long_ago))
        where = str(folder / "store.tegaki")
        _into(where, detector, folder)
        took = seconds(lambda: _into(where, detector, folder))
        walk = seconds(lambda: [os.stat(found.path) for found in _look(folder, where)])
    print(f"\n{f'{UNCHANGED:,} unchanged files':<34}{'files/s':>9}{'ratio':>8}")
    print(f"{'listing and stat alone':<34}{UNCHANGED / walk:>9,.0f}{1:>8.2f}")
    print(f"{'scan --store':<34}{UNCHANGED / took:>9,.0f}{walk / took:>8.2f}")


def _look(folder: Path, store: str) -> Iterator[SourceFile]:
    beside = [store, f"{store}-wal", f"{store}-shm"]
    return find([str(folder)], recursive=True, skip=beside)


def _into(where: str, detector: Detector, folder: Path) -> None:
    with Store.open(where) as store:
        begun = store.begin_scan(detector.context, detector.scorer.reader_version)
        found = _look(folder, where)
        for _ in scan_into(begun, detector.scorer, found, workers=default_workers()):
            pass


if __name__ == "__main__":
    end_to_end()
    unchanged()
