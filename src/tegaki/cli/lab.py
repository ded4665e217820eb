"""``tegaki train`` and ``tegaki card``: the lab's commands."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from tegaki.cli.progress import make_progress
from tegaki.detector import Detector
from tegaki.errors import MissingExtra
from tegaki.lab.card import card_text, read_card, write_card
from tegaki.lab.corpus import load_corpus
from tegaki.lab.figures import differences, measure
from tegaki.lab.recipes import RECIPES

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(no_args_is_help=True)
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    required=True,
    help="Which training recipe to run.",
)
@click.option(
    "--corpus", type=_FOLDER, required=True, metavar="DIR", help="Folder with manifest.csv."
)
@click.option(
    "--weights",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The start weights that the recipe names (checked by SHA-256).",
)
@click.option(
    "--out",
    type=_FOLDER,
    required=True,
    metavar="DIR",
    help="Folder of the run: checkpoint, log, and at the end the bundle.",
)
@click.option(
    "--epochs", type=click.IntRange(1), metavar="N", help="For a quick try: not the recipe's count."
)
def train(recipe: str, corpus: Path, weights: Path | None, out: Path, epochs: int | None) -> None:
    """Train a model on a corpus' train split and write a bundle to DIR/bundle.

    Uses the splits train (to learn) and val (to watch, and for calibration and thresholds); no
    test split is read. A run that was stopped goes on from its last whole epoch when the same
    command is given again. Needs the extra tegaki[lab].

    \b
    Examples:
      tegaki train --recipe enhanced --corpus corpus --weights start.pth --out runs/1
      tegaki card --model runs/1/bundle --corpus corpus

    \b
    Exit codes:
      0    the bundle is written
      2    wrong usage, a missing part, a damaged corpus, or another recipe's run in DIR
      130  stopped by Ctrl-C; the last whole epoch is kept
    """
    try:
        from tegaki.lab.export import build_bundle
        from tegaki.lab.train import Trainer
    except ImportError as problem:
        raise MissingExtra("training", "lab") from problem

    chosen = RECIPES[recipe] if epochs is None else replace(RECIPES[recipe], epochs=epochs)
    data = load_corpus(corpus)
    trainer = Trainer(chosen, data, weights, out)
    console = Console(stderr=True)
    try:
        with make_progress(console) as bar:
            task = bar.add_task("train", total=chosen.epochs * trainer.draws)
            network = trainer.run(lambda done: bar.update(task, completed=done), click.echo)
    except KeyboardInterrupt:
        click.echo("Stopped; give the same command again to go on.", err=True)
        sys.exit(130)
    bundle = build_bundle(network, chosen, data, out / "bundle")
    click.echo(f"Bundle {bundle.id} is in {bundle.folder}; write its card with tegaki card.")


@click.command(no_args_is_help=True)
@click.option(
    "--corpus", type=_FOLDER, required=True, metavar="DIR", help="Folder with manifest.csv."
)
@click.option(
    "--model", type=_FOLDER, metavar="DIR", help="Folder of a bundle; the shipped one by default."
)
@click.option(
    "--check", is_flag=True, help="Write nothing: measure again and compare with the card."
)
def card(corpus: Path, model: Path | None, check: bool) -> None:
    """Measure a model on a corpus and write its card and figures.

    Scores val, test_seen and test_unseen as users' pictures are scored and writes figures.json
    and card.md into the bundle. With --check the figures are measured again and compared.

    \b
    Examples:
      tegaki card --model runs/1/bundle --corpus corpus
      tegaki card --corpus corpus --check

    \b
    Exit codes:
      0  written, or with --check: the card is true
      1  with --check: some figures differ
      2  wrong usage, or a damaged corpus or bundle
    """
    detector = Detector.load(model)
    written, text = read_card(detector.bundle) if check else ({}, "")
    figures = measure(
        detector, load_corpus(corpus), lambda name: click.echo(f"scoring {name} ...", err=True)
    )
    bundle = detector.bundle
    if not check:
        write_card(bundle, figures)
        click.echo(f"Wrote {bundle.folder / 'card.md'}")
        return
    problems = differences(written, figures, tolerance=0.005)
    if text != card_text(bundle, written):
        problems.append("card.md is not what figures.json says; write it again")
    for problem in problems:
        click.echo(problem)
    if problems:
        sys.exit(1)
    click.echo("The card is true.")
