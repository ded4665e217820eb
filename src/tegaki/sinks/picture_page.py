"""One page about one picture: the verdict, what it rests on, and a report to copy."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.results.result import SHOWN, Result
from tegaki.results.scoring_config import Thresholds
from tegaki.sinks.pages import data_url, render, shown, shown_claims
from tegaki.verdict.fusion import decided_by_file

_MOST_REASONS = 50
_LONGEST_REPORT = 50_000  # characters


def picture_page(result: Result, thresholds: Thresholds, report: str) -> str:
    """HTML that needs no other file.

    Args:
        result: with ``thumbnail``, or the page holds no picture.
        thresholds: those that the verdict was made with.
        report: the same as text, to be copied.
    """
    claims = shown_claims(result.claims)
    name = shown(result.path, 5000)
    return render(
        "picture.html.jinja",
        "picture.js",
        title=f"tegaki: {name}",
        name=name,
        picture=None if result.thumbnail is None else data_url(result.thumbnail),
        verdict=result.verdict,
        word=SHOWN[result.verdict],
        reasons=[shown(reason) for reason in result.reasons[:_MOST_REASONS]],
        number=list(_number(result, thresholds)),
        claims=claims,
        more_claims=len(result.claims) - len(claims),
        looked_at=list(_looked_at(result)),
        report=report[:_LONGEST_REPORT],
    )


def _number(result: Result, t: Thresholds) -> Iterator[str]:
    if result.probability is None:
        return
    yield (
        f"Probability of generated: {result.probability:.3f}. It is 0 for a picture that looks "
        "drawn, 1 for one that looks generated, and says how the pixels look, nothing else."
    )
    yield (
        f"Up to {t.drawn_up_to:.3f} a picture is called likely drawn, from {t.generated_from:.3f} "
        f"likely generated, and between them tegaki is not sure. The limits were set on "
        f"{t.humans:,} drawn and {t.generated:,} generated pictures from sources that the model "
        "had not learnt from; on pictures unlike those it errs more often."
    )
    if decided_by_file(result.claims):
        yield "Here the verdict rests on what the file says of itself, not on this number."
    elif result.domain == "outside":
        yield "Here the number decides nothing: this is no kind of picture that tegaki judges."


def _looked_at(result: Result) -> Iterator[tuple[str, str]]:
    if result.format:
        yield "picture", f"{result.format}, {result.width} x {result.height} pixels"
    if result.size_bytes is not None:
        yield "file", f"{result.size_bytes:,} bytes"
    for view in result.views:
        yield f"part judged: {view.name}", f"logit {view.logit:+.2f} (above zero: generated)"
    if result.sha256:
        yield "SHA-256 of the file", result.sha256
    yield "model", result.model
    yield "hash of everything that moves a score", result.recipe
