"""Gives the shipped models how this version decodes pictures and cuts long ones.

    python -m tools.renew_bundles

For a change of decoding that moves no score of the pictures that the models' figures were measured
on: those of the corpus, without colour profiles and at most 1.6:1. ``tests/model/test_renewed.py``
holds logits to what they were. Models that are trained anew need none of this.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tegaki.lab.export.model_card import read_card, write_card
from tegaki.model import SHIPPED, load_single, save_bundle
from tegaki.model.bundle import CascadeBundle
from tegaki.results.scoring_config import (
    Cascade,
    DecodePolicy,
    ShrinkPolicy,
    Thresholds,
    TilePolicy,
)

_SINGLE = ("fast", "careful")


def main() -> None:
    for name in _SINGLE:
        renew(SHIPPED[name])
    rejoin(SHIPPED["auto"])


def renew(folder: Path) -> None:
    """One model's ``bundle.json``, and the hash in its figures and card."""
    path = folder / "bundle.json"
    plain = _read(path)
    said = asdict(DecodePolicy()) | {"background": plain["recipe"]["decode"]["background"]}
    plain["recipe"] |= {
        "decode": said,
        "shrink": asdict(ShrinkPolicy()),
        "tiles": asdict(TilePolicy()),
    }
    _write(path, plain)
    bundle = load_single(folder)
    save_bundle(bundle)
    write_card(bundle, read_card(bundle)[0] | {"recipe": bundle.config.hash})


def rejoin(folder: Path) -> None:
    """The cascade of the two models beside it, with the limits and thresholds that it has."""
    plain = _read(folder / "bundle.json")
    fast, careful = (load_single(folder.parent / name) for name in _SINGLE)
    limits = {name: value for name, value in plain["recipe"].items() if name not in _SINGLE}
    cascade = Cascade(fast.config, careful.config, **limits)
    thresholds = Thresholds(**plain["thresholds"])
    save_bundle(CascadeBundle(folder, cascade, thresholds, plain["training"], fast, careful))


def _read(path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return plain


def _write(path: Path, plain: dict[str, Any]) -> None:
    text = json.dumps(plain, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
