"""Reports can be computed again, and a digit that was changed is found."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tegaki.cli.main import program
from tegaki.errors import CorpusError
from tegaki.lab.evaluation.gate import (
    find_violations,
    lowered,
    moved,
    raised,
    read_floors,
    write_floors,
)
from tegaki.lab.evaluation.report import Report, read_report, write_report
from tegaki.lab.evaluation.verify import verify
from tegaki.lab.metrics.predictions import (
    EvaluatedSample,
    Predictions,
    read_predictions,
    write_predictions,
)
from tegaki.lab.reproduction.ensemble import check_share
from tegaki.utils.packed import write_zip

HASH = "5" * 64


def predictions(seed: int = 0, gap: float = 2.0) -> Predictions:
    rng = np.random.default_rng(seed)
    judged = tuple(
        EvaluatedSample(
            test, f"{test}{k}", k % 2 == 1, f"源, {k % 7}", "sdxl" if k % 2 else "human", "anime"
        )
        for test in ("val", "test_seen", "test_seen jpeg-50")
        for k in range(80)
    )
    generated = np.array([j.generated for j in judged])
    scores = rng.normal(0, 1, len(judged)) + gap * generated - gap / 2
    return Predictions(judged, {"model": scores, "other": -scores})


@pytest.fixture
def report(tmp_path: Path) -> Path:
    write_report(tmp_path / "r", predictions(), {"protocol": "robust", "manifest_sha256": HASH})
    return tmp_path / "r" / "report.json"


def test_predictions_are_read_back(tmp_path: Path) -> None:
    made = predictions()
    sha256 = write_predictions(made, tmp_path / "p.csv.gz")
    back = read_predictions(tmp_path / "p.csv.gz", sha256)
    assert back.samples == made.samples
    assert np.allclose(back.scores["model"], made.scores["model"], atol=1e-5)
    assert back.tests() == ["val", "test_seen", "test_seen jpeg-50"]
    assert len(back.part("val").samples) == 80


def test_a_report_is_true(report: Path) -> None:
    assert verify(report) == []
    said = read_report(report)
    assert set(said["systems"]) == {"model", "other"}
    assert set(said["systems"]["model"]["tests"]) == {"test_seen", "test_seen jpeg-50"}


def _changed(report: Report, path: tuple[str, ...], value: object) -> None:
    for key in path[:-1]:
        report = report[key]
    report[path[-1]] = value


@pytest.mark.parametrize(
    "path",
    [
        ("metrics", "accuracy", "value"),
        ("metrics", "auc", "low"),
        ("metrics", "ece_calibrated", "high"),
        ("by_source", "源, 1", "recall"),
        ("worst_human_source", "fpr"),
    ],
)
def test_one_digit_is_found(report: Path, path: tuple[str, ...]) -> None:
    plain = json.loads(report.read_text())
    where = ("systems", "model", "tests", "test_seen", *path)
    figure = plain
    for key in where:
        figure = figure[key]
    _changed(plain, where, round(figure + 0.0001, 4))
    report.write_text(json.dumps(plain, ensure_ascii=False))
    (problem,) = verify(report)
    assert problem.startswith(".".join(where) + ": the report says")


def test_one_digit_of_the_predictions_is_found(report: Path) -> None:
    path = report.parent / "predictions.csv.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b",1.", b",2.", 1)))
    (problem,) = verify(report)
    assert "is not the file that the report was written from" in problem


@pytest.mark.parametrize("name", ["", "..", "/", "none.csv", "a\0b", "report.json"])
def test_predictions_of_a_wrong_name_are_told(report: Path, name: str) -> None:
    plain = json.loads(report.read_text())
    plain["predictions"]["file"] = name
    report.write_text(json.dumps(plain))
    (problem,) = verify(report)
    assert "cannot be read" in problem or "is damaged" in problem or "is not the file" in problem


def test_a_missing_system_is_found(report: Path) -> None:
    plain = json.loads(report.read_text())
    del plain["systems"]["other"]
    report.write_text(json.dumps(plain))
    assert verify(report)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"ensemble_share": 0.6}, "ensemble_share: the report says 0.6, the predictions give None"),
        ({"family": "sdxl"}, "family: the report says that sdxl was left out, val holds sdxl"),
        ({"family": "gan"}, "family: the report says that gan was left out, test_seen holds sdxl"),
        ({"family": None, "ensemble_share": None}, ""),
    ],
)
def test_facts_that_predictions_contradict(
    report: Path, facts: dict[str, object], problem: str
) -> None:
    plain = json.loads(report.read_text()) | facts
    report.write_text(json.dumps(plain, ensure_ascii=False))
    assert "".join(verify(report, [check_share])[:1]) == problem


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1}'])
def test_what_is_no_report_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(CorpusError, match="is not a report"):
        verify(path)


def test_verify_from_the_command_line(report: Path) -> None:
    command = [sys.executable, "-m", "tegaki", "lab", "verify", str(report)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{report}: true\n")
    report.write_text(report.read_text().replace('"value": 0.', '"value": 1.', 1))
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the report says 1." in done.stdout


def test_every_report_of_an_archive_is_verified(report: Path, tmp_path: Path) -> None:
    good = {f"a/{path.name}": path.read_bytes() for path in report.parent.iterdir()}
    bad = {name.replace("a/", "b/"): data for name, data in good.items()}
    bad["b/report.json"] = bad["b/report.json"].replace(b'"value": 0.', b'"value": 1.', 1)
    archive = tmp_path / "cells.zip"
    write_zip(archive, good | bad)
    done = CliRunner().invoke(program, ["lab", "verify", str(archive)])
    assert done.exit_code == 1
    first, second = done.output.splitlines()
    assert first == f"{archive}/a/report.json: true"
    assert second.startswith(f"{archive}/b/report.json: systems.")
    write_zip(archive, {"notes.txt": b""})
    done = CliRunner().invoke(program, ["lab", "verify", str(archive)])
    assert done.exit_code == 2
    assert "cells.zip holds no report.json" in done.output


# ---- floors ------------------------------------------------------------------------------------


def _report(folder: Path, gap: float, manifest: str = HASH) -> Report:
    return write_report(
        folder, predictions(gap=gap), {"manifest_sha256": manifest, "protocol": "robust"}
    )


def test_floors_hold_and_fail(tmp_path: Path) -> None:
    good, worse = _report(tmp_path / "a", 2.0), _report(tmp_path / "b", 1.0)
    floors = raised(None, good, "model", ("accuracy", "auc"))
    assert find_violations(floors, good, "model") == []
    problems = find_violations(floors, worse, "model")
    assert len(problems) == 4
    assert problems[0].startswith("test_seen accuracy: 0.")
    assert find_violations(floors, worse, "other")


def test_floors_hold_for_their_data_alone(tmp_path: Path) -> None:
    floors = raised(None, _report(tmp_path / "a", 2.0), "model", ("auc",))
    other = _report(tmp_path / "b", 3.0, manifest="6" * 64)
    assert find_violations(floors, other, "model") == [
        "the report was measured on other data or by another protocol than the floors; name a "
        "file of floors of its own"
    ]
    with pytest.raises(CorpusError, match="other data or by"):
        raised(floors, other, "model", ("auc",))


def test_raising_never_lowers(tmp_path: Path) -> None:
    good, worse = _report(tmp_path / "a", 2.0), _report(tmp_path / "b", 1.0)
    floors = raised(None, good, "model", ("auc",))
    assert raised(floors, worse, "model", ("auc",)) == floors


def test_lowering_takes_a_flag_and_keeps_the_reason(tmp_path: Path) -> None:
    good, worse = _report(tmp_path / "a", 2.0), _report(tmp_path / "b", 1.0)
    path = tmp_path / "floors.json"
    write_floors(raised(None, good, "model", ("auc",)), path)
    command = [sys.executable, "-m", "tegaki", "lab", "gate", str(tmp_path / "b" / "report.json")]
    command += ["--floors", str(path)]
    assert subprocess.run(command, capture_output=True).returncode == 1
    assert subprocess.run([*command, "--raise"], capture_output=True).returncode == 1
    done = subprocess.run([*command, "--lower", "new data"], capture_output=True, text=True)
    assert done.returncode == 0
    *lines, last = done.stdout.splitlines()
    assert last == "Every floor holds."
    assert len(lines) == 2
    assert re.fullmatch(r"test_seen auc: lowered from 0\.\d+ to 0\.\d+", lines[0])
    floors = read_floors(path)
    assert floors.lowered == ("new data",)
    assert find_violations(floors, worse, "model") == []
    assert lowered(floors, good, "model", "nothing lies below") == floors
    assert lowered(floors, good | {"manifest_sha256": "6" * 64}, "model", "again") == replace(
        floors, manifest_sha256="6" * 64, lowered=("new data", "again")
    )
    missing = gate(tmp_path / "b" / "report.json", "--floors", tmp_path / "none.json")
    assert missing.exit_code == 2
    assert "none.json; --raise makes it from a report" in missing.output


def gate(*words: object) -> Result:
    return CliRunner().invoke(program, ["lab", "gate", *map(str, words)])


def test_what_is_pinned_is_printed(tmp_path: Path) -> None:
    _report(tmp_path / "a", 1.0)
    _report(tmp_path / "b", 2.0)
    floors = tmp_path / "floors.json"
    reports = [tmp_path / name / "report.json" for name in "ab"]
    done = gate(reports[0], "--floors", floors, "--raise")
    assert done.exit_code == 0
    least = read_floors(floors).least["test_seen"]["accuracy"]
    assert f"test_seen accuracy: pinned at {least}\n" in done.output
    done = gate(reports[1], "--floors", floors, "--raise")
    higher = read_floors(floors).least["test_seen"]["accuracy"]
    assert f"test_seen accuracy: raised from {least} to {higher}\n" in done.output
    done = gate(reports[1], "--floors", floors, "--raise")
    assert done.output == "No floor was moved.\nEvery floor holds.\n"
    other = replace(read_floors(floors), manifest_sha256="6" * 64)
    assert moved(read_floors(floors), other) == [f"the floors hold for the data {'6' * 64} now"]


@pytest.mark.parametrize("words", [[], ["--raise"], ["--lower", "why not"]])
def test_a_report_that_is_not_true_holds_no_floor(tmp_path: Path, words: list[str]) -> None:
    _report(tmp_path / "a", 1.0)
    path, floors = tmp_path / "a" / "report.json", tmp_path / "floors.json"
    assert gate(path, "--floors", floors, "--raise").exit_code == 0
    before = floors.read_bytes()
    plain = json.loads(path.read_text())
    plain["systems"]["model"]["tests"]["test_seen"]["metrics"]["accuracy"]["value"] = 1.0
    path.write_text(json.dumps(plain, ensure_ascii=False))
    done = gate(path, "--floors", floors, *words)
    assert done.exit_code == 1
    assert "metrics.accuracy.value: the report says 1.0, the predictions give 0." in done.output
    assert "Every floor holds" not in done.output
    assert floors.read_bytes() == before
