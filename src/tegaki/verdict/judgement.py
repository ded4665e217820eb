"""From facts to the row: everything that is said of a file, derived from what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.results.result import Measurement, Result, Verdict
from tegaki.results.scoring_config import ScoringContext
from tegaki.utils.text import readable
from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import sentences
from tegaki.verdict.policy import decide, explain


def result_of(path: str, measurement: Measurement, context: ScoringContext) -> Result:
    """The row of a file with these facts. ``path`` may hold bytes that are not UTF-8."""
    verdict, probability, logit = _judged(measurement, context)
    shown, raw = readable(path)
    return Result(
        path=shown,
        path_bytes=raw,
        sha256=measurement.sha256,
        size_bytes=measurement.size_bytes,
        format=measurement.format,
        width=measurement.width,
        height=measurement.height,
        alpha=measurement.alpha,
        animated=measurement.animated,
        verdict=verdict,
        probability=probability,
        logit=logit,
        views=measurement.views,
        reasons=tuple(_reasons(measurement, context, probability)),
        claims=measurement.claims,
        error=measurement.error,
        model=context.model,
        recipe=context.config_hash,
        domain=measurement.domain,
        judged_area=measurement.judged_area,
        judged_frame=measurement.judged_frame,
    )


def _judged(
    measurement: Measurement, context: ScoringContext
) -> tuple[Verdict, float | None, float | None]:
    if measurement.error:
        return "error", None, None
    logit = sum(view.logit for view in measurement.views) / len(measurement.views)
    probability = probability_of(logit, context.config.calibration)
    return (
        decide(probability, context.thresholds, measurement.claims, measurement.domain),
        probability,
        logit,
    )


def _reasons(
    measurement: Measurement, context: ScoringContext, probability: float | None
) -> Iterator[str]:
    if measurement.error or probability is None:
        yield f"Cannot be judged: {measurement.error.message if measurement.error else ''}."
        yield from sentences(measurement.claims)
        yield from measurement.remarks
        return
    logits = [view.logit for view in measurement.views]
    calibration, thresholds = context.config.calibration, context.thresholds
    yield from explain(
        probability, logits, calibration, thresholds, measurement.claims, measurement.domain
    )
    yield from measurement.remarks
    if measurement.alpha:
        yield "Transparent parts were laid on white."
    yield from _part_judged(measurement)


def _part_judged(measurement: Measurement) -> Iterator[str]:
    """What was looked at, where that is not all."""
    tiles, area = {view.box for view in measurement.views if view.box}, measurement.judged_area
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
    if measurement.judged_frame is not None and measurement.judged_frame > 1:
        yield f"Frame {measurement.judged_frame} was judged: those before it show next to nothing."
    elif measurement.animated:
        yield "Only the first frame or page was judged."


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
