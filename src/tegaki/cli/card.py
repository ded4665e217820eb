"""``tegaki lab card``: what a bundle is worth, measured and written down."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tegaki.cli.output_checks import check_folder
from tegaki.cli.train import FOLDER
from tegaki.detector import Detector
from tegaki.lab.corpus import load_corpus
from tegaki.lab.export.card_metrics import differences, measure_card
from tegaki.lab.export.model_card import card_text, read_card, write_card
from tegaki.model import load_single


@click.command(no_args_is_help=True)
@click.option(
    "--corpus", type=FOLDER, required=True, metavar="DIR", help="Folder with manifest.csv."
)
@click.option(
    "--model",
    type=FOLDER,
    metavar="NAME|DIR",
    help="fast, careful or the folder of a bundle; careful by default.",
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
      tegaki lab card --model runs/1/bundle --corpus corpus
      tegaki lab card --corpus corpus --check

    \b
    Exit codes:
      0    written, or with --check: the card is true
      1    with --check: some figures differ
      2    wrong usage, or a damaged corpus or bundle
      130  stopped by Ctrl-C; nothing is written
    """
    bundle = load_single(model)
    written, text = read_card(bundle) if check else ({}, "")
    if not check:
        check_folder(bundle.folder)
    detector = Detector.load(bundle.folder, provenance=False)
    figures = measure_card(
        detector, load_corpus(corpus), lambda name: click.echo(f"scoring {name} ...", err=True)
    )
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
