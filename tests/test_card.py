"""The shipped model is worth what its card says."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tegaki.errors import BundleError
from tegaki.lab.card import card_text, read_card
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.build import build_from_items
from tegaki.lab.figures import differences
from tegaki.model import load_bundle

# Floors, with the data that they were measured on. Lowering one needs a reason in the changelog.
MANIFEST = "0c00b0e31f00cfd40020dbe1067f2e6baa67acc142b58536b501122732f91b89"
SHARDS = "34f8ce1832f5bc5c1b0ecbe61c8175cd258626ed80cc0c6e603bc60177520db6"
FLOORS = {"val": 0.96, "test_seen": 0.967, "test_unseen": 0.88}


def test_the_card_says_what_the_figures_say() -> None:
    bundle = load_bundle()
    figures, text = read_card(bundle)
    assert text == card_text(bundle, figures)


def test_the_figures_are_of_this_model() -> None:
    bundle = load_bundle()
    figures = read_card(bundle)[0]
    assert figures["model_sha256"] == bundle.recipe.model.sha256
    assert figures["recipe"] == bundle.recipe.hash
    assert figures["manifest_sha256"] == MANIFEST
    assert bundle.training["manifest_sha256"] == SHARDS
    assert bundle.training["split"] == "as-made"


def test_it_was_trained_on_shards_of_the_same_corpus(shared: Path, tmp_path: Path) -> None:
    corpus = load_corpus(shared / "corpus")
    assert corpus.manifest_sha256 == MANIFEST
    assert build_from_items(corpus.items, tmp_path / "shards").manifest_sha256 == SHARDS


@pytest.mark.parametrize("split", sorted(FLOORS))
def test_floors(split: str) -> None:
    area = read_card(load_bundle())[0]["splits"][split]["metrics"]["auc"]["value"]
    assert area >= FLOORS[split]


def test_the_figures_can_be_measured_again(shared: Path) -> None:
    command = [sys.executable, "-m", "tegaki", "card", "--check", "--corpus"]
    done = subprocess.run([*command, str(shared / "corpus")], capture_output=True, text=True)
    assert done.stdout == "The card is true.\n", done.stdout + done.stderr
    assert done.returncode == 0


def test_differences_are_found() -> None:
    figures = read_card(load_bundle())[0]
    changed: dict[str, Any] = json.loads(json.dumps(figures))
    assert differences(figures, changed, 0.005) == []
    changed["splits"]["val"]["metrics"]["auc"]["value"] -= 0.01
    changed["splits"]["val"]["human"] += 1
    del changed["splits"]["test_seen"]["sources"]
    assert len(differences(figures, changed, 0.005)) == 3


def test_a_bundle_without_a_card_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has no card to check"):
        read_card(dataclasses.replace(load_bundle(), folder=tmp_path))
