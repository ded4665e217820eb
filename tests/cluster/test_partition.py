"""What one partition's file tells."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from tegaki import Detector
from tegaki.scan.batch import ScoreBatch
from tegaki.scan.cluster import Asked, listed, open_target, planned
from tegaki.scan.cluster.partition import Partition
from tegaki.scan.cluster.runs import Worker, _summary
from tests.conftest import painting
from tests.provenance.signing import TYPES, action, chain, picture, sign


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
    plan = planned(target, Asked.of(detector, 10), listed(paths, recursive=False))
    answer = Worker(pickle.dumps(ScoreBatch(detector)), target, plan)({"partition": [0]})
    summary = _summary(answer["counts"][0])
    assert summary.manifests == 1
    assert Partition("part", target.get("part-000000.parquet") or b"").summary() == summary
