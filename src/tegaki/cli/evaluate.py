"""``tegaki lab evaluate``, ``verify`` and ``gate``: figures, and that they stay true."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tegaki.cli.cures import with_cure
from tegaki.cli.output_checks import check_folder
from tegaki.cli.progress import make_progress
from tegaki.cli.train import FILE, FOLDER
from tegaki.detector import default_workers
from tegaki.errors import CorpusError
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.protocols import load_protocol, protocol_names
from tegaki.lab.corpus.splits import assign
from tegaki.lab.evaluation.evaluate import SYSTEM, check_split, count_tasks, too_few
from tegaki.lab.evaluation.evaluate import evaluate as score_all
from tegaki.lab.evaluation.gate import (
    find_violations,
    lowered,
    moved,
    raised,
    read_floors,
    write_floors,
)
from tegaki.lab.evaluation.predictors import load_predictor
from tegaki.lab.evaluation.report import Report, read_report, write_report
from tegaki.lab.evaluation.verify import verify as find_differences
from tegaki.lab.reproduction.ensemble import check_share
from tegaki.utils.packed import FilePath, zip_files
from tegaki.utils.tables import Table
from tegaki.utils.text import printable

_METRICS = {
    "accuracy": "Accuracy", "precision": "Precision", "recall": "Recall", "f1": "F1", "auc": "AUC",
    "tpr_at_5": "TPR at 5 % FPR", "tpr_at_1": "TPR at 1 % FPR", "tpr_at_0.5": "TPR at 0.5 % FPR",
    "tpr_at_0.1": "TPR at 0.1 % FPR", "ece": "ECE", "ece_calibrated": "ECE, calibrated on val",
}  # fmt: skip
_SHOWN_METRICS = ("accuracy", "auc", "tpr_at_1")
_FEW = 3  # tests that fit beside each other on a terminal
PINNED = ("accuracy", "auc", "f1")
"""Metrics that a gate pins: those that a handful of pictures does not throw about."""


@click.command(no_args_is_help=True)
@click.option(
    "--protocol",
    required=True,
    metavar="NAME|FILE",
    help=f"{', '.join(protocol_names())}; or a JSON file of your own.",
)
@click.option(
    "--model",
    type=FOLDER,
    metavar="NAME|DIR",
    help="fast, careful, auto, or the folder of a bundle or of a finished run; careful by default.",
)
@click.option(
    "--corpus", type=FOLDER, required=True, metavar="DIR", help="Folder with manifest.csv."
)
@click.option(
    "--family", metavar="NAME", help="Of leave-one-family-out: the one that was not trained on."
)
@click.option(
    "--out", type=FOLDER, required=True, metavar="DIR", help="Gets report.json, predictions.csv.gz."
)
@click.option("--replace", is_flag=True, help="Write over a report that is in DIR already.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def evaluate(
    protocol: str,
    model: Path | None,
    corpus: Path,
    family: str | None,
    out: Path,
    replace: bool,
    as_json: bool,
) -> None:
    """Measure a model under a protocol, with 95 % intervals by source.

    A protocol is a file that says how the pictures are split, what is tested on, and what is done
    to the pictures before. A model that was trained on another split is refused: it may have
    learnt from what it is tested on. Build its shards with tegaki lab corpus build --protocol.

    For leave-one-family-out, build shards, train and evaluate once for each family.

    Where a test has too few pictures for a figure, a warning on standard error says so.

    \b
    Examples:
      tegaki lab evaluate --protocol unseen --corpus corpus --out reports/unseen
      tegaki lab evaluate --protocol robust --model runs/1 --corpus corpus --out reports/robust
      tegaki lab verify reports/unseen/report.json

    \b
    Exit codes:
      0    the report is written
      2    wrong usage, a damaged corpus or model, or a report in DIR without --replace
      130  stopped by Ctrl-C; nothing is written
    """
    if (out / "report.json").exists() and not replace:
        raise click.UsageError(
            f"{printable(str(out))} holds a report already; name another folder, or give --replace"
        )
    check_folder(out)
    chosen = load_protocol(protocol)
    loaded = load_corpus(corpus)
    items = assign(loaded.items, chosen, family)
    predictor = load_predictor(model)
    check_split(predictor, chosen, family)
    for problem in too_few(items, chosen):
        click.echo(f"Warning: {problem}.", err=True)
    with make_progress(Console(stderr=True)) as bar:
        task = bar.add_task("evaluate", total=count_tasks(items, chosen))
        predictions = score_all(
            predictor, items, chosen, workers=default_workers(),
            progress=lambda done: bar.update(task, completed=done),
        )  # fmt: skip
    facts = {
        "protocol": chosen.name,
        "family": family,
        "manifest_sha256": loaded.manifest_sha256,
        "model": predictor.info,
    }
    report = write_report(out, predictions, facts)
    if as_json:
        click.echo(json.dumps(report, indent=1, ensure_ascii=False))
        return
    console = Console()
    _table(report).print(console)
    click.echo(f"Wrote {out / 'report.json'}; tegaki lab verify computes it again.")


def _table(report: Report) -> Table:
    """All metrics of a few tests, or three metrics of many."""
    tests: dict[str, Any] = report["systems"][SYSTEM]["tests"]
    title = f"{report['protocol']}: {report['model']['id']}"
    note = (
        "In brackets: 95 % intervals, bootstrap over whole sources. Accuracy, precision, recall "
        "and F1 are taken at log odds 0."
    )
    if len(tests) <= _FEW:
        counts = [f"{test['human']} / {test['generated']}" for test in tests.values()]
        rows = [["Human / generated", *counts]]
        rows += [
            [words, *(_interval(test["metrics"][name]) for test in tests.values())]
            for name, words in _METRICS.items()
        ]
        return Table(title, ["", *tests], rows, note)
    rows = [
        [name, *(_interval(test["metrics"][metric]) for metric in _SHOWN_METRICS)]
        for name, test in tests.items()
    ]
    return Table(title, ["Test", *(_METRICS[name] for name in _SHOWN_METRICS)], rows, note)


def _interval(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


@click.command(no_args_is_help=True)
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True, type=FILE)
def verify(reports: tuple[Path, ...]) -> None:
    """Compute every number of each REPORT again from the predictions beside it.

    REPORT is a report.json, or a zip archive: then every report.json in it.

    Figures and counts are computed again, and what else follows from predictions is checked: the
    share of an ensemble, the family that was left out. What a report says of its protocol, model,
    recipes and data is taken as said.

    \b
    Examples:
      tegaki lab verify reports/unseen/report.json
      tegaki lab verify docs/ablation/cells.zip

    \b
    Exit codes:
      0    every number is what the predictions give
      1    some are not; the lines say which
      2    wrong usage, or a report that cannot be read
      130  stopped by Ctrl-C
    """
    failed = False
    for path in (report for named in reports for report in _reports(named)):
        problems = find_differences(path, [check_share])
        failed = failed or bool(problems)
        for problem in problems:
            click.echo(printable(f"{path}: {problem}"))
        if not problems:
            click.echo(printable(f"{path}: true"))
    sys.exit(1 if failed else 0)


def _reports(path: Path) -> list[FilePath]:
    """A report, or those in a zip archive."""
    if path.suffix != ".zip":
        return [path]
    found: list[FilePath] = [file for file in zip_files(path) if file.name == "report.json"]
    if not found:
        raise CorpusError(f"{path} holds no report.json")
    return found


@click.command(no_args_is_help=True)
@click.argument("report", type=FILE)
@click.option("--floors", type=FILE, required=True, metavar="FILE", help="The pinned floors.")
@click.option("--system", default=SYSTEM, show_default=True, help="Which system of the report.")
@click.option("--raise", "up", is_flag=True, help="Pin what the report reaches.")
@click.option("--lower", metavar="REASON", help="Bring floors down to the report; say why.")
def gate(report: Path, floors: Path, system: str, up: bool, lower: str | None) -> None:
    """Fail if a REPORT says less than the floors that are pinned in a file.

    The report is computed again first, as by tegaki lab verify: one that is not true holds no
    floor. Floors hold for the data that they were measured on. --raise makes or lifts them; they
    come down only by --lower, whose reason is kept in the file. What was moved is printed.

    \b
    Examples:
      tegaki lab gate reports/unseen/report.json --floors floors.json --raise
      tegaki lab gate reports/unseen/report.json --floors floors.json

    \b
    Exit codes:
      0    the report holds every floor
      1    it says less somewhere, or it is not true; then no floor is moved
      2    wrong usage, or files that cannot be read
      130  stopped by Ctrl-C
    """
    if up and lower is not None:
        raise click.UsageError("--raise and --lower exclude each other")
    if lower is not None and not lower.strip():
        raise click.UsageError("--lower takes a reason")
    untrue = find_differences(report, [check_share])
    for problem in untrue:
        click.echo(printable(f"{report}: {problem}"))
    if untrue:
        sys.exit(1)
    said = read_report(report)
    if up or lower is not None:
        for line in _update_floors(floors, said, system, lower):
            click.echo(printable(line))
    problems = find_violations(read_floors(floors), said, system)
    for problem in problems:
        click.echo(printable(with_cure("CorpusError", problem)))
    if problems:
        sys.exit(1)
    click.echo("Every floor holds.")


def _update_floors(floors: Path, said: Report, system: str, lower: str | None) -> list[str]:
    """Raise the floors, or lower them for a reason; returns what became of them."""
    known = read_floors(floors) if lower is not None or floors.exists() else None
    if known is not None and lower is not None:
        new = lowered(known, said, system, lower)
    else:
        new = raised(known, said, system, PINNED)
    write_floors(new, floors)
    return moved(known, new) or ["No floor was moved."]
