"""Claims and pixels become one verdict: proof decides, declarations outweigh, hints only move."""

from __future__ import annotations

import pytest

from tegaki.results.claim import Claim, Kind, Location, Strength
from tegaki.results.result import Verdict
from tegaki.results.scoring_config import Calibration, Thresholds
from tegaki.verdict import decide, explain

T = Thresholds(0.2, 0.9, 0.05, 0.01, 193, 174)
AS_IS = Calibration(1.0, 0.0)
PROBABILITY: dict[Verdict, float] = {"drawn": 0.1, "unsure": 0.5, "generated": 0.95}


def claim(kind: Kind, strength: Strength, tool: str = "ComfyUI", note: str = "") -> Claim:
    return Claim(tool, "graph", kind, strength, Location("PNG tEXt prompt", 33, 99), note)


def reasons(pixels: Verdict, *claims: Claim) -> list[str]:
    return explain(PROBABILITY[pixels], [0.0], AS_IS, T, claims)


@pytest.mark.parametrize("pixels", ["drawn", "unsure", "generated"])
@pytest.mark.parametrize("strength", ["proof", "declared"])
def test_what_a_file_says_outweighs_pixels(pixels: Verdict, strength: Strength) -> None:
    assert decide(PROBABILITY[pixels], T, [claim("generated", strength)]) == "generated"


@pytest.mark.parametrize(
    ("kind", "strength"),
    [("generated", "hint"), ("edited-with-ai", "hint"), ("edited-with-ai", "declared"),
     ("edited-with-ai", "proof")],
)  # fmt: skip
def test_hints_and_edits_move_and_do_not_decide(kind: Kind, strength: Strength) -> None:
    given = {p: decide(PROBABILITY[p], T, [claim(kind, strength)]) for p in PROBABILITY}
    assert given == {"drawn": "unsure", "unsure": "unsure", "generated": "generated"}


@pytest.mark.parametrize("pixels", ["drawn", "unsure", "generated"])
@pytest.mark.parametrize("kind", ["camera", "human-editor"])
@pytest.mark.parametrize("strength", ["proof", "declared", "hint"])
def test_editors_cameras_and_silence_move_nothing(
    pixels: Verdict, kind: Kind, strength: Strength
) -> None:
    assert decide(PROBABILITY[pixels], T, [claim(kind, strength)]) == pixels
    assert decide(PROBABILITY[pixels], T) == pixels


@pytest.mark.parametrize("pixels", ["drawn", "unsure", "generated"])
@pytest.mark.parametrize("kind", ["generated", "edited-with-ai"])
@pytest.mark.parametrize("strength", ["proof", "declared", "hint"])
def test_what_a_file_says_of_ai_comes_first(
    pixels: Verdict, kind: Kind, strength: Strength
) -> None:
    """Tables show one reason."""
    assert "ComfyUI" in reasons(pixels, claim("camera", "declared", "A"), claim(kind, strength))[1]
    assert "ComfyUI" in reasons(pixels, claim(kind, strength))[0]


def test_a_disagreement_is_shown() -> None:
    first, careful, second = reasons("drawn", claim("generated", "declared"))
    assert first == (
        "The file says that it was made by ComfyUI (PNG tEXt prompt); the picture itself looks "
        "likely drawn."
    )
    assert careful == "Such marks can be written, copied or removed by anyone."
    assert second == (
        "The picture itself looks likely drawn (probability 0.100): file and picture disagree, and "
        "the mark outweighs the look."
    )


def test_an_agreement_keeps_the_reason_of_the_pixels() -> None:
    said, note, looks = reasons("generated", claim("generated", "proof", note="It fits."))
    assert said == (
        "A signature that fits these pixels says that it was made by ComfyUI (PNG tEXt prompt)."
    )
    assert note == "It fits."
    assert looks.startswith("Looks generated. Of 100 drawn pictures, about 1 looks")


def test_what_moves_nothing_comes_last() -> None:
    looks, said = reasons("drawn", claim("human-editor", "declared", "Krita"))
    assert looks.startswith("Looks drawn. Of 100 generated pictures, about 5 look")
    assert said == (
        "The file names Krita (PNG tEXt prompt), which proves nothing about who made the picture."
    )


def test_the_same_is_said_once_and_long_names_are_cut() -> None:
    same = claim("generated", "declared", "x" * 500)
    first, _, _ = reasons("unsure", same, same)
    assert "x" * 60 + "…" in first
    assert len(first) < 250
