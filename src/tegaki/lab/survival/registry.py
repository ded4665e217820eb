"""The tools whose effect on marks is measured, each with its command line at default settings."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tegaki.lab.survival.canvas import picture_in

SUFFIXES = {"PNG": "png", "JPEG": "jpg", "WebP": "webp", "AVIF": "avif", "GIF": "gif"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that copies, converts or edits pictures.

    Attributes:
        name: as people call it.
        version: the command that prints the version.
        command: the arguments that turn one file into another. ``{input}``, ``{output}``,
            ``{page}`` (a page that draws the input on a canvas) and ``{profile}`` (a folder that
            is not there yet) are filled in.
        routes: the formats of input and output that are measured.
        in_place: the command edits ``{output}``, which begins as a copy of the input.
        from_stdout: how the output is read from what the command prints; ``None``: it is a file.
        pattern: finds the version, as its first group, in what the version command prints.
        module: the Python module without which the tool is absent.
    """

    name: str
    version: tuple[str, ...]
    command: tuple[str, ...]
    routes: tuple[tuple[str, str], ...]
    in_place: bool = False
    from_stdout: Callable[[bytes], bytes] | None = None
    pattern: str = r"(\d+(?:\.\d+)+(?:-\d+)?)"
    module: str | None = None

    @property
    def is_present(self) -> bool:
        """Whether the program is on the path."""
        return shutil.which(self.command[0]) is not None

    def version_in(self, printed: str) -> str | None:
        """The version in what the version command prints, or ``None``."""
        found = re.search(self.pattern, printed)
        return found and found[1]

    @property
    def shown_command(self) -> str:
        """The command line as documentation shows it, without this machine's paths."""
        words = [word if "\n" not in word else "..." for word in self.command]
        words[0] = "python" if words[0] == sys.executable else words[0]
        shown = {name: name.upper() for name in ("input", "output", "page", "profile")}
        return " ".join(_quoted(word.format_map(shown)) for word in words)


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


_PILLOW = "import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2])"
_OPENCV = "import sys, cv2; cv2.imwrite(sys.argv[2], cv2.imread(sys.argv[1]))"
_PNG = ("PNG", "PNG")
_JPEG = ("JPEG", "JPEG")
_GIF = ("GIF", "GIF")
_USUAL = (_PNG, ("PNG", "JPEG"), ("PNG", "WebP"), _JPEG)
_EDITED = (_PNG, _JPEG, _GIF)
_CANVAS = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir={profile}",
    "--virtual-time-budget=10000", "--dump-dom", "{page}",
)  # fmt: skip

TOOLS: tuple[Tool, ...] = (
    Tool(
        "oxipng", ("oxipng", "--version"), ("oxipng", "--out", "{output}", "{input}"), (_PNG,)
    ),
    Tool(
        "optipng", ("optipng", "--version"), ("optipng", "-out", "{output}", "{input}"), (_PNG,)
    ),
    Tool("pngcrush", ("pngcrush", "-version"), ("pngcrush", "{input}", "{output}"), (_PNG,)),
    Tool(
        "cwebp", ("cwebp", "-version"), ("cwebp", "{input}", "-o", "{output}"),
        (("PNG", "WebP"), ("JPEG", "WebP")),
    ),
    Tool(
        "avifenc", ("avifenc", "--version"), ("avifenc", "{input}", "{output}"),
        (("PNG", "AVIF"), ("JPEG", "AVIF")),
    ),
    Tool(
        "jpegtran", ("jpegtran", "-version"), ("jpegtran", "{input}"), (_JPEG,),
        from_stdout=bytes,
    ),
    Tool(
        "mozjpeg", ("mozjpeg", "-version"), ("mozjpeg", "{input}"), (_JPEG,), from_stdout=bytes,
    ),
    Tool("ImageMagick", ("convert", "-version"), ("convert", "{input}", "{output}"), _USUAL),
    Tool(
        "GraphicsMagick", ("gm", "version"), ("gm", "convert", "{input}", "{output}"), _USUAL
    ),
    Tool("libvips", ("vips", "--version"), ("vips", "copy", "{input}", "{output}"), _USUAL),
    Tool(
        "FFmpeg", ("ffmpeg", "-version"), ("ffmpeg", "-i", "{input}", "{output}"), _USUAL,
        pattern=r"ffmpeg version (\S+)",
    ),
    Tool(
        "Pillow", (sys.executable, "-c", "import PIL; print(PIL.__version__)"),
        (sys.executable, "-c", _PILLOW, "{input}", "{output}"), (*_USUAL, _GIF),
        module="PIL",
    ),
    Tool(
        "OpenCV", (sys.executable, "-c", "import cv2; print(cv2.__version__)"),
        (sys.executable, "-c", _OPENCV, "{input}", "{output}"), _USUAL,
        module="cv2",
    ),
    Tool(
        "ExifTool, one field set", ("exiftool", "-ver"),
        ("exiftool", "-overwrite_original", "-Artist=somebody", "{output}"), (_PNG, _JPEG),
        in_place=True,
    ),
    Tool(
        "ExifTool, all removed", ("exiftool", "-ver"),
        ("exiftool", "-overwrite_original", "-all=", "{output}"), _EDITED, in_place=True,
    ),
    Tool(
        "exiv2, one field set", ("exiv2", "--version"),
        ("exiv2", "-M", "set Exif.Image.Artist somebody", "{output}"), (_PNG, _JPEG),
        in_place=True,
    ),
    Tool(
        "exiv2, all removed", ("exiv2", "--version"), ("exiv2", "rm", "{output}"), (_PNG, _JPEG),
        in_place=True,
    ),
    Tool(
        "gifsicle", ("gifsicle", "--version"), ("gifsicle", "{input}", "-o", "{output}"), (_GIF,)
    ),
    Tool(
        "Chromium, canvas", ("chromium", "--version"), _CANVAS, _USUAL, from_stdout=picture_in
    ),
)  # fmt: skip
"""Every tool that is known, in the order of the table."""
