"""Scans with a scorer of the test's own: no network, no picture."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tegaki import Limits
from tegaki.model import load_bundle
from tegaki.results.result import CropScore, Measurement
from tegaki.scan import scan
from tegaki.scoring import Scorer
from tegaki.sources import find

LONG_AGO = 1_600_000_000  # what changed just now is read again


class ByLength:
    """The longer a file, the more it leans to generated."""

    def __init__(self) -> None:
        self.limits, self.context, self.reader_version = (
            Limits(max_bytes=99),
            load_bundle("fast").context,
            "-",
        )
        self.measured: list[bytes] = []

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        self.measured.append(data)
        digest = sha256 or hashlib.sha256(data).hexdigest()
        return Measurement(digest, len(data), views=(CropScore("length", len(data) - 50.0),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name, size in (("a.png", 10), ("b.png", 90), ("c.png", 100), ("d.png", 10)):
        (pictures / name).write_bytes(bytes(size))
        os.utime(pictures / name, (LONG_AGO, LONG_AGO))
    return pictures


@pytest.mark.parametrize("workers", [1, 3])
def test_a_scan_asks_its_scorer(folder: Path, workers: int) -> None:
    scorer: Scorer = ByLength()
    rows = list(scan(scorer, find([str(folder)], recursive=False), workers=workers))
    assert [row.verdict for row in rows] == ["drawn", "generated", "error", "drawn"]
    assert rows[2].error is not None
    assert rows[2].error.message == "100 bytes, over the limit of 99"


def test_a_scan_into_a_store_measures_a_content_once(folder: Path, tmp_path: Path) -> None:
    from tegaki.scan.incremental import scan_into
    from tegaki.store import Store

    scorer = ByLength()
    for expected in (
        ["scored", "scored", "hashed", "hashed"],
        ["unchanged", "unchanged", "hashed", "unchanged"],
    ):
        with Store.open(str(tmp_path / "s.tegaki")) as store:
            begun = store.begin_scan(scorer.context, scorer.reader_version)
            found = find([str(folder)], recursive=False)
            assert [o.action for o in scan_into(begun, scorer, found, workers=1)] == expected
    assert sorted(map(len, scorer.measured)) == [10, 90]
