"""The model card: Markdown written from a bundle and its figures, by a command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tegaki.errors import BundleError
from tegaki.lab.export.card_metrics import splits_of
from tegaki.lab.export.model_card_training import (
    calibrated_on,
    network_text,
    read_study,
    study_text,
    trained_text,
)
from tegaki.model import Bundle

_METRICS = {
    "auc": "AUC",
    "accuracy": "Accuracy at probability 0.5",
    "tpr_at_1_percent_fpr": "TPR at 1 % FPR",
    "ece": "ECE",
}


def write_card(bundle: Bundle, figures: dict[str, Any]) -> None:
    """Write ``figures.json`` and ``card.md`` into the bundle."""
    text = json.dumps(figures, indent=1) + "\n"
    (bundle.folder / "figures.json").write_text(text, encoding="utf-8")
    (bundle.folder / "card.md").write_text(card_text(bundle, figures), encoding="utf-8")


def read_card(bundle: Bundle) -> tuple[dict[str, Any], str]:
    """The figures and the card as they stand in the bundle.

    Raises:
        BundleError: one of them is missing or damaged.
    """
    try:
        text = (bundle.folder / "figures.json").read_text(encoding="utf-8")
        figures: dict[str, Any] = json.loads(text)
        return figures, (bundle.folder / "card.md").read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise BundleError(f"{bundle.folder} has no card to check ({problem})") from problem


def card_text(bundle: Bundle, figures: dict[str, Any]) -> str:
    """The card as Markdown."""
    study = read_study(bundle.folder)
    parts = [_what(bundle), trained_text(bundle), _worth(bundle, figures), _groups(figures)]
    parts += [study_text(study)] if study else []
    parts.append(_limits(bundle))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _what(bundle: Bundle) -> Iterator[str]:
    t, recipe = bundle.thresholds, bundle.config
    measured = calibrated_on(bundle)
    yield f"# Model card: {bundle.id}"
    yield ""
    yield (
        "Tells whether an anime picture is *likely drawn* by a person, *likely generated*, or "
        "*not sure*. A verdict is evidence, never proof; do not act against anybody on it alone."
    )
    yield ""
    yield f"- **Network**: {network_text(bundle)}, ONNX, SHA-256 `{recipe.model.sha256}`"
    names = recipe.views.names
    many = f"mean logit of {len(names)} squares" if len(names) > 1 else "one square"
    yield f"- **Views**: {many} of {recipe.views.size} pixels ({', '.join(names)}); never bars"
    yield (
        f"- **Calibration**: probability = sigmoid({recipe.calibration.slope:.3f} x logit "
        f"{recipe.calibration.intercept:+.3f}), Platt scaling on {measured}"
    )
    yield (
        f"- **Verdicts**: *likely generated* from probability {t.generated_from:.3f} (at most "
        f"{t.false_generated:.0%} of the {t.humans:,} human-drawn pictures of {measured} reach "
        f"it), *likely drawn* up to {t.drawn_up_to:.3f} (at most {t.false_drawn:.0%} of its "
        f"{t.generated:,} generated pictures reach down to it)"
    )
    yield f"- **Recipe hash**: `{recipe.hash}`"


def _worth(bundle: Bundle, figures: dict[str, Any]) -> Iterator[str]:
    names = splits_of(bundle)
    yield "## What it is worth"
    yield ""
    yield (
        "`test_seen` holds other pictures of sources that training has seen; `test_unseen` holds "
        "sources that stand nowhere in training: it is the figure to expect on pictures from "
        "elsewhere. In brackets: 95 % intervals, bootstrap over whole sources."
    )
    if "val" in names:
        yield "`val` fixed the calibration and thresholds, so its figures flatter."
    yield ""
    yield "| | " + " | ".join(f"`{name}`" for name in names) + " |"
    yield "|---|" + "---|" * len(names)
    splits = [figures["splits"][name] for name in names]
    counts = (f"{s['human']} / {s['generated']} / {s['sources']}" for s in splits)
    yield "| Human / generated / sources | " + " | ".join(counts) + " |"
    for name, label in _METRICS.items():
        cells = (_interval(split["metrics"][name]) for split in splits)
        yield f"| {label} | " + " | ".join(cells) + " |"
    for label, verdict, words in (
        ("human", "generated", "Human-drawn called *likely generated*"),
        ("human", "unsure", "Human-drawn: *not sure*"),
        ("human", "drawn", "Human-drawn called *likely drawn*"),
        ("generated", "generated", "Generated called *likely generated*"),
        ("generated", "unsure", "Generated: *not sure*"),
        ("generated", "drawn", "Generated called *likely drawn*"),
    ):
        cells = (f"{split['verdicts'][label][verdict]:.1%}" for split in splits)
        yield f"| {words} | " + " | ".join(cells) + " |"


def _interval(metric: dict[str, float]) -> str:
    interval = f" [{metric['low']:.3f}, {metric['high']:.3f}]" if "low" in metric else ""
    return f"{metric['value']:.3f}{interval}"


def _groups(figures: dict[str, Any]) -> Iterator[str]:
    for key, title in (
        ("by_family", "Generated pictures by family"),
        ("by_style", "Human-drawn pictures by style"),
        ("by_kind", "Human-drawn pictures by age and ground"),
        ("by_look", "Human-drawn pictures by look"),
    ):
        yield f"## {title}"
        yield ""
        yield "| Split | Group | Pictures | Likely generated | Not sure | Likely drawn |"
        yield "|---|---|---|---|---|---|"
        for name in ("test_seen", "test_unseen"):
            for group, f in figures["splits"][name][key].items():
                shares = " | ".join(f"{f[v]:.1%}" for v in ("generated", "unsure", "drawn"))
                yield f"| `{name}` | {group} | {f['pictures']} | {shares} |"
        yield ""
    yield "## The worst sources"
    yield ""
    yield "Of sources with five pictures and more: those most often called the wrong thing."
    yield ""
    yield "| Split | Source | Label | Pictures | Wrongly called | Right | Not sure |"
    yield "|---|---|---|---|---|---|---|"
    for name in ("test_seen", "test_unseen"):
        for row in figures["splits"][name]["worst_sources"]:
            shares = " | ".join(f"{row[key]:.1%}" for key in ("wrong", "right", "unsure"))
            yield f"| `{name}` | {row['source']} | {row['label']} | {row['pictures']} | {shares} |"


def _limits(bundle: Bundle) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield (
        f"- Calibrated on {bundle.thresholds.humans:,} human-drawn pictures: the "
        f"{bundle.thresholds.false_generated:.0%} is an expectation for pictures like those, not a "
        "guarantee for yours."
    )
    yield (
        "- Most human-drawn training pictures are from before August 2022 and generated ones from "
        "after: newer human styles may be called generated more often."
    )
    yield (
        "- Missed most: generated characters cut out on white, round avatars, comics pages and "
        "line art of recent editors. Nearest to a false accusation: softly painted portraits, "
        "painterly covers and crowded watercolour."
    )
    yield (
        "- Pictures that a person drew and a generator changed in part, or the reverse, have no "
        "label here; expect *not sure* or a wrong answer."
    )
    yield (
        "- Not tested against people who try to deceive it. The figures are of pixels alone: what "
        "files say of themselves is read beside them and counts for nothing here."
    )
