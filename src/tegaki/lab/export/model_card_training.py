"""What a card says of a model's making: its network, its data, and what else was tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tegaki.model import Bundle

STUDY = "study.json"
_BACKBONES = {"mobilenetv2": "MobileNetV2", "efficientnet-lite0": "EfficientNet-Lite0"}


def read_study(folder: Path) -> dict[str, Any] | None:
    """What leave-sources-out said while a model was made, where it was kept."""
    path = folder / STUDY
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def calibrated_on(bundle: Bundle) -> str:
    """In words: the pictures that calibration and thresholds come from."""
    if bundle.recipe.base is not None:
        return "training pictures scored by heads that saw no picture of their source"
    return "pictures of sources held out of training" if _is_student(bundle) else "`val`"


def network_text(bundle: Bundle) -> str:
    """In words: what computes the logit."""
    if bundle.recipe.base is not None:
        return (
            "a linear head on the lower seven blocks of CLIP ViT-B/16, frozen, with weights of 7 "
            f"bits (`{bundle.recipe.base.id}.onnx`, SHA-256 `{bundle.recipe.base.sha256}`)"
        )
    runs = bundle.training["runs"]
    names = [_BACKBONES[run["recipe"]["network"]["backbone"]] for run in runs]
    parts = [
        f"{name} with channel attention" if run["recipe"]["network"]["attention"] else name
        for name, run in zip(names, runs, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    return f"the mean logit, each divided by its spread on `val`, of {'; and of '.join(parts)}"


def trained_text(bundle: Bundle) -> Iterator[str]:
    """The card's part on data and recipe."""
    facts = bundle.training
    yield "## What it was trained on"
    yield ""
    yield (
        f"{facts['human']:,} human-drawn and {facts['generated']:,} generated pictures from "
        f"{facts['sources']} sources (generator families: {', '.join(facts['families'])}). Both "
        f"labels went through one pipeline. Manifest SHA-256 `{facts['manifest_sha256']}`. "
        "Human-drawn means first published before August 2022, or art of a named studio or "
        "artist; generated means generation metadata in the file, or the publisher's word. Rights "
        "to the pictures stay with their owners; they were used for research and are not "
        "distributed here."
    )
    yield ""
    yield from _recipe(bundle)
    starts = list(_starts(bundle))
    if starts:
        each = "; ".join(
            f"{start['origin']}, licence {start['licence']}, SHA-256 `{start['sha256']}`"
            for start in starts
        )
        yield ""
        yield (
            f"**Where the weights come from**: {each}. What we made of them ships under MIT, with "
            "these notices (`licences/`)."
        )


def _recipe(bundle: Bundle) -> Iterator[str]:
    facts = bundle.training
    if bundle.recipe.base is not None:
        areas = facts["out_of_source"]["auc"]
        yield (
            "Recipe `careful`: nothing but the head was trained, in one step, on every picture as "
            "it is and on copies that were resized, re-encoded, blurred and recoloured at random, "
            "labels and sources weighing alike. Sources never seen (each scored by a head that saw "
            f"no picture of it): AUC {areas[0]:.3f}; of the edited copies "
            f"{' and '.join(f'{area:.3f}' for area in areas[1:])}. {facts['outside']:,} "
            "photographs, screenshots, texts and renderings taught it what is no drawing."
        )
    elif _is_student(bundle):
        held = facts["held_out"]
        yield (
            "Recipe `fast`: taught by labels, by the careful model's logits (of heads that saw no "
            "picture of the source) and, cell by cell, by its middle-layer tokens. Held out of "
            f"training, for calibration: {held['human']:,} human-drawn and {held['generated']:,} "
            f"generated pictures of {held['sources']} sources; AUC there {held['auc'][0]:.3f}, of "
            f"edited copies {' and '.join(f'{area:.3f}' for area in held['auc'][1:])}."
        )
    else:
        runs = facts["runs"]
        words = " and ".join(
            f"`{run['recipe']['name']}` (hash `{run['recipe_hash']}`)" for run in runs
        )
        epochs = {sum(stage["epochs"] for stage in run["recipe"]["stages"]) for run in runs}
        yield (
            f"{'Recipe' if len(runs) == 1 else 'Recipes'} {words}: all layers tuned for "
            f"{' and '.join(map(str, sorted(epochs)))} epochs, the last steps' average kept, "
            "random "
            "square crops, resizing, re-encoding, blur, noise and colour for both labels alike, "
            "draws balanced by label and by the root of a source's size."
        )


def _starts(bundle: Bundle) -> Iterator[dict[str, str]]:
    for run in bundle.training["runs"]:
        for key in ("start", "teacher"):
            if run["recipe"].get(key):
                yield run["recipe"][key]


def _is_student(bundle: Bundle) -> bool:
    return "held_out" in bundle.training


def study_text(study: dict[str, Any]) -> Iterator[str]:
    """The card's part on what else was tried, from ``study.json``."""
    yield "## What leave-sources-out says"
    yield ""
    yield (
        f"AUC on {study['pictures']:,} training pictures of {study['sources']} sources, each "
        "scored by a head that saw no picture of its source: as it is, then edited copies."
    )
    yield ""
    yield from _areas("Features of the head", [(r["name"], r["auc"]) for r in study["choices"]])
    yield (
        "Other ways to make the head, on the features' main components, the last pair with half of "
        "the sources:"
    )
    yield ""
    yield from _areas("Head", [(r["name"], r["auc"]) for r in study["heads"]])
    yield from _areas("Sources in training", [(r["sources"], r["auc"]) for r in study["curve"]])
    yield "Families of generators, each kept out of training altogether, against human pictures:"
    yield ""
    yield "| Family | Pictures | AUC |"
    yield "|---|---|---|"
    for row in study["families"]:
        yield f"| {row['family']} | {row['pictures']} | {row['auc']:.3f} |"
    yield ""
    yield "Human-drawn pictures by look, by the verdicts that these heads would have given:"
    yield ""
    yield "| Look | Pictures | Sources | Likely generated | Not sure | Likely drawn |"
    yield "|---|---|---|---|---|---|"
    for row in study["looks"]:
        unsure = 1 - row["generated"] - row["drawn"]
        shares = " | ".join(f"{share:.1%}" for share in (row["generated"], unsure, row["drawn"]))
        yield f"| {row['look']} | {row['pictures']} | {row['sources']} | {shares} |"
    named = study["attribution"]
    yield ""
    yield (
        f"**Which generator?** A head that names the family is right for {named['right']:.0%} of "
        "generated pictures of sources that it has not seen, families weighing alike (a blind "
        f"guess: {named['chance']:.0%}). It would be shown only if it were right more "
        "often than not" + ("." if named["right"] > 0.5 else ": it is left out.")
    )


def _areas(what: str, rows: list[tuple[object, list[float]]]) -> Iterator[str]:
    """A table of AUC: of pictures as they are, then of edited copies."""
    yield f"| {what} | As it is | Edited | Edited |"
    yield "|---|---|---|---|"
    for name, areas in rows:
        yield f"| {name} | " + " | ".join(f"{area:.3f}" for area in areas) + " |"
    yield ""
