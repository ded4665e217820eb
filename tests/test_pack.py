"""Results that stand as plain files become the packed ones, and nothing is left to pack here."""

from __future__ import annotations

import json
from pathlib import Path

from tools.pack import ROOT, main, unpacked

from tegaki.lab.evaluation.report import read_report
from tegaki.lab.evaluation.verify import verify
from tegaki.lab.metrics.predictions import read_predictions
from tegaki.utils.packed import read_bytes, read_zip

REPORT = ROOT / "docs" / "evaluation" / "fast" / "seen"


def test_all_is_packed() -> None:
    assert unpacked(ROOT) == [], "run python -m tools.pack"


def test_a_folder_is_added_to_its_archive(tmp_path: Path) -> None:
    runs = tmp_path / "docs" / "runs"
    for name, text in (("1", "old"), ("2", "kept")):
        (runs / name).mkdir(parents=True)
        (runs / name / "log.jsonl").write_text(text)
    main(tmp_path)
    assert not runs.exists()
    before = runs.with_suffix(".zip").read_bytes()
    for name, text in (("1", "new"), ("3", "more")):
        (runs / name).mkdir(parents=True)
        (runs / name / "log.jsonl").write_text(text)
    main(tmp_path)
    assert read_zip(runs.with_suffix(".zip")) == {
        "1/log.jsonl": b"new", "2/log.jsonl": b"kept", "3/log.jsonl": b"more",
    }  # fmt: skip
    (runs / "1").mkdir(parents=True)
    (runs / "1" / "log.jsonl").write_text("old")
    (runs / "3").mkdir()
    runs.with_suffix(".zip").write_bytes(before)
    main(tmp_path)
    assert read_zip(runs.with_suffix(".zip"))["1/log.jsonl"] == b"old"
    assert runs.with_suffix(".zip").read_bytes() == before


def test_plain_predictions_are_read_and_packed(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "evaluation" / "fast" / "seen"
    folder.mkdir(parents=True)
    report = read_report(REPORT / "report.json")
    packed_text = (REPORT / "report.json").read_text(encoding="utf-8")
    data = read_bytes(REPORT / report["predictions"]["file"])
    (folder / "predictions.csv").write_bytes(data)
    report["predictions"]["file"] = "predictions.csv"
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False))
    sha256 = report["predictions"]["sha256"]
    assert read_predictions(folder / "predictions.csv", sha256).tests()
    main(tmp_path)
    assert {path.name for path in folder.iterdir()} == {"report.json", "predictions.csv.gz"}
    assert (folder / "report.json").read_text(encoding="utf-8") == packed_text
    assert verify(folder / "report.json") == []
