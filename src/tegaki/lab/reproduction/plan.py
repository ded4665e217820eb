"""What the ablation runs, and what the seed said of it.

Three kinds of cells, each a folder of its own under ``cells/`` (or in ``cells.zip``):

- ``PROTOCOL/seed-S``: the baseline, and everything that the seed trained on its frozen backbone
- ``PROTOCOL/RECIPE``: a recipe that trains all layers or two stages of its own, one seed
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tegaki.lab.training.recipes import RECIPES, TrainingRecipe

PROTOCOLS = ("seed-random", "unseen", "seed-gan")
SEEDS = (0, 1, 2)
RATES = ("0.001", "0.0009999", "0.00095", "0.0001", "0.00001")
"""Learning rates of the seed's sensitivity table, as it writes them."""

ON_FROZEN = ("enhanced", "no-attention", "no-head")
ALONE = ("kusuma-v2", "kusuma-v3", "enhanced-paper")
"""Recipes that run once: hours for a row that the seed only cites."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One folder of the ablation. ``recipe``: of a cell that stands alone, else empty."""

    protocol: str
    seed: int
    recipe: str = ""

    @property
    def name(self) -> str:
        return f"{self.protocol}/{self.recipe or f'seed-{self.seed}'}"


def cells() -> list[Cell]:
    """Every cell, those that most rows need first."""
    table = [Cell(protocol, seed) for seed in SEEDS for protocol in PROTOCOLS]
    alone = [Cell(p, SEEDS[0], name) for name in ALONE for p in ("seed-random", "unseen")]
    return table + alone


def recipes_of(cell: Cell) -> dict[str, TrainingRecipe]:
    """Everything that a cell trains, by the name of its folder."""
    if cell.recipe:
        return {cell.recipe: dataclasses.replace(RECIPES[cell.recipe], seed=cell.seed)}
    baseline = dataclasses.replace(RECIPES["baseline"], seed=cell.seed)
    return {"baseline": baseline, **frozen_recipes(cell.seed)}


def frozen_recipes(seed: int) -> dict[str, TrainingRecipe]:
    """What is trained on the features of one baseline, by the name of its cell's folder."""
    found = {name: dataclasses.replace(RECIPES[name], seed=seed) for name in ON_FROZEN}
    for rate in RATES:
        stages = tuple(
            dataclasses.replace(stage, learning_rate=float(rate))
            for stage in RECIPES["enhanced"].stages
        )
        found[f"rate-{rate}"] = dataclasses.replace(
            RECIPES["enhanced"], name=f"rate-{rate}", stages=stages, seed=seed
        )
    return found


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: a system, and the seed's accuracy and F1 of it where it has them."""

    system: str
    words: str
    accuracy: float | None = None
    f1: float | None = None


TABLE_ROWS = (
    TableRow("baseline", "Baseline, 1 view", 0.959649, 0.960139),
    TableRow("baseline+flip", "Baseline, flip", 0.959649, 0.960208),
    TableRow("baseline+paper3", "Baseline, paper's 3 views"),
    TableRow("baseline+baseline6", "Baseline, 6 views", 0.964912, 0.965577),
    TableRow("enhanced", "Enhanced, 1 view", 0.966667, 0.966783),
    TableRow("enhanced+flip", "Enhanced, flip (the headline)", 0.972807, 0.972926),
    TableRow("enhanced+paper3", "Enhanced, paper's 3 views"),
    TableRow("enhanced+baseline6", "Enhanced, 6 views"),
    TableRow("no-attention", "Without channel attention, 1 view", 0.9642),
    TableRow("no-attention+flip", "Without channel attention, flip", 0.9683),
    TableRow("no-head", "Without the enhanced head, 1 view", 0.9651),
    TableRow("no-head+flip", "Without the enhanced head, flip", 0.9704),
    TableRow("ensemble-coded", "Ensemble as coded, 1 view", 0.965789, 0.965939),
    TableRow("ensemble-coded+flip", "Ensemble as coded, flip", 0.963158, 0.963542),
    TableRow("ensemble-described", "Ensemble as described"),
    TableRow("rate-0.001+flip", "Enhanced, flip, rate 1e-3", 0.97018),
    TableRow("rate-0.0009999+flip", "Enhanced, flip, rate 0.0009999", 0.972807),
    TableRow("rate-0.00095+flip", "Enhanced, flip, rate 0.00095", 0.9684),
    TableRow("rate-0.0001+flip", "Enhanced, flip, rate 1e-4", 0.9693),
    TableRow("rate-0.00001+flip", "Enhanced, flip, rate 1e-5", 0.9535),
    TableRow("enhanced-paper", "Enhanced in two stages, 3 views (the paper's words)"),
    TableRow("kusuma-v2", "Kusuma et al., MobileNetV2", 0.968, 0.971),
    TableRow("kusuma-v3", "Kusuma et al., MobileNetV3-Large (here from scratch)", 0.972, 0.974),
)


@dataclass(frozen=True, slots=True)
class PaperClaim:
    """That ``better`` beats ``worse``; ``gain``: by how much accuracy, the seed says."""

    question: str
    better: str
    worse: str
    gain: float | None


PAPER_CLAIMS = (
    PaperClaim("Does the enhanced model beat the baseline?", "enhanced", "baseline", 0.0071),
    PaperClaim(
        "... with their own test-time views?", "enhanced+flip", "baseline+baseline6", 0.0079
    ),
    PaperClaim("Does channel attention help?", "enhanced", "no-attention", 0.0025),
    PaperClaim("... with flips?", "enhanced+flip", "no-attention+flip", 0.0045),
    PaperClaim("Does the enhanced head help?", "enhanced", "no-head", 0.0016),
    PaperClaim("... with flips?", "enhanced+flip", "no-head+flip", 0.0024),
    PaperClaim("Do flips at test time help?", "enhanced+flip", "enhanced", 0.0061),
    PaperClaim("Do the paper's three views help?", "enhanced+paper3", "enhanced", None),
    PaperClaim("Do six views help the baseline?", "baseline+baseline6", "baseline", 0.0053),
    PaperClaim("Does the ensemble help?", "ensemble-coded", "enhanced", -0.0009),
    PaperClaim("... with flips?", "ensemble-coded+flip", "enhanced+flip", -0.0096),
    PaperClaim("Does it help as the paper describes it?", "ensemble-described", "enhanced", None),
    PaperClaim(
        "Is 0.0009999 a better rate than 1e-3?", "rate-0.0009999+flip", "rate-0.001+flip", 0.0027
    ),
    PaperClaim(
        "Does rate 0.0009999 beat 1e-5?", "rate-0.0009999+flip", "rate-0.00001+flip", 0.0193
    ),
)
