"""The shipped models are worth what their cards say."""

from __future__ import annotations

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.tables import MODELS, ROOT

from tegaki.errors import BundleError
from tegaki.lab.corpus import load_corpus
from tegaki.lab.export.card_metrics import TESTS, differences
from tegaki.lab.export.model_card import card_text, read_card
from tegaki.model import load_single

# Floors, with the data that they were measured on. Lowering one needs a reason in the changelog.
MANIFEST = "0c00b0e31f00cfd40020dbe1067f2e6baa67acc142b58536b501122732f91b89"
FLOORS = {
    ("careful", "test_seen"): 0.965, ("careful", "test_unseen"): 0.92,
    ("fast", "test_seen"): 0.96, ("fast", "test_unseen"): 0.89,
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_card_says_what_the_figures_say(model: str) -> None:
    bundle = load_single(model)
    figures, text = read_card(bundle)
    assert text == card_text(bundle, figures)


@pytest.mark.parametrize("model", MODELS)
def test_the_figures_are_of_this_model(model: str) -> None:
    bundle = load_single(model)
    figures = read_card(bundle)[0]
    assert figures["model_sha256"] == bundle.config.model.sha256
    assert figures["recipe"] == bundle.config.hash
    assert figures["manifest_sha256"] == MANIFEST
    assert bundle.training["split"] == "as-made"
    assert tuple(figures["splits"]) == TESTS


def test_both_models_learnt_from_the_same_pictures() -> None:
    careful, fast = (load_single(model).training for model in MODELS)
    assert careful["manifest_sha256"] == fast["manifest_sha256"]


def test_the_sources_found_since_stand_in_no_test(shared: Path) -> None:
    """Neither a source of the tests nor a repository of the same owner."""
    with (ROOT / "docs" / "corpus3.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    tests = [i for i in load_corpus(shared / "corpus").items if i.split == "test_unseen"]
    assert not {row["source"] for row in found} & {item.source for item in tests}
    assert not {owner(row["origin"]) for row in found} & {owner(item.origin) for item in tests}
    assert not {row["sha256"] for row in found} & {item.sha256 for item in tests}


def owner(origin: str) -> str:
    """``github:owner/name@commit`` to ``github:owner``; a package to its name."""
    return origin.partition("@")[0].partition("=")[0].partition("/")[0].lower()


@pytest.mark.parametrize(("model", "split"), sorted(FLOORS))
def test_floors(model: str, split: str) -> None:
    area = read_card(load_single(model))[0]["splits"][split]["metrics"]["auc"]["value"]
    assert area >= FLOORS[model, split]


def test_the_figures_can_be_measured_again(shared: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tegaki",
        "lab",
        "card",
        "--check",
        "--model",
        "fast",
        "--corpus",
    ]
    done = subprocess.run([*command, str(shared / "corpus")], capture_output=True, text=True)
    assert done.stdout == "The card is true.\n", done.stdout + done.stderr
    assert done.returncode == 0


def test_differences_are_found() -> None:
    figures = read_card(load_single("fast"))[0]
    changed: dict[str, Any] = json.loads(json.dumps(figures))
    assert differences(figures, changed, 0.005) == []
    changed["splits"]["test_seen"]["metrics"]["auc"]["value"] -= 0.01
    changed["splits"]["test_seen"]["human"] += 1
    del changed["splits"]["test_seen"]["sources"]
    assert len(differences(figures, changed, 0.005)) == 3


def test_a_bundle_without_a_card_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no card to check"):
        read_card(dataclasses.replace(load_single("fast"), folder=tmp_path))
