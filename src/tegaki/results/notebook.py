"""A row as a piece of HTML: what notebooks show. Every text is escaped, and none is shown at
any length: what a file says of itself may be hostile, and megabytes of it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape

from tegaki.results.claim import Claim
from tegaki.results.parts import SHOWN, Verdict
from tegaki.utils.text import printable

_LONGEST = 300  # characters of one text
_MOST = 10  # reasons, and claims
_COLOURS: dict[Verdict, str] = {
    "drawn": "#2e7d32",
    "generated": "#8e24aa",
    "unsure": "#9a6700",
    "error": "#c62828",
}
_TEXTS = ("model", "prompt", "negative_prompt", "seed", "sampler")


def html_of(
    *,
    path: str,
    verdict: Verdict,
    probability: float | None,
    reasons: Sequence[str],
    claims: Sequence[Claim],
    thumbnail: bytes | None,
) -> str:
    """Some HTML for a row of these, of at most some 150 kB whatever they hold.

    Args:
        thumbnail: a small JPEG.
    """
    picture = ""
    if thumbnail is not None:
        data = base64.b64encode(thumbnail).decode()
        picture = f'<img alt="" src="data:image/jpeg;base64,{data}">'
    lines = "".join(_lines(path, verdict, probability, reasons, claims))
    return f'<div style="display:flex;gap:1em">{picture}<div>{lines}</div></div>'


def _lines(
    path: str,
    verdict: Verdict,
    probability: float | None,
    reasons: Sequence[str],
    claims: Sequence[Claim],
) -> Iterator[str]:
    if path:
        yield f"<div><code>{_text(path)}</code></div>"
    number = "" if probability is None else f" {probability:.3f} of generated"
    word = f'<strong style="color:{_COLOURS[verdict]}">{SHOWN[verdict]}</strong>'
    yield f"<div>{word}{number}</div>"
    yield _list([_text(reason) for reason in reasons[:_MOST]], len(reasons))
    if claims:
        yield "<div>The file says:</div>"
        yield _list([_claim(claim) for claim in claims[:_MOST]], len(claims))


def _list(items: Sequence[str], count: int) -> str:
    more = [f"and {count - len(items):,} more"] if count > len(items) else []
    return f"<ul>{''.join(f'<li>{item}</li>' for item in [*items, *more])}</ul>"


def _claim(claim: Claim) -> str:
    said = f"{claim.kind}: {_text(claim.tool)} ({claim.strength}; {_text(claim.place.path)})"
    for name in _TEXTS:
        value = getattr(claim, name)
        if value is not None:
            said += f"<br>{name.replace('_', ' ')}: {_text(str(value))}"
    return said


def _text(text: str) -> str:
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return escape(printable(cut))
