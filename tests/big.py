"""Pictures of 100 megapixels, quickly made: a small one over and over; and what memory a scan
takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import painting

SIDE = 10_000
_TILE = 1000


def big(mode: str) -> Image.Image:
    """``RGB``, ``RGBA`` (partly transparent) or ``P``."""
    tile = painting(_TILE, _TILE)
    if mode == "RGBA":
        tile.putalpha(
            Image.fromarray(np.linspace(0, 255, _TILE * _TILE).astype(np.uint8).reshape(_TILE, -1))
        )
    if mode == "P":
        tile = tile.quantize(64)
    picture = Image.new(mode, (SIDE, SIDE))
    if mode == "P":
        picture.putpalette(tile.getpalette() or [])
    for x in range(0, SIDE, _TILE):
        for y in range(0, SIDE, _TILE):
            picture.paste(tile, (x, y))
    return picture


FILES: dict[str, Callable[[Path], None]] = {
    "big.jpg": lambda path: big("RGB").save(path, quality=90),
    "big.png": lambda path: big("RGB").save(path, compress_level=1),
    "cut-out.png": lambda path: big("RGBA").save(path, compress_level=1),
    "palette.png": lambda path: big("P").save(path, compress_level=1),
    "palette.gif": lambda path: big("P").save(path),
}
"""Each within the 500 MB that a scan with two workers may take."""

# What wait4 tells of a child begins with the memory of its parent.
_TOLD = """
import atexit, pathlib, sys
where = pathlib.Path(sys.argv.pop(1))
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: where.write_text(status.read_text().split("VmHWM:")[1].split()[0]))
from tegaki.cli.main import main
main()
"""


def peak_mb(*arguments: str) -> int:
    """The most memory that ``tegaki ARGUMENTS`` takes. Linux only."""
    with tempfile.NamedTemporaryFile() as told:
        command = [sys.executable, "-c", _TOLD, told.name, *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode in (0, 1), done  # 1: some files are no pictures
        return round(int(Path(told.name).read_text()) / 1024)
