"""The looks of human-drawn pictures, as they are listed by eye."""

from __future__ import annotations

import csv
from importlib import resources
from pathlib import Path

from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.looks import LOOKS, load_looks


def test_every_listed_picture_has_one_known_look() -> None:
    text = resources.files("tegaki.lab.corpus").joinpath("looks.csv").read_text(encoding="utf-8")
    ids = [row["id"] for row in csv.DictReader(text.splitlines())]
    assert ids == sorted(set(ids))
    assert set(load_looks().values()) == set(LOOKS)


def test_what_is_listed_is_drawn_by_people(shared: Path) -> None:
    listed = {
        item.id: item.generated
        for folder in ("corpus", "corpus2")
        for item in load_corpus(shared / folder).items
        if item.id in load_looks()
    }
    assert len(listed) > 500
    assert not any(listed.values())
