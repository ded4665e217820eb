"""Plots of the ablation as SVG: curves, ROC, reliability, sources. No pictures in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tegaki.lab.metrics.predictions import probabilities
from tegaki.lab.reproduction.summary import FinishedCell, Summary
from tegaki.lab.reproduction.text import HEADLINE
from tegaki.utils.packed import read_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SYSTEMS = ("baseline", "no-attention+flip", "no-head+flip", HEADLINE, "ensemble-coded+flip")


def draw(summary: Summary, folder: Path) -> list[str]:
    """Write one file of four plots for a protocol; returns the names of the files."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    cells = [cell for cell in summary.cells if HEADLINE in cell.test.scores]
    if not cells:
        return []
    cell = cells[0]
    kinds: tuple[Callable[[Axes, FinishedCell], None], ...] = (
        _curves,
        _roc,
        _reliability,
        _sources,
    )
    # Text stays text, and the same numbers give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "tegaki", "svg.fonttype": "none"}):
        figure = Figure(figsize=(11, 8.5), layout="constrained")
        for axes, kind in zip(figure.subplots(2, 2).flat, kinds, strict=True):
            kind(axes, cell)
        seed = cell.report["seed"]
        figure.suptitle(f"{summary.protocol}, seed {seed}")
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{summary.protocol}.svg"
        figure.savefig(folder / name, metadata={"Date": None})
    return [name]


def _curves(axes: Axes, cell: FinishedCell) -> None:
    axes.set_title("Training: accuracy by epoch")
    for name in ("baseline", "enhanced"):
        log = cell.folder / name / "log.jsonl"
        lines = [json.loads(line) for line in read_text(log).splitlines()]
        epochs = range(1, len(lines) + 1)
        (drawn,) = axes.plot(
            epochs, [line["accuracy"] for line in lines], "--", label=f"{name}, train"
        )
        axes.plot(
            epochs,
            [line["val_accuracy"] for line in lines],
            color=drawn.get_color(),
            label=f"{name}, val",
        )
    axes.set_xlabel("epoch")
    axes.legend()


def _roc(axes: Axes, cell: FinishedCell) -> None:
    axes.set_title("ROC on the test")
    generated = cell.test.generated
    for name in SYSTEMS:
        order = np.argsort(-cell.test.scores[name], kind="stable")
        hits = np.cumsum(generated[order]) / generated.sum()
        falses = np.cumsum(~generated[order]) / (~generated).sum()
        axes.plot(np.append(0, falses), np.append(0, hits), label=name, linewidth=1)
    axes.set_xlabel("human-drawn called generated")
    axes.set_ylabel("generated called generated")
    axes.legend()


def _reliability(axes: Axes, cell: FinishedCell) -> None:
    axes.set_title("Reliability (enhanced, flip)")
    scores, generated = cell.test.scores[HEADLINE], cell.test.generated
    fitted = cell.report["systems"][HEADLINE]["calibration"]
    calibrated = fitted["slope"] * scores + fitted["intercept"]
    for label, values in (("as it is", scores), ("calibrated on val", calibrated)):
        chances = probabilities(values)
        bins = np.minimum((chances * 10).astype(int), 9)
        used = np.unique(bins)
        said = [chances[bins == b].mean() for b in used]
        true = [generated[bins == b].mean() for b in used]
        axes.plot(said, true, "o-", label=label)
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.set_xlabel("probability said")
    axes.set_ylabel("share generated")
    axes.legend()


def _sources(axes: Axes, cell: FinishedCell) -> None:
    axes.set_title("Right answers by source (enhanced, flip)")
    said = cell.test.scores[HEADLINE] > 0
    right = said == cell.test.generated
    names = np.array([judged.source for judged in cell.test.samples])
    generated = cell.test.generated
    bars = sorted(
        (float(right[(names == name) & (generated == label)].mean()), label)
        for label in (False, True)
        for name in sorted(set(names[generated == label].tolist()))
    )
    colours = ["tab:red" if label else "tab:blue" for _, label in bars]
    axes.bar(range(len(bars)), [share for share, _ in bars], color=colours, width=1)
    axes.set_xlabel("sources in order (blue: human-drawn, red: generated)")
