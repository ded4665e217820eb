"""The model card: Markdown written from a bundle and its figures, by a command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tegaki.errors import BundleError
from tegaki.lab.figures import SPLITS
from tegaki.model import Bundle

_METRICS = {
    "auc": "AUC",
    "accuracy": "Accuracy at probability 0.5",
    "tpr_at_1_percent_fpr": "TPR at 1 % FPR",
    "ece": "ECE",
}

_NETWORKS = {
    "mobilenetv2": "MobileNetV2, channel attention and a deep head (3,447,937 numbers, the seed's "
    "*enhanced* architecture)",
    "efficientnet-lite0": "EfficientNet-Lite0 with the channel attention and the deep head of the "
    "seed's *enhanced* architecture (4,602,977 numbers)",
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
        raise BundleError(
            f"{bundle.folder} has no card to check ({problem}); write it without --check"
        ) from problem


def card_text(bundle: Bundle, figures: dict[str, Any]) -> str:
    """The card as Markdown."""
    parts = (_what(bundle), _training(bundle), _worth(figures), _groups(figures), _limits(bundle))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _what(bundle: Bundle) -> Iterator[str]:
    t, recipe = bundle.thresholds, bundle.recipe
    yield f"# Model card: {bundle.id}"
    yield ""
    yield (
        "Tells whether an anime picture is *likely drawn* by a person, *likely generated*, or "
        "*not sure*. A verdict is evidence, never proof; do not act against anybody on it alone."
    )
    yield ""
    yield (f"- **Network**: {_networks(bundle)}, ONNX, SHA-256 `{recipe.model.sha256}`")
    yield (
        f"- **Views**: mean logit of {len(recipe.views.names)} squares of {recipe.views.size} "
        f"pixels ({', '.join(recipe.views.names)}); never bars"
    )
    yield (
        f"- **Calibration**: probability = sigmoid({recipe.calibration.slope:.3f} x logit "
        f"{recipe.calibration.intercept:+.3f}), Platt scaling on `val`"
    )
    yield (
        f"- **Verdicts**: *likely generated* from probability {t.generated_from:.3f} (at most "
        f"{t.false_generated:.0%} of the {t.humans} human-drawn pictures of `val` reach it), "
        f"*likely drawn* up to {t.drawn_up_to:.3f} (at most {t.false_drawn:.0%} of its "
        f"{t.generated} generated pictures reach down to it)"
    )
    yield f"- **Recipe hash**: `{recipe.hash}`"


def _networks(bundle: Bundle) -> str:
    names = [_NETWORKS[run["recipe"]["network"]["backbone"]] for run in bundle.training["runs"]]
    if len(names) == 1:
        return names[0]
    return f"the mean logit, each divided by its spread on `val`, of {'; and of '.join(names)}"


def _recipes(runs: list[dict[str, Any]]) -> str:
    words = " and ".join(f"`{run['recipe']['name']}` (hash `{run['recipe_hash']}`)" for run in runs)
    return f"{'Recipe' if len(runs) == 1 else 'Recipes'} {words}"


def _training(bundle: Bundle) -> Iterator[str]:
    facts = bundle.training
    runs = facts["runs"]
    epochs = {sum(stage["epochs"] for stage in run["recipe"]["stages"]) for run in runs}
    yield "## What it was trained on"
    yield ""
    yield (
        f"{facts['human']:,} human-drawn and {facts['generated']:,} generated pictures from "
        f"{facts['sources']} sources (split `train`; generator families: "
        f"{', '.join(facts['families'])}). Both labels went through one pipeline. Manifest "
        f"SHA-256 `{facts['manifest_sha256']}`. Human-drawn means first published before August "
        "2022, or art of a named studio or artist; generated means generation metadata in the "
        "file, or the publisher's word. Rights to the pictures stay with their owners; they were "
        "used for research and are not distributed here."
    )
    yield ""
    yield (
        f"{_recipes(runs)}: all layers tuned together for {' and '.join(map(str, epochs))} "
        "epochs, the last steps' average kept, random "
        "square crops, resizing, re-encoding, blur, noise and colour for both labels alike, draws "
        "balanced by label and by the root of a source's size. The seed's own training (frozen "
        "backbone, letterbox) was not used: its bars give the label away."
    )
    starts = [run["recipe"]["start"] for run in runs if run["recipe"]["start"]]
    if starts:
        each = "; ".join(
            f"{start['origin']}, licence {start['licence']}, SHA-256 `{start['sha256']}`"
            for start in starts
        )
        yield ""
        yield (
            f"**Where the weights come from**: {each}. The tuned weights ship under MIT, with "
            "these notices (`licences/`)."
        )


def _worth(figures: dict[str, Any]) -> Iterator[str]:
    yield "## What it is worth"
    yield ""
    yield (
        "`test_seen` holds other pictures of the sources of `train`; `test_unseen` holds sources, "
        "and two generator families (google, novelai), that stand nowhere in training: it is the "
        "figure to expect on pictures from elsewhere. In brackets: 95 % intervals, bootstrap over "
        "whole sources. `val` fixed the calibration and thresholds, so its figures flatter."
    )
    yield ""
    yield "| | " + " | ".join(f"`{name}`" for name in SPLITS) + " |"
    yield "|---|" + "---|" * len(SPLITS)
    splits = [figures["splits"][name] for name in SPLITS]
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
    ):
        yield f"## {title}"
        yield ""
        yield "| Split | Group | Pictures | Likely generated | Not sure | Likely drawn |"
        yield "|---|---|---|---|---|---|"
        for name in ("test_seen", "test_unseen"):
            for group, f in figures["splits"][name][key].items():
                shares = " | ".join(f"{f[v]:.1%}" for v in ("generated", "unsure", "drawn"))
                yield f"| `{name}` | {group} | {f['pictures']} | {shares} |"
        if key == "by_family":
            yield ""


def _limits(bundle: Bundle) -> Iterator[str]:
    yield "## Limits"
    yield ""
    yield (
        f"- Calibrated on {bundle.thresholds.humans} human-drawn pictures only: the 1 % is an "
        "expectation for pictures like those, with a wide interval, not a guarantee for yours."
    )
    yield (
        "- Human-drawn training pictures are nearly all from before August 2022 and generated "
        "ones from after: newer human styles may be called generated more often."
    )
    yield "- Cut-out characters on plain ground, chibi and flat cartoons are its weak side."
    yield (
        "- Pictures that a person drew and a generator changed in part, or the reverse, have no "
        "label here; expect *not sure* or a wrong answer."
    )
    yield (
        "- Not tested against people who try to deceive it. The figures are of pixels alone: what "
        "files say of themselves is read beside them and counts for nothing here."
    )
