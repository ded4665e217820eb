"""Fonts from Debian's packages, and words to set in them: prose, code, Japanese letters."""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib
import numpy as np
from PIL import ImageFont

from tools.outside.packages import PackageError, unpacked

Font = ImageFont.FreeTypeFont
PACKAGES = {
    "sans": ("fonts-open-sans", "fonts-roboto-unhinted", "fonts-quicksand", "fonts-lato"),
    "serif": ("fonts-linuxlibertine", "fonts-ebgaramond", "fonts-liberation"),
    "mono": ("fonts-hack", "fonts-jetbrains-mono", "fonts-inconsolata", "fonts-courier-prime"),
    "casual": ("fonts-comic-neue",),
    "japanese": ("fonts-ipaexfont-gothic", "fonts-ipaexfont-mincho", "fonts-vlgothic"),
}
MODULES = ("argparse", "ast", "csv", "difflib", "heapq", "json.decoder", "pathlib", "random")
_KANA = [chr(code) for code in range(0x3042, 0x3093)]
_ROWS = range(0xB0, 0xCF)  # JIS X 0208: rows 16 to 46, the common kanji


@dataclass(frozen=True)
class Lettering:
    """Font files by kind; kinds are the keys of ``PACKAGES``."""

    files: dict[str, list[Path]]

    def font(self, rng: np.random.Generator, kind: str, size: int) -> Font:
        """Any font of the kind, in the size (pixels)."""
        files = self.files[kind]
        return ImageFont.truetype(str(files[int(rng.integers(len(files)))]), size)


def load_lettering(cache_folder: Path) -> Lettering:
    """Download the fonts; matplotlib's own stand in for kinds that cannot be had."""
    own = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    spare = {"serif": "DejaVuSerif.ttf", "mono": "DejaVuSansMono.ttf"}
    files: dict[str, list[Path]] = {}
    for kind, packages in PACKAGES.items():
        files[kind] = [file for name in packages for file in _fonts_of(name, cache_folder)]
        if not files[kind]:
            files[kind] = [own / spare.get(kind, "DejaVuSans.ttf")]
    return Lettering(files)


def prose(rng: np.random.Generator, count: int) -> str:
    """So many English words in a row, from the help texts of Python."""
    words = _words()
    start = int(rng.integers(len(words) - count))
    return " ".join(words[start : start + count])


def title(rng: np.random.Generator, most: int = 5) -> str:
    """A few words with capitals."""
    return prose(rng, int(rng.integers(1, most + 1))).title().strip(".,;:()")


def code(rng: np.random.Generator, lines: int) -> list[str]:
    """Lines of Python in a row, from a module of its library."""
    module = importlib.import_module(MODULES[int(rng.integers(len(MODULES)))])
    source = inspect.getsource(module).splitlines()
    start = int(rng.integers(max(1, len(source) - lines)))
    return source[start : start + lines]


def japanese(rng: np.random.Generator, count: int) -> str:
    """Letters that look like Japanese: two kana for every kanji. It means nothing."""
    letters = []
    for _ in range(count):
        if rng.uniform() < 0.66:
            letters.append(_KANA[int(rng.integers(len(_KANA)))])
        else:
            row = _ROWS[int(rng.integers(len(_ROWS)))]
            letters.append(bytes((row, int(rng.integers(0xA1, 0xFF)))).decode("euc_jp"))
    return "".join(letters)


def wrapped(text: str, font: Font, width: float) -> list[str]:
    """The text in lines that are about so wide (pixels)."""
    per_letter = font.getlength("an example of text") / 18
    return textwrap.wrap(text, max(8, int(width / per_letter)))


@cache
def _words() -> list[str]:
    return " ".join(topics[name] for name in sorted(topics)).split()


def _fonts_of(package: str, cache_folder: Path) -> list[Path]:
    try:
        folder = unpacked(f"debian:{package}", cache_folder)
    except PackageError as error:
        print(f"{package}: {error}", file=sys.stderr)
        return []
    files = sorted(f for f in folder.rglob("*.[to]tf") if "Italic" not in f.name)
    return [file for file in files if file.is_file() and not file.is_symlink()][:8]
