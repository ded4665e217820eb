"""The tables that the docs show, each from files that a command wrote."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import product
from math import inf
from pathlib import Path
from typing import Any

from tegaki.lab import survival
from tegaki.lab.export.card_metrics import TESTS
from tegaki.lab.reproduction.summary import summarise
from tegaki.metadata.pixels.watermark import PAYLOADS
from tegaki.model import SHIPPED
from tegaki.utils.packed import FilePath, children, open_folder, read_text
from tools import cluster_cost
from tools.ideas import table as tried
from tools.markdown import table
from tools.measure_shrink import read_rows

ROOT = Path(__file__).parents[1]
ABLATION = ROOT / "docs" / "ablation"
CELLS = ABLATION / "cells"
AUDIT = ROOT / "docs" / "audit"
EVALUATION = ROOT / "docs" / "evaluation"
MODELS = ("careful", "fast")
RUNS = ROOT / "docs" / "runs"
_DRAWN_A_WEEK, _MADE_A_WEEK = 9_500, 500
EXTRA_USES = {
    "parquet": "results in Parquet; pictures in Parquet files",
    "postgres": "stores in PostgreSQL",
    "cluster": "`tegaki cluster`; pictures at `http://` and `https://`",
    "s3": "pictures and results at `s3://`",
    "lab": "training, evaluation and audits, with PyTorch for the CPU alone",
}
_BACKBONES = {"mobilenetv2": "MobileNetV2", "efficientnet-lite0": "EfficientNet-Lite0"}
SHRINK_BANDS = (
    ("as it is", 1.5, 2.0), ("as it is", 2.0, 3.0), ("as it is", 3.0, 5.0), ("as it is", 5.0, 8.0),
    ("as it is", 8.0, inf), ("enlarged", 8.0, inf), ("mosaic", 8.0, inf),
)  # fmt: skip


def _figures() -> str:
    """The README's short table, from the models' figures."""
    names = {"test_seen": "sources seen in training", "test_unseen": "sources never seen"}
    found = {
        f"{model}, {words}": _read(SHIPPED[model] / "figures.json")["splits"][split]
        for model in MODELS
        for split, words in names.items()
    }
    rows = {
        "AUC": [f"{f['metrics']['auc']['value']:.3f}" for f in found.values()],
        "TPR at 1 % FPR": [
            f"{f['metrics']['tpr_at_1_percent_fpr']['value']:.2f}" for f in found.values()
        ],
    }
    for label, verdict, words in (
        ("human", "generated", "Drawn, called *likely generated*"),
        ("human", "unsure", "Drawn: *not sure*"),
        ("generated", "generated", "Generated, called *likely generated*"),
        ("generated", "unsure", "Generated: *not sure*"),
        ("generated", "drawn", "Generated, called *likely drawn*"),
    ):
        rows[words] = [f"{f['verdicts'][label][verdict]:.1%}" for f in found.values()]
    return table(["", *found], [[words, *cells] for words, cells in rows.items()])


def _web() -> str:
    """AUC on sources never seen, as they are and sent around, from ``tegaki lab evaluate``."""
    columns, names = {}, []
    for model in MODELS:
        tests = _read(EVALUATION / model / "web" / "report.json")["systems"]["model"]["tests"]
        names = list(tests)
        columns[model] = [tests[n]["metrics"]["auc"] for n in names]
    rows = [
        [name, *(f"{column[n]['value']:.3f} [{column[n]['low']:.3f}, {column[n]['high']:.3f}]"
                 for column in columns.values())]
        for n, name in enumerate(names)
    ]  # fmt: skip
    return table(["Test", *columns], rows)


def _students() -> str:
    """Candidates for the fast model, from ``tools/students.py``."""
    rows = []
    for one in _read_list(ROOT / "docs" / "students.json"):
        name = _BACKBONES[one["backbone"]] + (", channel attention" if one["attention"] else "")
        areas = [f"{area:.3f}" for area in one["held_out"]["auc"]]
        rows.append([name, f"{one['steps']:,} of {one['batch']}", *areas])
    return table(["Network", "Steps", "As it is", "Edited", "Edited"], rows)


def _sums() -> str:
    """What the fast model's logit beside the careful one's would bring, from ``tools/ship.py``."""
    tried = _read(SHIPPED["auto"] / "bundle.json")["training"]["sums"]
    rows = [[f"{one['weight']:g}", *(f"{area:.3f}" for area in one["auc"])] for one in tried]
    return table(["Times fast's logit added", "As it is", "Edited", "Edited"], rows)


def _looks() -> str:
    """Every pair of models whose figures on the test splits were taken, the last one shipping."""
    rows = []
    for model in MODELS:
        earlier = [run for run in children(open_folder(RUNS)) if run.name.startswith(f"{model}-")]
        for folder in (*earlier, SHIPPED[model]):
            training = _read(folder / "bundle.json")["training"]
            known = training.get("held_out") or training["out_of_source"]
            sources = training["sources"] - training.get("held_out", {}).get("sources", 0)
            splits = _read(folder / "figures.json")["splits"].values()
            areas = [f"{split['metrics']['auc']['value']:.3f}" for split in splits]
            rows.append([model, str(sources), f"{known['auc'][0]:.3f}", *areas])
    return table(["Model", "Sources in training", "Sources kept from it", *TESTS], rows)


def _further() -> str:
    """The sources found since, from their list."""
    with (ROOT / "docs" / "corpus3.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    words = {"train": "teach both models", "val": "teach careful, kept from fast"}
    rows = []
    for split, label in product(words, ("generated", "human")):
        some = [row for row in found if (row["split"], row["label"]) == (split, label)]
        sources = len({row["source"] for row in some})
        rows.append([words[split], label, str(sources), str(len(some))])
    return table(["They", "Label", "Sources", "Pictures"], rows)


def _outside() -> str:
    """Pictures that are no drawings, from ``tools/measure_outside.py``."""
    found = _read(ROOT / "docs" / "outside.json")
    rows = []
    for part, words in (("outside", "found"), ("inside", "lost")):
        for group in found["fast"][part]:
            count = found["fast"][part][group]["pictures"]
            shares = [f"{models[part][group]['outside'] / count:.1%}" for models in found.values()]
            rows.append([group, str(count), words, *shares])
        total = sum(one["pictures"] for one in found["fast"][part].values())
        sums = [sum(one["outside"] for one in models[part].values()) for models in found.values()]
        rows.append(["all", str(total), words, *(f"{n / total:.1%}" for n in sums)])
    return table(["Pictures", "Number", "", *found], rows)


def _runs() -> str:
    """Every training run that could have shipped, from its log and recipe."""
    rows = []
    runs = open_folder(RUNS)
    for folder in (run for run in children(runs) if (run / "recipe.json").exists()):
        recipe = _read(folder / "recipe.json")
        stage = recipe.get("stages", [recipe])[0]  # the first runs were not made of stages
        lines = read_text(folder / "log.jsonl").splitlines()
        last = json.loads(lines[-1])
        teacher = recipe.get("teacher")
        choices = [str(stage.get(key, 0)) for key in ("averaging", "label_smoothing")]
        choices.append(f"weight {teacher['weight']:g}" if teacher else "")
        views = ", ".join(recipe["views"]["names"])
        measured = folder / "figures.json"
        areas = [f"{last['val_auc']:.3f}", *_areas(measured if measured.exists() else None)]
        rows.append([folder.name, _read_network(recipe), str(last["epoch"]), *choices, views,
                     *areas])  # fmt: skip
    figures = runs / "blend" / "figures.json"
    val = f"{_read(figures)['splits']['val']['metrics']['auc']['value']:.3f}"
    parts = [run["recipe"] for run in _read(runs / "blend" / "bundle.json")["training"]["runs"]]
    names = " and ".join(_read_network(recipe) for recipe in parts)
    views = ", ".join(parts[0]["views"]["names"])
    rows.append(["3 and 4, blended", names, "", "", "", "", views, val, *_areas(figures)])
    header = ["Run", "Network", "Epochs", "Averaging", "Label smoothing", "Teacher", "Views",
              "val AUC at the end", "`test_seen`", "`test_unseen`"]  # fmt: skip
    return table(header, rows)


def _areas(figures: FilePath | None) -> list[str]:
    """AUC on the two test splits, where they were measured."""
    if figures is None:
        return ["", ""]
    splits = _read(figures)["splits"]
    return [f"{splits[n]['metrics']['auc']['value']:.3f}" for n in ("test_seen", "test_unseen")]


def _read_network(recipe: dict[str, Any]) -> str:
    return _BACKBONES[recipe.get("network", {}).get("backbone", "mobilenetv2")]


def _provenance() -> str:
    """Real files read rightly, by us and by a peer."""
    counts = _read(ROOT / "docs" / "provenance.json")
    header = ["Reader", "Files by generators", "Found", "With the right tool", "Other files",
              "Falsely accused"]  # fmt: skip
    names = ("ai", "found", "right", "controls", "false")
    return table(header, [[who, *(str(c[n]) for n in names)] for who, c in counts.items()])


def _watermarks() -> str:
    """False alarms of the watermark reader, and the best score of any unmarked picture."""
    rows = []
    for found in _read_list(ROOT / "docs" / "watermarks.json"):
        for payload in PAYLOADS:
            hits, best = found["hits"][payload.name], found["best"][payload.name]
            needed = f"{payload.least} of {len(payload.bits)}"
            rows.append([found["set"], str(found["pictures"]), payload.tool, str(hits), str(best),
                         needed])  # fmt: skip
    header = ["Unmarked pictures", "Number", "Watermark of", "False alarms", "Most bits that fit",
              "Needed"]  # fmt: skip
    return table(header, rows)


def _fuzz() -> str:
    """How long each reader was fuzzed, and what was found."""
    header = ["Reader", "Minutes", "Inputs tried", "Branches met", "Inputs kept", "Found"]
    names = ("inputs", "covered", "kept", "found")
    rows = [
        [name, str(run["seconds"] // 60), *(f"{run.get(n, 0):,}" for n in names)]
        for name, run in _read(ROOT / "docs" / "fuzz.json").items()
    ]
    return table(header, rows)


def _seed() -> str:
    """The seed's headline beside what it reaches here, from the committed ablation."""
    rows = [["The seed's own report", "1", "97.3%", "97.3%", "0.995"]]
    words = {
        "seed-gan": "Its own task, GANs against human art, random split",
        "seed-random": "Every family of generators in training, random split",
        "unseen": "Sources and generators never seen in training",
    }
    found = {summary.protocol: summary for summary in summarise(open_folder(CELLS))}
    for protocol, text in words.items():
        line = found[protocol].line("enhanced+flip") if protocol in found else None
        if line is None:  # its cells are not finished yet
            continue
        accuracy, f1, auc = (line.figures[name] for name in ("accuracy", "f1", "auc"))
        cells = [f"{x.value:.1%} [{x.low:.1%}, {x.high:.1%}]" for x in (accuracy, f1)]
        area = f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}]"
        rows.append([text, str(line.seeds), *cells, area])
    return table(["Enhanced model, flips at test time", "Runs", "Accuracy", "F1", "AUC"], rows)


def _audit() -> str:
    """What the original files give away, from ``tegaki lab audit --originals``."""
    rows = [
        [finding["property"]["name"], *(_estimate(finding[key]) for key in ("random", "by_source")),
         finding["verdict"]]
        for finding in _read(AUDIT / "originals.json")["findings"]
    ]  # fmt: skip
    return table(["Property alone", "Random folds: AUC, accuracy", "By source", ""], rows)


def _views() -> str:
    """What the views give away, by source, from ``tegaki lab audit --views``."""
    findings = _read(AUDIT / "views.json")["findings"]
    names = list(findings)
    rows = []
    for each in zip(*findings.values(), strict=True):
        first = each[0]["property"]
        kind = "content" if first["kind"] == "content" else "not content"
        rows.append([first["name"], kind, *(f"{f['by_source']['auc']:.3f}" for f in each)])
    return table(["Property alone", "", *names], rows)


def _moves() -> str:
    """How far a shipped model's scores move, from ``tegaki lab audit --model``."""
    audit = _read(AUDIT / "model.json")
    rows = [
        [move["condition"], f"{move['logit']:.2f}", f"{move['probability']:.3f}",
         f"{move['verdicts']:.1%}", f"{move['auc']:.3f}"]
        for move in audit["moves"]
    ]  # fmt: skip
    return table(["Condition", "Mean move: logit", "probability", "Verdicts changed", "AUC"], rows)


def _models() -> str:
    """What the models weigh and cost, from ``tools/measure_models.py``."""
    rows = [
        [name, f"{one['megabytes']:.1f}", f"{one['milliseconds']:.0f}"]
        for name, one in _read(ROOT / "docs" / "models.json").items()
    ]
    return table(["Model", "Files, MB", "Milliseconds of a core for a picture"], rows)


def _week() -> str:
    """A week of a site, by the figures of the careful model on sources never seen."""
    verdicts = _read(SHIPPED["careful"] / "figures.json")["splits"]["test_unseen"]["verdicts"]
    bound = _read(SHIPPED["careful"] / "bundle.json")["thresholds"]["false_generated"]
    drawn, made = verdicts["human"], verdicts["generated"]
    accused, found = _DRAWN_A_WEEK * bound, _MADE_A_WEEK * made["generated"]
    unsure = _DRAWN_A_WEEK * drawn["unsure"]
    rows = [
        ["drawn", f"{_DRAWN_A_WEEK:,}", f"up to {accused:.0f} ({bound:.0%})", f"{unsure:,.0f}",
         "the rest"],
        ["generated", f"{_MADE_A_WEEK:,}", f"{found:.0f}", f"{_MADE_A_WEEK * made['unsure']:.0f}",
         f"{_MADE_A_WEEK * made['drawn']:.0f}"],
        ["drawn, of all that are called so", "", f"up to {accused / (accused + found):.0%}",
         "", ""],
    ]  # fmt: skip
    words = ["Called *likely generated*", "*Not sure*", "Called *likely drawn*"]
    return table(["Really", "Number", *words], rows)


def _color() -> str:
    """What a colour profile costs, from ``tools/measure_color.py``."""
    found = _read(ROOT / "docs" / "color.json")
    rows = [[name, f"{milliseconds:.0f}"] for name, milliseconds in found.items()]
    return table(["Profile", "Milliseconds of a core for a picture"], rows)


def _speed() -> str:
    """Milliseconds of one core by step, before and after, from ``tools/profile_scan.py``."""
    kept = _read(ROOT / "docs" / "speed.json")
    before, after = kept["before"], kept["after"]
    steps = list(next(iter(after.values())))
    rows = [
        [kind, *(f"{before[kind][step]:.1f} → {after[kind][step]:.1f}" for step in steps)]
        for kind in after
    ]
    return table(["Picture", *steps], rows)


def _shrink() -> str:
    """How far probabilities move by halving, from ``tools/measure_shrink.py``."""
    rows = []
    measured = read_rows()
    for kind, least, most in SHRINK_BANDS:
        some = [row for row in measured if row.kind == kind and least <= row.remaining < most]
        halved = [abs(row.half - row.full) for row in some]
        noise = [abs(row.noise - row.full) for row in some if row.noise is not None]
        left = f"{least:g} and more" if most == inf else f"{least:g} to {most:g}"
        rows.append([kind, left, str(len(some)), *_moved(halved), *_moved(noise)])
    header = ["JPEGs", "Times 320 px left", "Pictures", "Mean", "Most", "0.01 and more",
              "Noise: mean", "most", "0.01 and more"]  # fmt: skip
    return table(header, rows)


def _moved(moves: list[float]) -> list[str]:
    if not moves:
        return ["", "", ""]
    over = sum(move >= 0.01 for move in moves)
    return [f"{sum(moves) / len(moves):.4f}", f"{max(moves):.4f}", str(over)]


def _memory() -> str:
    """Peaks of scans, from ``tools/measure_memory.py``."""
    found = _read(ROOT / "docs" / "memory.json")
    return table(["Scanned with two workers", "Peak, MB"], [[k, str(v)] for k, v in found.items()])


def _install() -> str:
    """What the core and each extra take on disk, from ``tools/measure_install.py``."""
    parts = _read(ROOT / "docs" / "install.json")["parts"]
    rows = [
        [
            f"`{name}`" if name in EXTRA_USES else name,
            EXTRA_USES.get(name, "judging, metadata with C2PA, stores, `watch`"),
            f"{'+' if name in EXTRA_USES else ''}{one['mb']:,.0f}",
            str(one["packages"]),
            ", ".join(f"{package} {mb:,.0f}" for package, mb in one["largest"].items()),
        ]
        for name, one in parts.items()
    ]
    return table(["Extra", "For", "MB on disk", "Packages", "The largest, MB"], rows)


def _ideas() -> str:
    """What was tried beside the careful model, from ``tools/measure_ideas.py``."""
    return table(tried.HEADER, tried.rows(_read(ROOT / "docs" / "ideas.json")))


def _estimate(found: dict[str, float]) -> str:
    return f"{found['auc']:.3f} [{found['low']:.2f}, {found['high']:.2f}], {found['accuracy']:.1%}"


def _read(path: FilePath) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(read_text(path))
    return plain


def _read_list(path: Path) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return plain


def _cluster_rates() -> str:
    """Rates of a core, from ``tools.cluster_cost --measure``."""
    return table(*cluster_cost.rates(_read(cluster_cost.JSON)))


def _cluster_cost() -> str:
    """What millions of pictures take at these rates."""
    said = _read(cluster_cost.JSON)
    return table(*cluster_cost.costs(said, said["assumed"]["core_hour"], [16, 256]))


def _survival() -> str:
    """Which marks live through which tools, from ``tegaki lab survival``."""
    return table(survival.HEADER, survival.rows(_read(ROOT / "docs" / "survival.json")))


TABLES: dict[str, Callable[[], str]] = {
    "figures": _figures, "web": _web, "outside": _outside,
    "runs": _runs, "students": _students, "further": _further, "looks": _looks, "sums": _sums,
    "seed": _seed, "audit": _audit, "views": _views,
    "moves": _moves, "provenance": _provenance, "watermarks": _watermarks,
    "fuzz": _fuzz, "cluster_rates": _cluster_rates, "cluster_cost": _cluster_cost,
    "models": _models, "speed": _speed, "shrink": _shrink, "memory": _memory,
    "color": _color, "week": _week,
    "ideas": _ideas, "install": _install, "survival": _survival,
}  # fmt: skip
"""By the name in the marks around each, like ``<!-- figures -->``."""
