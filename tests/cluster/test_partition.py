"""What one partition's file tells."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from tegaki import Detector
from tegaki.cluster import PlanRequest, list_items, make_plan, open_target
from tegaki.cluster.partition import Partition
from tegaki.cluster.runs import Worker, _summary
from tegaki.errors import ClusterError
from tegaki.scan.scorer import BatchScorer
from tegaki.sources.selection import Selection, Selector
from tests.conftest import painting
from tests.metadata.c2pa.signing import TYPES, action, chain, picture, sign
from tests.sources.archives.made import make_tar, png


def test_manifests_that_nothing_could_read_are_counted(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the worker that scored, and by a driver that finds the partition there."""
    monkeypatch.setitem(sys.modules, "c2pa", None)
    created = action("c2pa.created", TYPES + "trainedAlgorithmicMedia")
    (tmp_path / "signed.png").write_bytes(sign(picture(), chain("Signer"), created))
    painting(90, 90).save(tmp_path / "plain.png")
    target = open_target(str(tmp_path / "out"))
    paths = [str(tmp_path / "signed.png"), str(tmp_path / "plain.png"), str(tmp_path / "none.png")]
    plan = make_plan(
        target, PlanRequest.from_scorer(detector.scorer, 10), list_items(paths, recursive=False)
    )
    answer = Worker(pickle.dumps(BatchScorer(detector.scorer)), target, plan)({"partition": [0]})
    summary = _summary(answer["counts"][0])
    assert summary.manifests == 1
    assert Partition("part", target.get("part-000000.parquet") or b"").summary() == summary


def test_side_cars_in_archives_are_counted_by_whoever_reads_them(
    detector: Detector, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    make_tar(tmp_path / "in" / "a.tar", {"0.png": png(1), "0.txt": b"a cat", "0.json": b"{}"})
    (tmp_path / "in" / "list.txt").write_text("a.tar")
    target, select = open_target(str(tmp_path / "out")), Selector(Selection())
    asked = PlanRequest.from_scorer(detector.scorer, 10, all_files=False)
    items = list_items([str(tmp_path / "in")], recursive=False, select=select)
    plan = make_plan(target, asked, items)
    assert (plan.files, select.skipped) == (1, {".txt": 1})
    batch = pickle.dumps(BatchScorer(detector.scorer, select=select))
    summary = _summary(Worker(batch, target, plan)({"partition": [0]})["counts"][0])
    assert summary.rows == 1
    assert summary.skipped == {".json": 1, ".txt": 1}
    assert Partition("part", target.get("part-000000.parquet") or b"").summary() == summary
    with pytest.raises(ClusterError, match="with another treatment of side-cars"):
        make_plan(target, PlanRequest.from_scorer(detector.scorer, 10), items)
