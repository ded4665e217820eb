"""What a model says of the domain, kept in a store and asked for again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki import Detector, Limits
from tegaki.results.result import Result
from tegaki.results.scoring_config import Thresholds
from tegaki.scan.incremental import scan_into
from tegaki.sources import find
from tegaki.store import Query, Store
from tegaki.store.query import count_seen
from tests.little_bundles import colour, grey, write_fast
from tests.store.conftest import rows, scanned


@pytest.fixture
def little(tmp_path: Path) -> Detector:
    half = Thresholds(0.4, 0.6, 0.05, 0.01, 193, 174)
    return Detector(replace(write_fast(tmp_path / "bundle"), thresholds=half), Limits())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of each verdict, and a picture of another kind that looks generated."""
    found = tmp_path / "pictures"
    found.mkdir()
    grey(0).save(found / "drawn.png")
    grey(255).save(found / "generated.png")
    colour(255, 255, 120).save(found / "outside.png")
    (found / "bad.png").write_bytes(b"not a picture")
    return found


def by_name(found: list[Result]) -> dict[str, Result]:
    return {Path(row.path).stem: row for row in found}


def test_it_is_kept_and_asked_for(where: str, little: Detector, folder: Path) -> None:
    scanned(where, little, folder)
    kept = by_name(rows(where))
    assert kept == by_name([little.inspect(path) for path in folder.iterdir()]) != {}
    assert {name: row.domain for name, row in kept.items()} == {
        "drawn": "inside", "generated": "inside", "outside": "outside", "bad": None,
    }  # fmt: skip
    probability = kept["outside"].probability
    assert probability is not None
    assert probability > 0.6  # and still:
    for name, verdict in (("generated", "generated"), ("outside", "unsure")):
        assert list(by_name(rows(where, Query(verdicts=frozenset({verdict}))))) == [name]  # type: ignore[arg-type]


def test_what_a_scan_counts_is_what_its_rows_say(
    where: str, little: Detector, folder: Path
) -> None:
    with Store.open(where) as store:
        scan = store.begin_scan(little.context, little.scorer.reader_version)
        list(scan_into(scan, little.scorer, find([str(folder)], recursive=False), workers=1))
        counted = Counter(verdict for verdict, _ in count_seen(scan, little.context))
    assert counted == Counter(row.verdict for row in rows(where))
    assert counted == {"drawn": 1, "generated": 1, "unsure": 1, "error": 1}
