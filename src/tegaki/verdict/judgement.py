"""From facts to the row: everything that is said of a file, derived from what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.results.result import Facts, Row, Verdict
from tegaki.results.scoring_config import Basis
from tegaki.utils.text import readable
from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import sentences
from tegaki.verdict.policy import decide, explain


def row_of(path: str, facts: Facts, basis: Basis) -> Row:
    """The row of a file with these facts. ``path`` may hold bytes that are not UTF-8."""
    verdict, probability, logit = _judged(facts, basis)
    shown, raw = readable(path)
    return Row(
        path=shown,
        path_bytes=raw,
        sha256=facts.sha256,
        size_bytes=facts.size_bytes,
        format=facts.format,
        width=facts.width,
        height=facts.height,
        alpha=facts.alpha,
        animated=facts.animated,
        verdict=verdict,
        probability=probability,
        logit=logit,
        views=facts.views,
        reasons=tuple(_reasons(facts, basis, probability)),
        claims=facts.claims,
        error=facts.error,
        model=basis.model,
        recipe=basis.recipe_hash,
        domain=facts.domain,
        judged_area=facts.judged_area,
        judged_frame=facts.judged_frame,
    )


def _judged(facts: Facts, basis: Basis) -> tuple[Verdict, float | None, float | None]:
    if facts.error:
        return "error", None, None
    logit = sum(view.logit for view in facts.views) / len(facts.views)
    probability = probability_of(logit, basis.recipe.calibration)
    return decide(probability, basis.thresholds, facts.claims, facts.domain), probability, logit


def _reasons(facts: Facts, basis: Basis, probability: float | None) -> Iterator[str]:
    if facts.error or probability is None:
        yield f"Cannot be judged: {facts.error.message if facts.error else ''}."
        yield from sentences(facts.claims)
        yield from facts.remarks
        return
    logits = [view.logit for view in facts.views]
    calibration, thresholds = basis.recipe.calibration, basis.thresholds
    yield from explain(probability, logits, calibration, thresholds, facts.claims, facts.domain)
    yield from facts.remarks
    if facts.alpha:
        yield "Transparent parts were laid on white."
    yield from _part_judged(facts)


def _part_judged(facts: Facts) -> Iterator[str]:
    """What was looked at, where that is not all."""
    tiles, area = {view.box for view in facts.views if view.box}, facts.judged_area
    if tiles and area is not None:
        squares = (
            f"{len(tiles)} squares along it were" if len(tiles) > 1 else "one square of it was"
        )
        yield (
            f"This is a long picture: {squares} judged, {_percent(area)} of its area. "
            "Blank ones are left out."
        )
    elif area is not None and _percent(area) != "100 %":
        yield f"Only the middle was judged, {_percent(area)} of the picture."
    if facts.judged_frame is not None and facts.judged_frame > 1:
        yield f"Frame {facts.judged_frame} was judged: those before it show next to nothing."
    elif facts.animated:
        yield "Only the first frame or page was judged."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
