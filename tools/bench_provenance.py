"""Time to read provenance, beside sd-parsers in the same run.

    python tools/bench_provenance.py FIXTURES

FIXTURES is a folder of pictures with MANIFEST.csv beside them. The peer is measured where it is
installed (``pip install sd-parsers``): its default, which reads texts and no pixels.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tegaki.metadata import examine

RUNS = 5


def milliseconds(read: Callable[[bytes], object], data: bytes) -> float:
    """The fastest of a few runs."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        read(data)
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


def row(label: str, times: list[float]) -> None:
    """One line: mean, median, 95th percentile, largest."""
    ranked = sorted(times)
    worst = ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]
    mean, middle = statistics.mean(times), statistics.median(times)
    print(f"{label:<52}{mean:>8.2f}{middle:>8.2f}{worst:>8.2f}{ranked[-1]:>8.2f}")


def peer() -> Callable[[bytes], object] | None:
    """sd-parsers' default, or ``None`` where it is not installed."""
    if importlib.util.find_spec("sd_parsers") is None:
        return None
    manager = __import__("sd_parsers").ParserManager()

    def read(data: bytes) -> object:
        return manager.parse(io.BytesIO(data))

    return read


def texts_alone(data: bytes) -> object:
    return examine(data, pixels=False)


def fixtures(folder: Path) -> None:
    """Every real file: without pixels (what the peer does), with everything, and the peer."""
    with (folder / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        names = [r["file"] for r in csv.DictReader(stream)]
    plain = [(folder / name).read_bytes() for name in names if not name.startswith("c2pa_")]
    print(f"{'milliseconds a file':<52}{'mean':>8}{'median':>8}{'95 %':>8}{'worst':>8}")
    ours = [milliseconds(texts_alone, data) for data in plain]
    row(f"tegaki, texts and containers ({len(plain)} files)", ours)
    row("tegaki, and pixels", [milliseconds(examine, d) for d in plain])
    other = peer()
    if other is None:
        print("sd-parsers is not installed: no peer")
        return
    theirs = [milliseconds(other, data) for data in plain]
    row("sd-parsers, default", theirs)
    faster = sum(a <= b for a, b in zip(ours, theirs, strict=True))
    print(f"tegaki is at least as fast on {faster} of {len(plain)} files")


def unmarked() -> None:
    """Pictures without marks, of one megapixel."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 4), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((1024, 1024), Image.Resampling.BICUBIC)
    for form, mode in (("PNG", "RGBA"), ("PNG", "RGB"), ("JPEG", "RGB"), ("WEBP", "RGB")):
        buffer = io.BytesIO()
        picture.convert(mode).save(buffer, form)
        data = buffer.getvalue()
        decode = milliseconds(lambda d: Image.open(io.BytesIO(d)).load(), data)
        row(f"unmarked {form} {mode}, texts and containers", [milliseconds(texts_alone, data)])
        row(f"unmarked {form} {mode}, and pixels", [milliseconds(examine, data)])
        print(f"{'  beside Pillow decoding it':<52}{decode:>8.2f}")


def main() -> None:
    warnings.filterwarnings("ignore", module="PIL")
    if len(sys.argv) > 1:
        fixtures(Path(sys.argv[1]))
    unmarked()


if __name__ == "__main__":
    main()
