"""From a probability and a file's claims to a verdict, and why, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence

from tegaki.results.claim import AI, Claim
from tegaki.results.result import SHOWN, Domain, Verdict
from tegaki.results.scoring_config import Calibration, Thresholds
from tegaki.verdict.calibration import probability_of
from tegaki.verdict.fusion import (
    OUTSIDE,
    claim_effect,
    combine,
    decided_by_file,
    disagreement,
    sentences,
)


def decide(
    probability: float,
    thresholds: Thresholds,
    claims: Sequence[Claim] = (),
    domain: Domain | None = None,
) -> Verdict:
    """``generated``, ``drawn`` or ``unsure``: by the claims that decide, else by the pixels."""
    return combine(verdict_of_pixels(probability, thresholds), claim_effect(claims, domain))


def verdict_of_pixels(probability: float, thresholds: Thresholds) -> Verdict:
    """``generated``, ``drawn`` or, between the thresholds, ``unsure``."""
    if probability >= thresholds.generated_from:
        return "generated"
    if probability <= thresholds.drawn_up_to:
        return "drawn"
    return "unsure"


def explain(
    probability: float,
    view_logits: Sequence[float],
    calibration: Calibration,
    thresholds: Thresholds,
    claims: Sequence[Claim] = (),
    domain: Domain | None = None,
) -> list[str]:
    """Why this verdict. What the file says comes first where it says anything of AI, whatever
    decided: tables show one reason alone. Then how the picture looks, and views that disagree."""
    pixels = verdict_of_pixels(probability, thresholds)
    verdict = combine(pixels, claim_effect(claims, domain))
    said = list(sentences(claims))
    if domain == "outside":
        return [*said, OUTSIDE] if decided_by_file(claims) else [OUTSIDE, *said]
    if decided_by_file(claims) and pixels == "drawn":  # in the first sentence, where tables cut
        said[0] = f"{said[0].removesuffix('.')}; the picture itself looks {SHOWN[pixels]}."
    looks = _main_reason(pixels, thresholds)
    if verdict != pixels:
        looks = disagreement(pixels, probability, verdict)
    reasons = [*said, looks] if any(c.kind in AI for c in claims) else [looks, *said]
    each = [probability_of(logit, calibration) for logit in view_logits]
    if min(each) <= thresholds.drawn_up_to and max(each) >= thresholds.generated_from:
        reasons.append(
            f"Parts of the picture disagree: probability {min(each):.2f} to {max(each):.2f}."
        )
    return reasons


def _main_reason(verdict: Verdict, t: Thresholds) -> str:
    if verdict == "generated":
        share, tried = _of_a_hundred(t.false_generated), f"{t.humans:,} tried"
        return f"Looks generated. Of 100 drawn pictures, {share} this generated ({tried})."
    if verdict == "drawn":
        share, tried = _of_a_hundred(t.false_drawn), f"{t.generated:,} tried"
        return f"Looks drawn. Of 100 generated pictures, {share} this drawn ({tried})."
    return (
        f"Between {t.drawn_up_to:.3f} and {t.generated_from:.3f} this model errs too often to say."
    )


def _of_a_hundred(share: float) -> str:
    return f"about {share * 100:g} look{'s' if share == 0.01 else ''}"
