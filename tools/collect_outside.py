"""Collects pictures outside the detector's domain: photographs, screens, text, plots, patterns.

    python -m tools.collect_outside OUT [--cache FOLDER] [--seed N] [--skip packages|pages|drawn]

The domain is drawn and generated illustration, so a detector has to be told what is not. Three
kinds of sources give the pictures:

- *packages*: files that ship in packages of PyPI, npm and Debian, as ``outside/pictures.csv``
  lists them by hash. Somebody has looked at each: no drawing, no painting, nothing doubtful.
  Where the file is a scene for POV-Ray, the picture is what it shows
- *pages*: web pages that ship in packages, as Chromium shows them (``apt-get install chromium``)
- *drawn*: by program, from a seed (``apt-get install povray`` for some of the renders)

OUT/train and OUT/test get the pictures in the normal form of the corpus, OUT/manifest.csv says
what each is. No source is in both. What a machine cannot do is left out, and said.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tegaki.errors import PictureError
from tegaki.imaging import Limits
from tegaki.lab.corpus.normal_form import normal_form
from tools.outside import pages, scenes
from tools.outside.generators import GENERATORS, drawn
from tools.outside.lettering import load_lettering
from tools.outside.packages import find_pictures
from tools.outside.record import Collected, load_list, write_manifest

SEED = 20261130
PAGES = 4  # of each package
KINDS = ("packages", "pages", "drawn")
LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Gathered:
    """A picture before it is stored: ``name`` is its file's, without the suffix."""

    name: str
    category: str
    source: str
    split: str
    origin: str
    data: bytes


def from_packages(cache: Path) -> Iterator[Gathered]:
    """The pictures of the list that the packages still hold."""
    for found in find_pictures(load_list(), cache):
        picture = found.picture
        if found.data is None or found.path is None:
            print(f"{picture.origin}: no {picture.file}", file=sys.stderr)
            continue
        name = f"{_plain_name(picture.source)}-{picture.sha256[:10]}"
        data = found.data
        if found.path.suffix == ".pov":
            try:
                data = _png(scenes.packaged(found.path))
            except (FileNotFoundError, subprocess.SubprocessError) as error:
                print(f"{picture.file}: {error}", file=sys.stderr)
                continue
        yield Gathered(name, picture.category, picture.source, picture.split, picture.origin, data)


def from_pages(cache: Path, seed: int) -> Iterator[Gathered]:
    """Screenshots of the packages' web pages."""
    for split, origins in (("train", pages.TRAIN), ("test", pages.TEST)):
        for origin, inside in origins.items():
            source = origin.partition(":")[2].rpartition("@")[0] or origin.partition(":")[2]
            for k, (_, data) in enumerate(pages.screenshots(origin, inside, PAGES, seed, cache)):
                name = f"{_plain_name(source)}-page-{k}"
                yield Gathered(name, "screenshot", source, split, origin, data)


def from_programs(cache: Path, seed: int) -> Iterator[Gathered]:
    """What the generators draw."""
    fonts = load_lettering(cache)
    for generator in GENERATORS:
        try:
            for name, image in drawn(generator, seed, fonts):
                source = f"tools.outside:{generator.name}"
                yield Gathered(
                    name, generator.category, source, generator.split, source, _png(image)
                )
        except (FileNotFoundError, subprocess.SubprocessError) as error:
            print(f"{generator.name}: {error}", file=sys.stderr)


def store(pictures: Iterator[Gathered], out: Path) -> Iterator[Collected]:
    """Bring each picture to the normal form and write it; those that cannot be are named."""
    for picture in pictures:
        try:
            stored = normal_form(picture.data, LIMITS).data
        except PictureError as error:
            print(f"{picture.name}: {error}", file=sys.stderr)
            continue
        file = Path(picture.split) / f"{picture.name}.jpg"
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        (out / file).write_bytes(stored)
        yield Collected(
            file.as_posix(), picture.category, picture.source, picture.split, picture.origin
        )


def main() -> None:
    """Collect, store, and count."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--cache", type=Path, help="folder of the packages [OUT/.packages]")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--skip", action="append", choices=KINDS, default=[])
    options = parser.parse_args()
    cache = (options.cache or options.out / ".packages").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    rows: list[Collected] = []
    if "packages" not in options.skip:
        rows += store(from_packages(cache), options.out)
    if "pages" not in options.skip:
        rows += store(from_pages(cache, options.seed), options.out)
    if "drawn" not in options.skip:
        rows += store(from_programs(cache, options.seed), options.out)
    write_manifest(options.out / "manifest.csv", rows)
    for (split, category), count in sorted(Counter((r.split, r.category) for r in rows).items()):
        print(f"{split:<6}{category:<12}{count:>5}")
    print(f"{len(rows)} pictures of {len({row.source for row in rows})} sources")


def _plain_name(source: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in source).strip("-").lower()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
