"""Shared by all tests: shipped detectors, pictures made on the spot, the corpus if at hand."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tegaki import Detector

ROOT = Path(__file__).parents[1]

# Whatever is started in the background of a script ignores Ctrl-C, and so does all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def detector() -> Detector:
    """Of the fast model: most tests are about files and rows, not about which model judges."""
    return Detector.load("fast")


@pytest.fixture(scope="session")
def careful() -> Detector:
    return Detector.load("careful")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the corpus and start weights, which do not ship with the project."""
    folder = Path(os.environ.get("TEGAKI_SHARED", ROOT.parent / "shared"))
    if not (folder / "corpus" / "manifest.csv").exists():
        pytest.skip(f"needs the corpus, and {folder} has none (set TEGAKI_SHARED)")
    return folder


def painting(width: int = 120, height: int = 160, seed: int = 0) -> Image.Image:
    """A smooth, colourful, asymmetric RGB picture: orientation and cropping mistakes show."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 127 * np.sin((x + 2 * y + 37 * seed) / 23)
    return Image.fromarray(np.stack([red, green, blue], axis=2).astype(np.uint8))


def worst_difference(a: Image.Image, b: Image.Image) -> int:
    """The largest difference of any sample of two pictures of one size."""
    assert a.size == b.size
    pixels = [np.asarray(picture.convert("RGB"), dtype=np.int16) for picture in (a, b)]
    return int(np.abs(pixels[0] - pixels[1]).max())
