"""``tegaki lab train``: a recipe on shards."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from tegaki.cli.progress import LoggedProgress, make_progress
from tegaki.errors import MissingExtra
from tegaki.lab.corpus import ShardSet, load_shards
from tegaki.lab.training.overrides import with_fields, with_settings
from tegaki.lab.training.recipe_files import find_recipe
from tegaki.lab.training.recipes import FAST_RECIPES, RECIPES, TrainingRecipe

if TYPE_CHECKING:
    from tegaki.lab.training.distributed import World
    from tegaki.lab.training.trainer import Trainer

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


def settings(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """``KEY=VALUE`` options as a dictionary."""
    pairs = [value.partition("=") for value in values]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("as in KEY=VALUE")
    return {key.replace("-", "_"): value for key, _, value in pairs}


@click.command(no_args_is_help=True)
@click.option(
    "--recipe",
    required=True,
    metavar="NAME|FILE",
    help=f"careful, {', '.join(FAST_RECIPES)}; {', '.join(RECIPES)}; or a JSON file like a run's "
    "recipe.json.",
)
@click.option(
    "--corpus", type=FOLDER, required=True, metavar="SHARDS", help="From tegaki lab corpus build."
)
@click.option(
    "--weights",
    type=FILE,
    metavar="FILE",
    help="The start weights that the recipe names (checked by SHA-256).",
)
@click.option(
    "--teacher",
    type=FILE,
    metavar="FILE",
    help="The larger network that the recipe learns from, where it names one (checked by SHA-256).",
)
@click.option(
    "--backbone",
    type=FOLDER,
    metavar="RUN",
    help="A finished run whose backbone the recipe begins with; trained first where not given.",
)
@click.option(
    "--outside",
    type=FOLDER,
    metavar="DIR",
    help="For careful and fast: pictures that are no drawings, from tools/collect_outside.py.",
)
@click.option(
    "--careful",
    type=FOLDER,
    metavar="RUN",
    help="For fast: the finished run of recipe careful that it learns from.",
)
@click.option(
    "--out",
    type=FOLDER,
    required=True,
    metavar="DIR",
    help="Folder of the run: checkpoint, log, the network, and a bundle where it may ship.",
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    callback=settings,
    metavar="KEY=VALUE",
    help="Change a field of the recipe or of all its stages. Repeat.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Threads that decode pictures.",
)
def train(
    recipe: str,
    corpus: Path,
    weights: Path | None,
    teacher: Path | None,
    backbone: Path | None,
    outside: Path | None,
    careful: Path | None,
    out: Path,
    changes: dict[str, str],
    workers: int,
) -> None:
    """Train a network on the split train of a set of shards, watching val.

    No test split is read. A run that was stopped goes on when the same command is given again, and
    ends as if it had not been. Ctrl-C waits for the end of a step and loses nothing; by force, or
    by a second Ctrl-C, at most five minutes are lost. Started by torchrun, several processes share
    every batch (stopped, they go on from the last epoch); a GPU is used where there is one. Needs
    the extra tegaki[lab].

    "careful" fits heads on frozen layers of CLIP (--teacher, --outside); "fast" and its like are
    taught by a finished run of it (--careful, --weights, --outside). Both end with a bundle; a run
    that was stopped goes on.

    "finetune", "finetune-lite0", "student" and "student-lite0" look at squares and end with a
    bundle that check and scan can use; the last two also learn from a larger network (--teacher).
    The other recipes rebuild the seed, black bars included; they end with a network for tegaki lab
    evaluate.

    \b
    Examples:
      tegaki lab corpus build corpus --out shards
      tegaki lab train --recipe careful --corpus shards --teacher clip.onnx --outside outside \\
        --out runs/careful
      tegaki lab train --recipe fast --corpus shards --careful runs/careful --weights lite0.pth \\
        --outside outside --out runs/fast
      tegaki lab train --recipe finetune --corpus shards --weights start.pth --out runs/1
      tegaki lab train --recipe enhanced --corpus shards --weights start.pth --out runs/2
      tegaki lab train --recipe baseline --set validate-in-place=true --corpus shards ...
      torchrun --nproc-per-node 4 -m tegaki lab train --recipe finetune ...

    \b
    Exit codes:
      0    the run is finished
      2    wrong usage, a missing part, damaged shards, or another recipe's run in DIR
      130  stopped by Ctrl-C; what was done is kept
    """
    try:
        from tegaki.lab.training.distributed import init_distributed
    except ImportError as problem:
        raise MissingExtra("training", "lab") from problem

    if recipe == "careful" or recipe in FAST_RECIPES:
        if backbone or (changes and recipe == "careful"):
            raise click.UsageError(f"--{'backbone' if backbone else 'set'} is not for {recipe}.")
        _train_pair(
            recipe, changes, load_shards(corpus), weights, teacher, outside, careful, out, workers
        )
        return
    chosen = with_settings(find_recipe(recipe), changes)
    shards = load_shards(corpus)
    try:
        with init_distributed() as world:
            _train(chosen, shards, weights, teacher, backbone, out, workers, world)
    except KeyboardInterrupt:
        click.echo("Stopped; the same command goes on from there.", err=True)
        sys.exit(130)


def _train(
    recipe: TrainingRecipe,
    shards: ShardSet,
    weights: Path | None,
    teacher: Path | None,
    backbone: Path | None,
    out: Path,
    workers: int,
    world: World,
) -> None:
    from tegaki.lab.export.bundle import build_bundle
    from tegaki.lab.training.trainer import Trainer

    if recipe.backbone_from is not None and backbone is None and world.size == 1:
        first = replace(RECIPES[recipe.backbone_from], seed=recipe.seed)
        backbone = out / first.name
        _run(Trainer(first, shards, backbone, weights=weights, workers=workers, world=world))
    trainer = Trainer(
        recipe, shards, out, weights=weights, teacher=teacher, backbone=backbone,
        workers=workers, world=world,
    )  # fmt: skip
    if world.main and recipe.start is None and recipe.backbone_from is None:
        click.echo(f"{recipe.name} starts from scratch: its recipe names no weights.", err=True)
    _run(trainer)
    if not world.main:
        return
    click.echo(f"The network is in {out / 'network.pt'}; curves in {out / 'log.jsonl'}.")
    if recipe.look == "squares":
        bundle = build_bundle(trainer.network, recipe, shards, out / "bundle")
        click.echo(
            f"Bundle {bundle.id} is in {bundle.folder}; write its card with tegaki lab card."
        )


def _train_pair(
    recipe: str,
    changes: dict[str, str],
    shards: ShardSet,
    weights: Path | None,
    teacher: Path | None,
    outside: Path | None,
    careful: Path | None,
    out: Path,
    workers: int,
) -> None:
    """The recipes of the two models that ship."""
    from tegaki.lab.models.clip_onnx import base_onnx
    from tegaki.lab.training.clip.careful import CarefulPlan
    from tegaki.lab.training.clip.runs import TrainingData, train_careful, train_fast
    from tegaki.lab.training.clip.student import FAST

    if outside is None:
        raise click.UsageError(f"recipe {recipe} needs --outside.")
    data = TrainingData(shards, outside, workers)
    try:
        with make_progress(Console(stderr=not sys.stdout.isatty())) as bar:
            task = bar.add_task(recipe, total=None)

            logged = LoggedProgress(click.echo) if bar.disable else None
            click.echo(f"{recipe} on the CPU; steps and the time left follow for each part")

            def move(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)
                if logged:
                    logged.move(what, done, total)

            if recipe == "careful":
                plan = CarefulPlan()
                bundle = train_careful(plan, data, base_onnx(plan.teacher, teacher), out, move)
            elif careful is None:
                raise click.UsageError(f"recipe {recipe} needs --careful.")
            else:
                student = with_fields(FAST[recipe], changes)
                bundle = train_fast(student, data, careful, weights, out, move)
    except KeyboardInterrupt:
        click.echo("Stopped; the same command goes on from there.", err=True)
        sys.exit(130)
    click.echo(f"Bundle {bundle.id} is in {bundle.folder}; write its card: tegaki lab card")


def progress_line(trainer: Trainer) -> str:
    """The epoch at work and its figures on the training pictures seen."""
    at = trainer.position
    return (
        f"stage {at.stage + 1} epoch {at.epoch + 1} so far: loss {at.loss / at.seen:.4f}, "
        f"accuracy {at.right / at.seen:.3f}"
    )


def first_line(trainer: Trainer) -> str:
    """What is trained, where, and how long it is; before anything has been timed."""
    at, recipe = trainer.position, trainer.recipe
    from tegaki.lab.training.distributed import device_name
    from tegaki.lab.training.stream import epoch_size

    steps = sum(
        plan.epochs * -(-epoch_size(trainer.shards, recipe, number) // plan.batch)
        for number, plan in enumerate(recipe.stages)
    )
    resumed = at.stage or at.epoch or at.step
    start = f", from stage {at.stage + 1} epoch {at.epoch + 1} step {at.step}" if resumed else ""
    return (
        f"{recipe.name} on {device_name(trainer.world.device)}: {steps:,} steps at most{start}; "
        "the time left follows"
    )


def _run(trainer: Trainer) -> None:
    # The bar is drawn where the lines go, so that they stand above it and not in it.
    console = Console(stderr=not sys.stdout.isatty())
    with make_progress(console, trainer.world.main) as bar:
        task = bar.add_task("train", total=trainer.total)

        def log_line(line: str) -> None:
            if bar.disable or console.stderr:
                click.echo(line)
            else:
                console.print(line, soft_wrap=True, markup=False, highlight=False)

        logged = LoggedProgress(log_line) if bar.disable and trainer.world.main else None
        if trainer.world.main and not trainer.done:
            log_line(first_line(trainer))

        def move(done: int) -> None:
            bar.status = progress_line(trainer)
            bar.update(task, completed=done)
            if logged:
                logged.move(trainer.recipe.name, done, trainer.total, bar.status)

        trainer.run(move, log_line)
