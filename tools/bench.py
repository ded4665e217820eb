"""Time and memory, beside named peers in the same run.

    python tools/bench.py

- ``tegaki --help`` beside ``tegaki --version``
- a cold ``tegaki check`` of one picture, beside an interpreter that only imports what it needs
- ``tegaki.Detector.inspect_many`` over one-megapixel pictures, beside Pillow decoding the same
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tegaki import Detector
from tegaki.detector import default_workers

ROOT = Path(__file__).parents[1]
RUNS = 7
PICTURES = 48


def whole_process(command: list[str]) -> tuple[float, float]:
    """Seconds (median) and peak resident memory in MB (largest) of a command, after a warm-up."""
    seconds, memory = [], 0.0
    for run in range(RUNS + 1):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        if run:
            seconds.append(time.perf_counter() - started)
            memory = max(memory, usage.ru_maxrss / 1024)
    return statistics.median(seconds), memory


def processor_time(command: list[str]) -> float:
    """Seconds of processor time of a command: the least of some runs, after a warm-up."""
    least = float("inf")
    for run in range(RUNS + 1):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        if run:
            least = min(least, usage.ru_utime + usage.ru_stime)
    return least


def helping() -> None:
    """The aim: help takes at most 1.5 times the version's processor time."""
    print(f"{'Help (least of 7)':<52}{'CPU s':>9}{'ratio':>8}")
    base = 0.0
    for words in (["--version"], ["--help"], ["lab", "--help"]):
        seconds = processor_time([sys.executable, "-m", "tegaki", *words])
        base = base or seconds
        print(f"{' '.join(['tegaki', *words]):<52}{seconds:>9.3f}{seconds / base:>8.2f}")
    print()


def cold_check() -> None:
    """One picture from a cold start. The aim: under 1 s on two cores, under 300 MB."""
    python = sys.executable
    peer = [python, "-c", "import onnxruntime, numpy, PIL.Image"]
    rows = {
        "python -c 'import onnxruntime, numpy, PIL.Image'": whole_process(peer),
    }
    for name in ("ink.png", "dawn.avif"):
        command = [python, "-m", "tegaki", "check", str(ROOT / "examples" / name)]
        rows[f"tegaki check examples/{name}"] = whole_process(command)
    base = next(iter(rows.values()))[0]
    print(f"{'Cold start (median of 7)':<52}{'seconds':>9}{'ratio':>8}{'peak MB':>9}")
    for label, (seconds, memory) in rows.items():
        print(f"{label:<52}{seconds:>9.3f}{seconds / base:>8.2f}{memory:>9.0f}")


def make_pictures(folder: Path) -> list[Path]:
    """One-megapixel pictures with smooth areas and some noise, half PNG, half JPEG."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:1024, 0:1024]
    paths = []
    for k in range(PICTURES):
        waves = np.stack([np.sin((x + k * y) / (30 + 9 * c)) for c in range(3)], axis=2)
        pixels = np.clip(127 + 110 * waves + rng.normal(0, 3, waves.shape), 0, 255)
        path = folder / (f"{k}.png" if k % 2 else f"{k}.jpg")
        Image.fromarray(pixels.astype(np.uint8)).save(path, compress_level=3)
        paths.append(path)
    return paths


def rate(work: Callable[[], None]) -> float:
    """Pictures per second: the best of three runs."""
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        work()
        best = max(best, PICTURES / (time.perf_counter() - started))
    return best


def many_pictures() -> None:
    """Rates on all cores."""
    detector = Detector.load("fast")
    workers = default_workers()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_pictures(Path(folder))

        def decode(path: Path) -> None:
            with Image.open(io.BytesIO(path.read_bytes())) as picture:
                picture.convert("RGB")

        def decode_all() -> None:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(decode, paths))

        peer = rate(decode_all)
        ours = rate(lambda: list(detector.inspect_many(paths)).clear())
    print(f"\n{f'1024 x 1024, PNG and JPEG, {workers} cores':<52}{'pict./s':>9}{'ratio':>8}")
    print(f"{'Pillow, decoding only':<52}{peer:>9.1f}{1:>8.2f}")
    print(f"{'Detector.inspect_many':<52}{ours:>9.1f}{ours / peer:>8.2f}")


if __name__ == "__main__":
    helping()
    cold_check()
    many_pictures()
