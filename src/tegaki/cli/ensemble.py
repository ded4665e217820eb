"""``tegaki lab ensemble``: several bundles as one."""

from __future__ import annotations

from pathlib import Path

import click

from tegaki.cli.output_checks import check_folder
from tegaki.cli.train import FOLDER
from tegaki.errors import MissingExtra
from tegaki.lab.corpus import load_shards


@click.command(no_args_is_help=True)
@click.argument("bundles", metavar="BUNDLE BUNDLE...", nargs=-1, required=True, type=FOLDER)
@click.option("--corpus", type=FOLDER, required=True, metavar="SHARDS", help="What they learnt.")
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder of the new bundle.")
def ensemble(bundles: tuple[Path, ...], corpus: Path, out: Path) -> None:
    """Make one bundle of several: the mean of their logits, each divided by its spread on val.

    Networks of other architectures err elsewhere; their mean errs less than each. It takes the
    time of all of them. The bundles must be of the same views and trained on the same data; the
    blend is calibrated on val anew. Needs the extra tegaki[lab].

    \b
    Examples:
      tegaki lab ensemble runs/1/bundle runs/2/bundle --corpus shards --out runs/blend
      tegaki lab evaluate --protocol unseen --model runs/blend --corpus corpus --out reports/blend

    \b
    Exit codes:
      0    the bundle is written
      2    wrong usage, a missing part, or bundles that do not fit each other
      130  stopped by Ctrl-C; nothing is written
    """
    try:
        from tegaki.lab.export.blend import blend
    except ImportError as problem:
        raise MissingExtra("blending", "lab") from problem

    check_folder(out)
    made = blend(bundles, load_shards(corpus), out)
    click.echo(f"Bundle {made.id} is in {made.folder}; write its card: tegaki lab card")
