"""Photographs, screenshots and text are not judged: the model says so, and the row."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL.PngImagePlugin import PngInfo

from tegaki import Detector, Result
from tegaki.results.claim import Claim, Kind, Location, Strength
from tegaki.results.codec import pack, unpack
from tegaki.results.result import CropScore, Measurement, Verdict
from tegaki.results.scoring_config import (
    Calibration,
    CropPolicy,
    DecodePolicy,
    ModelRef,
    ScoringConfig,
    ScoringContext,
    Thresholds,
)
from tegaki.sinks import open_sink
from tegaki.verdict import claim_effect, result_of
from tegaki.verdict.fusion import OUTSIDE
from tests.little_bundles import colour, grey, write_fast

RECIPE = ScoringConfig(DecodePolicy(), CropPolicy(), ModelRef("m", "0" * 64), Calibration(1.0, 0.0))
CONTEXT = ScoringContext(RECIPE, Thresholds(0.2, 0.9, 0.05, 0.01, 193, 174))
PARAMETERS = (
    "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 300x400, Version: v1.10.1"
)
LOGITS: dict[Verdict, float] = {"drawn": -5.0, "unsure": 0.0, "generated": 5.0}
DRAWN = Measurement("0" * 64, 10, "PNG", 90, 90, views=(CropScore("squashed", -5.0),))


def claim(kind: Kind, strength: Strength) -> Claim:
    return Claim("ComfyUI", "graph", kind, strength, Location("PNG tEXt prompt", 33, 99))


def measurement(pixels: Verdict, outside: float | None, *claims: Claim) -> Measurement:
    views = (CropScore("squashed", LOGITS[pixels]),)
    return replace(DRAWN, views=views, outside=outside, claims=claims)


@pytest.mark.parametrize(
    ("outside", "domain"),
    [(None, None), (-3.0, "inside"), (0.0, "inside"), (1e-6, "outside"), (3.0, "outside")],
)
def test_what_is_outside(outside: float | None, domain: str | None) -> None:
    found = measurement("drawn", outside)
    assert found.domain == domain
    assert result_of("a.png", found, CONTEXT).domain == domain


@pytest.mark.parametrize("pixels", ["drawn", "unsure", "generated"])
def test_what_is_outside_is_not_judged(pixels: Verdict) -> None:
    row = result_of("a.png", measurement(pixels, 0.1), CONTEXT)
    assert (row.verdict, row.reasons) == ("unsure", (OUTSIDE,))
    assert row.logit == LOGITS[pixels]
    assert row.probability is not None  # what the pixels look like is kept


@pytest.mark.parametrize("pixels", ["drawn", "unsure", "generated"])
@pytest.mark.parametrize("outside", [None, -0.1])
def test_inside_nothing_changes(pixels: Verdict, outside: float | None) -> None:
    row = result_of("a.png", measurement(pixels, outside), CONTEXT)
    assert row.verdict == pixels
    assert OUTSIDE not in row.reasons


@pytest.mark.parametrize("strength", ["proof", "declared"])
def test_a_claim_that_decides_still_does(strength: Strength) -> None:
    row = result_of("a.png", measurement("drawn", 5.0, claim("generated", strength)), CONTEXT)
    assert row.verdict == "generated"
    assert "ComfyUI" in row.reasons[0]
    assert OUTSIDE in row.reasons[1:]


@pytest.mark.parametrize(
    ("kind", "strength"),
    [("generated", "hint"), ("edited-with-ai", "declared"), ("camera", "declared")],
)
@pytest.mark.parametrize("pixels", ["drawn", "generated"])
def test_other_claims_do_not(pixels: Verdict, kind: Kind, strength: Strength) -> None:
    """That it is outside comes first: tables show one reason."""
    row = result_of("a.png", measurement(pixels, 5.0, claim(kind, strength)), CONTEXT)
    assert row.verdict == "unsure"
    assert row.reasons[0] == OUTSIDE
    assert any("PNG tEXt prompt" in reason for reason in row.reasons[1:])


def test_the_store_keeps_what_weighs() -> None:
    decides, hint = claim("generated", "declared"), claim("generated", "hint")
    assert claim_effect([decides], "outside") == "decides"
    assert claim_effect([hint], "outside") == "outside"
    assert claim_effect([], "outside") == "outside"
    assert claim_effect([hint], "inside") == claim_effect([hint]) == "moves"
    assert claim_effect([], "inside") == claim_effect([]) == "none"


def test_facts_are_kept_with_it() -> None:
    for outside in (None, -1.25, 3.5):
        found = measurement("drawn", outside, claim("generated", "hint"))
        assert unpack(pack(found), bytes(32)) == found


def test_facts_from_before_there_was_a_domain_are_read() -> None:
    plain = json.loads(pack(measurement("drawn", 1.0)))
    del plain["outside"]
    found = unpack(json.dumps(plain), bytes(32))
    assert (found, found.domain) == (DRAWN, None)


# ---- a network that says it --------------------------------------------------------------------


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder = tmp_path_factory.mktemp("little") / "fast"
    write_fast(folder)
    return Detector.load(folder)


@pytest.fixture
def rows(little: Detector, tmp_path: Path) -> list[Result]:
    """Of a picture outside the domain, one outside that says that it was generated, one inside,
    and one that cannot be judged."""
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    colour(255, 0, 0).save(tmp_path / "red.png")
    colour(255, 0, 0).save(tmp_path / "said.png", pnginfo=info)
    grey(128).save(tmp_path / "grey.png")
    names = ("red", "said", "grey", "missing")
    return [little.inspect(tmp_path / f"{name}.png") for name in names]


DOMAINS = ["outside", "outside", "inside", None]


def test_rows(rows: list[Result]) -> None:
    assert [row.domain for row in rows] == DOMAINS
    assert [row.verdict for row in rows[:2]] == ["unsure", "generated"]
    assert rows[0].reasons[0] == OUTSIDE


def write(path: Path, rows: list[Result]) -> Path:
    sink = open_sink(path)
    for row in rows:
        sink.write(row)
    sink.close()
    return path


def test_every_output_says_it(rows: list[Result], tmp_path: Path) -> None:
    lines = write(tmp_path / "o.jsonl", rows).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["domain"] for line in lines] == DOMAINS
    with write(tmp_path / "o.csv", rows).open(encoding="utf-8", newline="") as stream:
        assert [row["domain"] for row in csv.DictReader(stream)] == [d or "" for d in DOMAINS]


def test_parquet_says_it(rows: list[Result], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs tegaki[parquet]")
    table = parquet.read_table(write(tmp_path / "o.parquet", rows))
    assert table["domain"].to_pylist() == DOMAINS


def test_models_that_do_not_say(tmp_path: Path) -> None:
    write_fast(tmp_path / "fast", outside=False)
    colour(255, 0, 0).save(tmp_path / "red.png")
    row = Detector.load(tmp_path / "fast").inspect(tmp_path / "red.png")
    assert (row.domain, OUTSIDE in row.reasons) == (None, False)


def test_the_careful_model_says(careful: Detector, tmp_path: Path) -> None:
    grey(128).save(tmp_path / "a.png")
    assert careful.inspect(tmp_path / "a.png").domain in ("inside", "outside")
