"""What a data set holds: counts by what could tell the labels apart, and a contact sheet."""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tegaki.concurrency.ordered_map import ordered_map
from tegaki.detector import default_workers
from tegaki.errors import CorpusError, PictureError
from tegaki.imaging import Limits, OpenedPicture
from tegaki.lab.corpus.entries import read_item
from tegaki.lab.corpus.manifest import LABELS, SPLITS, Corpus, Item
from tegaki.results.scoring_config import DecodePolicy
from tegaki.utils.tables import Table
from tegaki.utils.text import printable

_UNKNOWN = "unknown"
_SIZES = ((512, "under 512"), (768, "512 to 767"), (1024, "768 to 1,023"), (1536, "1,024 to 1,535"))
_LARGE = "1,536 and more"
_SHOWN = 20  # rows of a table; the rest is summed up
_MOST_THUMBNAILS = 600  # about 3 MB of page
_THUMBNAIL = (128, 128)
_PRIVATE = "This page holds other people's pictures. It is for private use: do not publish it."


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures by one property: value to (human, generated), in the order shown."""

    name: str
    title: str
    counts: dict[str, tuple[int, int]]

    def table(self) -> Table:
        rows = list(self.counts.items())
        if rest := [numbers for _, numbers in rows[_SHOWN:]]:
            human, generated = (sum(column) for column in zip(*rest, strict=True))
            rows = [*rows[:_SHOWN], (f"{len(rest)} more", (human, generated))]
        cells = [(value, f"{human:,}", f"{generated:,}") for value, (human, generated) in rows]
        return Table(self.title, (self.name, *LABELS), cells, numbers=frozenset((1, 2)))


@dataclass(frozen=True, slots=True)
class Description:
    """What a data set holds. ``left_out``: reason to number of pictures, for a built set."""

    manifest_sha256: str
    pictures: int
    parts: tuple[Part, ...]
    left_out: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, every value of every part in it."""
        return {
            "manifest_sha256": self.manifest_sha256,
            "pictures": self.pictures,
            "by": {
                part.name: {
                    value: dict(zip(LABELS, numbers, strict=True))
                    for value, numbers in part.counts.items()
                }
                for part in self.parts
            },
            "left_out": self.left_out,
        }

    def tables(self) -> list[Table]:
        tables = [part.table() for part in self.parts]
        if self.left_out:
            rows = [(reason, f"{count:,}") for reason, count in self.left_out.items()]
            note = "Not in the set; left-out.csv names them."
            tables.append(Table("Left out", ("reason", "pictures"), rows, note, frozenset((1,))))
        return tables


def describe(corpus: Corpus, left_out: dict[str, int]) -> Description:
    """Count a corpus' pictures by every property that its manifest holds."""
    items = corpus.items
    sizes = [*(name for _, name in _SIZES), _LARGE, _UNKNOWN]
    parts = (
        _part(items, "split", "Splits", lambda i: i.split, SPLITS.index),
        _part(items, "source", "Sources", lambda i: i.source),
        _part(items, "family", "Families", lambda i: i.family),
        _part(items, "style", "Styles", lambda i: i.style),
        _part(items, "size", "Short side of the original, pixels", _size, sizes.index),
        _part(items, "format", "Format of the original", _format),
        _part(items, "year", "Years", lambda i: i.date[:4], str),
        _part(items, "licence", "Licences, as stated", lambda i: i.licence),
    )
    return Description(corpus.manifest_sha256, len(items), parts, left_out)


def _part(
    items: Iterable[Item],
    name: str,
    title: str,
    value_of: Callable[[Item], str],
    rank: Callable[[str], Any] | None = None,
) -> Part:
    """Values by ``rank``, by default the most frequent first."""
    counts = Counter((value_of(item) or _UNKNOWN, item.generated) for item in items)
    values = {value for value, _ in counts}
    by_value = {value: (counts[value, False], counts[value, True]) for value in values}

    def key(value: str) -> Any:
        return (rank(value) if rank else -sum(by_value[value]), value)

    return Part(name, title, {value: by_value[value] for value in sorted(values, key=key)})


def _size(item: Item) -> str:
    if item.original is None:
        return _UNKNOWN
    short = min(item.original.width, item.original.height)
    return next((name for limit, name in _SIZES if short < limit), _LARGE)


def _format(item: Item) -> str:
    return item.original.format if item.original else _UNKNOWN


def contact_sheet(
    items: Sequence[Item],
    per_source: int,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> str:
    """An HTML section with the first pictures of every source, at most 600, as ``data:`` URIs."""
    chosen = _choose(items, per_source)
    shown = chosen[:_MOST_THUMBNAILS]
    figures = []
    with closing(ordered_map(_figure, shown, default_workers())) as drawn:
        for done, figure in enumerate(drawn, 1):
            figures.append(figure)
            progress("thumbnails", done, len(shown))
    rest = f" {len(shown)} of {len(chosen)} are shown." if len(shown) < len(chosen) else ""
    return (
        f'<h2>Contact sheet</h2>\n<p>{_PRIVATE}{rest}</p>\n<div class="sheet">\n'
        + "\n".join(figures)
        + "\n</div>\n"
    )


def _choose(items: Sequence[Item], per_source: int) -> list[Item]:
    chosen: dict[tuple[str, bool], list[Item]] = {}
    for item in items:
        of_source = chosen.setdefault((item.source, item.generated), [])
        if len(of_source) < per_source:
            of_source.append(item)
    return [item for _, of_source in sorted(chosen.items()) for item in of_source]


def _figure(item: Item) -> str:
    caption = html.escape(printable(f"{item.source}: {item.label}, {item.split}"))
    try:
        shown = f'<img src="data:image/jpeg;base64,{_thumbnail(item)}" alt="">'
    except (PictureError, CorpusError) as problem:
        shown = f"<p>cannot be read: {type(problem).__name__}</p>"
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _thumbnail(item: Item) -> str:
    limits = Limits()
    picture, _ = OpenedPicture(read_item(item, limits)).decode(DecodePolicy(), limits, min_side=1)
    picture.thumbnail(_THUMBNAIL)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=70, comment=b"")
    return base64.b64encode(buffer.getvalue()).decode()
