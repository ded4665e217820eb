"""Real files: every generator's mark is found and named, and no other file is accused."""

from __future__ import annotations

import csv
import importlib.util
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from tools.measure_provenance import by_tegaki, count

from tegaki.metadata import read
from tegaki.results.claim import Claim

AI = ("generated", "edited-with-ai")


@pytest.fixture(scope="session")
def fixtures(shared: Path) -> Path:
    return shared / "fixtures"


@pytest.fixture(scope="session")
def manifest(fixtures: Path) -> list[dict[str, str]]:
    with (fixtures / "MANIFEST.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if importlib.util.find_spec("c2pa") is None:
        rows = [row for row in rows if not row["file"].startswith("c2pa_")]
    return rows


def test_the_counts_in_the_docs_are_those_of_today(fixtures: Path, root: Path) -> None:
    pytest.importorskip("c2pa", reason="needs c2pa-python")
    written = json.loads((root / "docs" / "provenance.json").read_text(encoding="utf-8"))
    assert written["tegaki"] == asdict(count(fixtures, by_tegaki))


def ai_claims(path: Path) -> list[Claim]:
    return [claim for claim in read(path.read_bytes()) if claim.kind in AI]


def test_every_generator_is_found_and_named(fixtures: Path, manifest: list[dict[str, str]]) -> None:
    wrong = {}
    for row in manifest:
        if row["label"] == "ai":
            claims = ai_claims(fixtures / row["file"])
            named = claims[0].tool if claims else None
            if named != row["tool"]:
                wrong[row["file"]] = (named, row["tool"])
    assert not wrong


def test_no_control_is_accused(fixtures: Path, manifest: list[dict[str, str]]) -> None:
    accused = {
        row["file"]: claims
        for row in manifest
        if row["label"] == "control" and "apparent" not in row["file"]
        for claims in [ai_claims(fixtures / row["file"])]
        if claims
    }
    assert not accused


def test_a_picture_of_a_graph_is_a_hint(fixtures: Path) -> None:
    """Its chunks are ComfyUI's, and it shows the graph: the graph makes another shape."""
    (claim,) = ai_claims(fixtures / "ctl_apparent_comfyui_graph_screenshot.png")
    assert (claim.tool, claim.strength) == ("ComfyUI", "hint")
    assert "512 x 512" in claim.note
    assert "2324 x 799" in claim.note


def test_prompts_are_read_where_there_are_any(
    fixtures: Path, manifest: list[dict[str, str]]
) -> None:
    missing = [
        row["file"]
        for row in manifest
        if row["label"] == "ai"
        and row["has_prompt"] == "true"
        and not any(claim.prompt for claim in ai_claims(fixtures / row["file"]))
    ]
    assert missing == []


def test_every_mark_stands_within_its_file(fixtures: Path, manifest: list[dict[str, str]]) -> None:
    for row in manifest:
        data = (fixtures / row["file"]).read_bytes()
        for claim in read(data):
            assert 0 <= claim.place.start < claim.place.end <= len(data), row["file"]
