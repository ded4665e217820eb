"""Other grounds for cut-outs: what is joined to the edge changes, what is drawn stays."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from tegaki.lab.training.augment import augment
from tegaki.lab.training.grounds import other_ground, white_ground
from tegaki.lab.training.recipes import RECIPES, AugmentPolicy


def cut_out() -> Image.Image:
    """A red face with a white eye on white."""
    picture = Image.new("RGB", (120, 160), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 30, 100, 130), fill=(200, 40, 40))
    draw.ellipse((50, 60, 70, 80), fill="white")
    return picture


def test_the_ground_is_what_is_white_and_joined_to_the_edge() -> None:
    ground = white_ground(cut_out())
    assert ground is not None
    assert ground[5, 5]
    assert not ground[70, 60]  # the eye
    assert not ground[100, 60]


def test_the_ground_changes_and_the_drawing_stays() -> None:
    picture = cut_out()
    for seed in range(12):
        found = np.asarray(other_ground(picture, np.random.default_rng(seed)))
        assert (found[70, 60] == 255).all()
        assert (found[100, 60] == (200, 40, 40)).all()
        assert found[5, 5].min() < 251


def test_a_picture_without_a_white_ground_is_left_as_it_is() -> None:
    scene = Image.fromarray(
        np.random.default_rng(0).integers(0, 200, (90, 90, 3), dtype=np.uint8), "RGB"
    )
    blank = Image.new("RGB", (90, 90), "white")
    for picture in (scene, blank):
        assert other_ground(picture, np.random.default_rng(0)) is picture


def test_recipes_without_such_a_chance_draw_the_edits_they_drew_before() -> None:
    picture = cut_out()
    plain = AugmentPolicy(rescale=0, recompress=0, blur=0, noise=1, grey=0, colour=0)
    same = np.asarray(augment(picture, plain, np.random.default_rng(3)))
    rng = np.random.default_rng(3)
    for _ in range(4):  # rescale, colour, blur, noise
        rng.random()
    noise = rng.normal(0, rng.uniform(1, 8), (160, 120, 3)).astype(np.float32)
    wanted = np.clip(np.asarray(picture, np.float32) + noise, 0, 255).astype(np.uint8)
    assert (same == wanted).all()


def test_the_chance_is_no_part_of_recipes_that_lack_it() -> None:
    stages = RECIPES["finetune"].plain()["stages"]
    assert all("ground" not in (stage["augmentation"] or {}) for stage in stages)
