"""Which of the files that were found a scan judges, and which it passes over."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tegaki.sources.archives import SEPARATOR
from tegaki.sources.walk import SourceFile, is_expandable

TYPES: dict[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png", ".apng"),
    "webp": (".webp",),
    "gif": (".gif",),
    "bmp": (".bmp", ".dib"),
    "tiff": (".tif", ".tiff"),
    "avif": (".avif", ".avifs"),
}
"""Names of formats to the endings of files, in lower case."""

# fmt: off
_SIDE_CARS = frozenset((
    # captions, tags and other text
    ".txt", ".caption", ".tags", ".md", ".rst", ".log", ".nfo", ".srt", ".vtt", ".htm", ".html",
    ".url", ".webloc",
    # what galleries, editors and cameras say of a picture
    ".json", ".jsonl", ".ndjson", ".json5", ".xml", ".xmp", ".yaml", ".yml", ".toml", ".ini",
    ".cfg", ".csv", ".tsv", ".aae", ".pp3", ".dop",
    # parts of a data set's samples: arrays, classes, indices
    ".npz", ".npy", ".pt", ".pth", ".safetensors", ".pkl", ".pickle", ".pyd", ".cls", ".cls2",
    ".index", ".idx", ".lst", ".arrow",
    # sums and lists
    ".md5", ".sha1", ".sha256", ".sha512", ".sfv", ".m3u", ".torrent",
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files are asked for.

    Attributes:
        include: patterns; a file has to match one of them, or the archive that holds it has to.
        exclude: patterns; a file may match none of them, nor may the archive that holds it.
        types: keys of :data:`TYPES`; the name has to end as those of one of them do.
        all_files: side-cars are judged as well.

    A pattern with a ``/`` is matched against the path as it is shown, one without against the name
    alone (``*``, ``?`` and ``[...]`` are taken, and ``*`` takes a ``/`` too).
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    all_files: bool = False

    @property
    def narrows(self) -> bool:
        """Whether files are left out that a scan would judge."""
        return bool(self.include or self.exclude or self.types)

    def accepts(self, path: str) -> bool:
        """Whether the patterns and types let a file pass, or a member of an archive."""
        places = _places(path)
        if any(_matches(place, self.exclude) for place in places):
            return False
        if self.include and not any(_matches(place, self.include) for place in places):
            return False
        return not self.types or path.lower().endswith(self._endings())

    def expands(self, archive: str) -> bool:
        """Whether an archive is gone through; its members are asked one by one."""
        return not _matches(archive, self.exclude)

    def _endings(self) -> tuple[str, ...]:
        return tuple(ending for name in self.types for ending in TYPES[name])


EVERYTHING = Selection(all_files=True)


class Selector:
    """Lets those files through that a selection takes.

    Attributes:
        skipped: side-cars that were not, by the endings of their names.
    """

    def __init__(self, selection: Selection = EVERYTHING) -> None:
        self.selection = selection
        self.skipped: Counter[str] = Counter()

    def __call__(self, found: Iterable[SourceFile]) -> Iterator[SourceFile]:
        """Of what was found, that which is to be judged, and archives to be gone through."""
        for item in found:
            if is_expandable(item):
                if self.selection.expands(item.path):
                    yield item
            elif self.accepts(item.path, named=item.named):
                yield item

    def accepts(self, path: str, *, named: bool = False) -> bool:
        """Whether a file is to be judged; counts it if it is passed over.

        Args:
            named: it was asked for by its own name, not by that of its folder or archive.
        """
        if not self.selection.accepts(path):
            return False
        if named or self.selection.all_files or not is_side_car(path):
            return True
        self.count_skipped(path)
        return False

    def count_skipped(self, path: str) -> None:
        """Count a file that holds no picture, and was not asked for by its name."""
        self.skipped[_ending(path)] += 1


def is_side_car(path: str) -> bool:
    """Whether a name says that it is a file which stands beside pictures and is none."""
    return _ending(path) in _SIDE_CARS


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _places(path: str) -> tuple[str, ...]:
    """A member's path, and its archive's."""
    archive, between, _ = path.partition(SEPARATOR)
    return (path, archive) if between else (path,)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    name = path.rpartition(SEPARATOR)[2].rpartition("/")[2]
    return any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)
