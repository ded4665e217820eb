"""Results as HTML pages with small pictures, a few hundred results each; nothing is fetched."""

from __future__ import annotations

import io
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from tegaki.errors import OutputError, PictureError
from tegaki.imaging import Limits, OpenedPicture
from tegaki.results.result import SHOWN, VERDICTS, Result, Verdict
from tegaki.results.scoring_config import DecodePolicy
from tegaki.sinks.pages import ShownClaim, data_url, render, shown, shown_claims
from tegaki.sources.archives import MemberReader
from tegaki.verdict.fusion import decided_by_file

_SIDE = 200  # pixels of a small picture, at most
_LIMITS = Limits()
_MARK = b'<meta name="generator" content="tegaki">'
_MARK_WITHIN = 1000  # bytes from a page's start


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    verdict: Verdict
    word: str
    number: str
    sort_key: str
    reason: str
    picture: str | None
    claims: tuple[ShownClaim, ...]
    more_claims: int


@dataclass(frozen=True, slots=True)
class _PageLink:
    name: str
    href: str | None = None
    rel: str | None = None


class PageSink:
    """Pages that are linked to each other: ``x.html``, ``x-2.html``, ``x-3.html`` and so on. A page
    is written when it is full, the first one once more at the end, with totals and links to all.
    Pictures are read once more; a word stands for those that cannot be.

    Raises:
        OutputError: a file that is not a page of results has the name of a further page.
    """

    PER_PAGE = 300
    """Results of one page."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._again = MemberReader(_LIMITS.max_bytes)
        self._totals: Counter[Verdict] = Counter()
        self._first: list[_Card] = []
        self._cards: list[_Card] = []
        self._page = 1
        self._remove_further_pages()
        self._write_first(more=False)  # whether it can be is known before the work

    def write(self, result: Result) -> None:
        if len(self._cards) == self.PER_PAGE:
            self._write_page(more=True)
            self._page, self._cards = self._page + 1, []
        self._cards.append(_card(result, self._again))
        self._totals[result.verdict] += 1
        if self._page == 1:
            self._first = self._cards

    def close(self) -> None:
        if self._page > 1:
            self._write_page(more=False)
        self._write_first(more=False)

    def _remove_further_pages(self) -> None:
        """Remove pages of an earlier run, which may have had more."""
        stem, ending = f"{self._path.stem}-", self._path.suffix
        old = [
            path
            for path in self._path.parent.iterdir()
            if path.suffix == ending
            and path.stem.startswith(stem)
            and path.stem.removeprefix(stem).isdecimal()
        ]
        for path in old:
            with path.open("rb") as stream:
                if _MARK not in stream.read(_MARK_WITHIN):
                    raise OutputError(
                        f"{path} is in the way: further pages of {self._path} have such names"
                    )
        for path in old:
            path.unlink()

    def _write_page(self, *, more: bool) -> None:
        if self._page == 1:
            self._write_first(more=more)
            return
        first = (self._page - 1) * self.PER_PAGE
        links = [
            _PageLink("First page, with totals", self._href(1)),
            _PageLink("Previous page", self._href(self._page - 1), "prev"),
            _PageLink(f"Page {self._page}"),
        ]
        if more:
            links.append(_PageLink("Next page", self._href(self._page + 1), "next"))
        said = f"Results {first + 1:,} to {first + len(self._cards):,}."
        self._write(self._page, self._cards, said, links)

    def _write_first(self, *, more: bool) -> None:
        last = self._page + more
        links = [_PageLink("Page 1")] + [
            _PageLink(f"Page {page}", self._href(page), "next" if page == 2 else None)
            for page in range(2, last + 1)
        ]
        self._write(1, self._first, _totals(self._totals), links if last > 1 else [])

    def _write(self, page: int, cards: list[_Card], totals: str, links: list[_PageLink]) -> None:
        here = Counter(card.verdict for card in cards)
        text = render(
            "results.html.jinja",
            "results.js",
            title="tegaki: results" if page == 1 else f"tegaki: results, page {page}",
            totals=totals,
            pages=links,
            verdicts=[(v, SHOWN[v], here[v]) for v in VERDICTS if here[v]],
            cards=cards,
        )
        self._file(page).write_text(text, encoding="utf-8")

    def _file(self, page: int) -> Path:
        if page == 1:
            return self._path
        return self._path.with_name(f"{self._path.stem}-{page}{self._path.suffix}")

    def _href(self, page: int) -> str:
        return "./" + quote(os.fsencode(self._file(page).name))


def _totals(totals: Counter[Verdict]) -> str:
    count = totals.total()
    said = ", ".join(f"{totals[v]:,} {SHOWN[v]}" for v in VERDICTS if totals[v])
    return f"{count:,} result{'' if count == 1 else 's'}{': ' if said else ''}{said}."


def _card(result: Result, again: MemberReader) -> _Card:
    claims = shown_claims(result.claims)
    probability = result.probability
    number = "" if probability is None else f"{probability:.3f}"
    return _Card(
        name=shown(result.path, 5000),
        verdict=result.verdict,
        word=SHOWN[result.verdict],
        number="by the file" if decided_by_file(result.claims) and number else number,
        sort_key="" if probability is None else repr(probability),
        reason=shown(result.reasons[0]),
        picture=_picture(result, again),
        claims=claims,
        more_claims=len(result.claims) - len(claims),
    )


def _picture(result: Result, again: MemberReader) -> str | None:
    path = (
        result.path if result.path_bytes is None else os.fsdecode(bytes.fromhex(result.path_bytes))
    )
    try:
        return data_url(_small(again.read(path)))
    except (PictureError, MemoryError):
        return None


def _small(data: bytes) -> bytes:
    """A JPEG of at most 200 pixels a side."""
    picture, _ = OpenedPicture(data).decode(DecodePolicy(), _LIMITS, min_side=1)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    small = io.BytesIO()
    picture.save(small, "JPEG", quality=80)
    return small.getvalue()
