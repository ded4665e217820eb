"""The report as tables and sentences: Markdown for the project, HTML for reading."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from tegaki.lab.reproduction.plan import ALONE, SEEDS
from tegaki.lab.reproduction.summary import SHOWN, Figure, Summary, SummaryRow
from tegaki.utils.packed import read_text
from tegaki.utils.tables import Table

_METRICS = {"accuracy": "Accuracy", "f1": "F1", "auc": "AUC", "tpr_at_1": "TPR at 1 % FPR"}
_SPLITS = {
    "seed-random": "the seed's split: random, the same sources on both sides",
    "unseen": "sources and generators that stand nowhere in training",
    "seed-gan": "the seed's task: GANs alone against as much human art, random split",
}
HEADLINE = "enhanced+flip"
SEED_ACCURACY, SEED_F1 = 0.972807, 0.972926


def results(summary: Summary) -> Table:
    """Every row of the seed's table under one protocol."""
    rows = [
        [
            line.row.words,
            str(line.seeds),
            *(str(line.figures[name]) for name in SHOWN),
            *(_percent(value) for value in (line.row.accuracy, line.row.f1)),
        ]
        for line in summary.lines
    ]
    header = ["System", "Seeds", *_METRICS.values(), "Seed said: accuracy", "F1"]
    return Table(
        f"{summary.protocol}: {_SPLITS[summary.protocol]}",
        header,
        rows,
        note=_tested_on(summary),
        numbers=frozenset({1, 6, 7}),
    )


def _tested_on(summary: Summary) -> str:
    facts = next(iter(summary.cells[0].report["systems"].values()))["tests"]["test"]
    return (
        f"Tested on {facts['human']} human-drawn and {facts['generated']} generated pictures of "
        f"{facts['sources']} sources. In brackets: 95 % intervals over sources and seeds. "
        "Accuracy is taken at probability 0.5, as the seed did."
    )


def answers(summary: Summary) -> Table:
    """What becomes of the seed's claims under one protocol."""
    rows = [
        [
            answer.claim.question,
            _points(answer.claim.gain),
            _interval(answer.accuracy),
            _interval(answer.auc),
            answer.words,
        ]
        for answer in summary.answers
    ]
    return Table(
        f"{summary.protocol}: which claims hold",
        ["Question", "Seed said", "Gain in accuracy (points)", "Gain in AUC (points)", "Answer"],
        rows,
        note="Paired differences on the same pictures and baselines. An answer is given only where "
        "the whole interval of the accuracy lies on one side of zero.",
        numbers=frozenset({1, 2, 3}),
    )


def verdict(summaries: Sequence[Summary]) -> list[str]:
    """What the headline is worth, and why, in sentences."""
    lines = [_headline(s.protocol, line) for s in summaries if (line := s.line(HEADLINE))]
    by_name = {summary.protocol: summary.line(HEADLINE) for summary in summaries}
    gan, mixed = by_name.get("seed-gan"), by_name.get("seed-random")
    if gan is not None and mixed is not None:
        families = len(families_of(summaries, "seed-random"))
        lines.append(
            f"Why it misses: the seed had one GAN, this corpus has {families} families of "
            f"generators under seed-random. On GANs alone the same recipes reach "
            f"{gan.figures['accuracy'].value:.2%}, on all families "
            f"{mixed.figures['accuracy'].value:.2%}, so the task is harder, not the network worse. "
            "Pictures are also smaller here (320 px on the short side, at most 1.6:1, where the "
            "seed had originals), and training pictures fewer than the seed's 3,648."
        )
    lines.append(
        'Of so many questions, asked at 95 %, one in twenty is answered by chance. "No head" is '
        "attention and one dense layer: the paper does not say what its own was."
    )
    return lines


def families_of(summaries: Sequence[Summary], protocol: str) -> dict[str, Any]:
    """Families of generators in the test of one protocol."""
    (summary,) = (s for s in summaries if s.protocol == protocol)
    found: dict[str, Any] = _tests(summary.cells[0].report, HEADLINE)["by_family"]
    return found


def _headline(protocol: str, line: SummaryRow) -> str:
    accuracy, f1 = line.figures["accuracy"], line.figures["f1"]
    gap = 100 * (accuracy.value - SEED_ACCURACY)
    inside = "inside" if accuracy.low <= SEED_ACCURACY <= accuracy.high else "outside"
    return (
        f"{protocol}: enhanced with flips reaches {accuracy.value:.2%} accuracy "
        f"[{accuracy.low:.2%}, {accuracy.high:.2%}] and {f1.value:.2%} F1 (seeds: {line.seeds}); "
        f"the seed said {SEED_ACCURACY:.2%} and {SEED_F1:.2%}: {gap:+.2f} points, its figure lies "
        f"{inside} the interval."
    )


def confusions(summary: Summary) -> Table:
    """Counts of the first seed, for the systems that the seed gave counts of."""
    rows = []
    for cell in summary.cells[:1]:
        for name in ("baseline", "baseline+baseline6", "enhanced", HEADLINE):
            (tn, fp), (fn, tp) = _tests(cell.report, name)["confusion"]
            rows.append([name, str(tn), str(fp), str(fn), str(tp)])
    header = ["System", "Human, said human", "Human, said generated",
              "Generated, said human", "Generated, said generated"]  # fmt: skip
    return Table(
        f"{summary.protocol}: confusion matrices (seed {SEEDS[0]})",
        header,
        rows,
        numbers=frozenset({1, 2, 3, 4}),
    )


def families(summary: Summary) -> Table:
    """Recall by family of generators and the worst human source: mean over seeds."""
    cells = [c for c in summary.cells if HEADLINE in c.report["systems"]]
    by_family = [_tests(cell.report, HEADLINE)["by_family"] for cell in cells]
    rows = [
        [name, str(found["pictures"]), f"{np.mean([f[name]['recall'] for f in by_family]):.1%}"]
        for name, found in by_family[0].items()
    ]
    worst = _tests(cells[0].report, HEADLINE)["worst_human_source"]
    note = "" if worst is None else (
        f"Worst human source of five pictures or more (seed {SEEDS[0]}): {worst['source']}, "
        f"{worst['fpr']:.0%} of its {worst['pictures']} called generated."
    )  # fmt: skip
    return Table(
        f"{summary.protocol}: recall by family (enhanced, flip)",
        ["Family", "Pictures", "Called generated"],
        rows,
        note=note,
        numbers=frozenset({1, 2}),
    )


def alone(summary: Summary) -> Table | None:
    """How the rows were trained that stand on no baseline, from their logs."""
    rows = []
    for cell in summary.cells:
        line = summary.line(cell.folder.name)
        if line is None or cell.folder.name not in ALONE:
            continue
        log = read_text(cell.folder / cell.folder.name / "log.jsonl")
        epochs = [json.loads(each) for each in log.splitlines()]
        stage = [epoch for epoch in epochs if epoch["stage"] == epochs[-1]["stage"]]
        best = max(stage, key=lambda epoch: float(epoch["val_accuracy"]))
        val = [float(epoch["val_accuracy"]) for epoch in stage]
        rows.append([
            line.row.words, str(len(epochs)), str(best["epoch"]), f"{stage[-1]['accuracy']:.1%}",
            f"{best['val_accuracy']:.1%}", f"{min(val):.1%} to {max(val):.1%}",
            f"{best['val_auc']:.3f}",
        ])  # fmt: skip
    header = ["System", "Epochs", "Best of its stage", "Accuracy in training, last",
              "On val, best", "On val, all of the stage", "AUC on val, best"]  # fmt: skip
    note = (
        "They stop when the accuracy on val has not grown for five epochs (eight in the paper's "
        "second stage). Where it swings from epoch to epoch while the AUC does not, the scores "
        "move as a whole, and accuracy at 0.5 says more of the epoch than of the network."
    )
    numbers = frozenset(range(1, len(header)))
    title = f"{summary.protocol}: how the last rows were trained"
    return Table(title, header, rows, note=note, numbers=numbers) if rows else None


def _tests(report: dict[str, Any], system: str) -> dict[str, Any]:
    found: dict[str, Any] = report["systems"][system]["tests"]["test"]
    return found


def tables(summaries: Sequence[Summary]) -> list[Table]:
    """Every table of the report, in order."""
    found = [results(summary) for summary in summaries]
    found += [answers(summary) for summary in summaries]
    for summary in summaries:
        if HEADLINE in summary.cells[0].report["systems"]:
            found += [confusions(summary), families(summary)]
    return found + [table for summary in summaries if (table := alone(summary)) is not None]


def markdown(summaries: Sequence[Summary], plots: Sequence[str]) -> str:
    """The committed report. ``plots``: names of files beside it."""
    head = (
        "# The seed's results, run again\n\n"
        "Written by `tegaki lab reproduce`; every figure is computed from the predictions in "
        "[`cells.zip`](cells.zip), and `tegaki lab verify cells.zip` computes them again.\n\n"
    )
    said = "".join(f"- {sentence}\n" for sentence in verdict(summaries))
    shown = "".join(f"![{name.removesuffix('.svg')}]({name})\n" for name in plots)
    body = "\n".join(table.markdown() for table in tables(summaries))
    return f"{head}{said}\n{body}\n## Plots\n\n{shown}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def _points(value: float | None) -> str:
    return "" if value is None else f"{100 * value:+.2f}"


def _interval(figure: Figure) -> str:
    return f"{_points(figure.value)} [{_points(figure.low)}, {_points(figure.high)}]"
