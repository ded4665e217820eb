import dataclasses
import subprocess
import sys

import pytest

from tegaki.errors import BundleError
from tegaki.results.scoring_config import (
    Calibration,
    CropPolicy,
    DecodePolicy,
    ModelRef,
    ScoringConfig,
    ShrinkPolicy,
    TilePolicy,
)

RECIPE = ScoringConfig(
    DecodePolicy(version=1), CropPolicy(), ModelRef("m", "0" * 64), Calibration(1.0, 0.0)
)


SHRINKING = dataclasses.replace(RECIPE, shrink=ShrinkPolicy())
TILED = dataclasses.replace(RECIPE, tiles=TilePolicy())
SIZED = dataclasses.replace(RECIPE, views=CropPolicy(sizes=(160, 160, 128, 128)))
HEAD = dataclasses.replace(RECIPE, base=ModelRef("b", "2" * 64))


def test_it_survives_being_stored() -> None:
    for recipe in (RECIPE, SHRINKING, SIZED, HEAD, TILED):
        assert ScoringConfig.from_dict(recipe.to_dict()) == recipe


def test_bundles_from_before_there_were_shrinking_bases_sizes_and_tiles_keep_their_hash() -> None:
    assert not {"shrink", "base", "tiles"} & RECIPE.to_dict().keys()
    assert "sizes" not in RECIPE.to_dict()["views"]
    assert RECIPE.hash == "75ceb0aef80a4477"


def test_everything_in_it_moves_the_hash() -> None:
    others = [
        dataclasses.replace(RECIPE, decode=DecodePolicy(version=2)),
        dataclasses.replace(RECIPE, decode=DecodePolicy(background=(0, 0, 0))),
        dataclasses.replace(RECIPE, views=CropPolicy(size=256)),
        dataclasses.replace(RECIPE, views=CropPolicy(names=("centre",))),
        dataclasses.replace(RECIPE, model=ModelRef("m", "1" * 64)),
        dataclasses.replace(RECIPE, calibration=Calibration(1.0, 0.1)),
        SHRINKING,
        SIZED,
        HEAD,
        dataclasses.replace(RECIPE, base=ModelRef("b", "3" * 64)),
        dataclasses.replace(RECIPE, views=CropPolicy(sizes=(128, 128, 160, 160))),
        dataclasses.replace(RECIPE, shrink=ShrinkPolicy(least_side=5000)),
        TILED,
        dataclasses.replace(RECIPE, tiles=TilePolicy(most=4)),
    ]
    hashes = {recipe.hash for recipe in (RECIPE, *others)}
    assert len(hashes) == len(others) + 1


def test_the_hash_is_the_same_in_every_process() -> None:
    code = "from tests.results.test_scoring_config import RECIPE; print(RECIPE.hash)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == RECIPE.hash


@pytest.mark.parametrize("part", ["decode", "views", "model", "calibration"])
def test_missing_and_unknown_keys_raise(part: str) -> None:
    without = RECIPE.to_dict()
    del without[part]
    with pytest.raises(BundleError, match="cannot be read"):
        ScoringConfig.from_dict(without)
    more = RECIPE.to_dict()
    more[part]["new"] = 1
    with pytest.raises(BundleError, match="cannot be read"):
        ScoringConfig.from_dict(more)


def test_an_unknown_part_raises() -> None:
    with pytest.raises(BundleError, match="does not know"):
        ScoringConfig.from_dict({**RECIPE.to_dict(), "extra": {}})
