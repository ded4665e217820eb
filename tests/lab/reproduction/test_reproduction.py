"""The ablation on a little corpus: every row, answered, resumed and written down."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

torch = pytest.importorskip("torch", reason="needs tegaki[lab]")

from tegaki.cli.main import program  # noqa: E402
from tegaki.cli.progress import CellProgress  # noqa: E402
from tegaki.errors import CorpusError  # noqa: E402
from tegaki.lab.corpus import load_corpus  # noqa: E402
from tegaki.lab.evaluation.verify import verify  # noqa: E402
from tegaki.lab.metrics.predictions import log_odds, probabilities  # noqa: E402
from tegaki.lab.reproduction import cells, plan  # noqa: E402
from tegaki.lab.reproduction import run as run_module  # noqa: E402
from tegaki.lab.reproduction.ensemble import (  # noqa: E402
    best_share,
    check_share,
    ensemble_as_coded,
    ensemble_as_described,
    possible_shares,
)
from tegaki.lab.reproduction.page import write_page  # noqa: E402
from tegaki.lab.reproduction.plan import PAPER_CLAIMS, TABLE_ROWS, Cell  # noqa: E402
from tegaki.lab.reproduction.plots import draw  # noqa: E402
from tegaki.lab.reproduction.run import export, prepare, run, shards_of  # noqa: E402
from tegaki.lab.reproduction.summary import Summary, summarise  # noqa: E402
from tegaki.lab.reproduction.text import markdown  # noqa: E402
from tegaki.lab.training.recipes import RECIPES  # noqa: E402
from tegaki.utils.packed import open_folder, zip_files  # noqa: E402
from tests.lab.little_corpus import write_corpus  # noqa: E402
from tests.lab.tiny import tiny  # noqa: E402

CELL = Cell("seed-random", 0)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One finished cell of tiny recipes, with its corpus beside it."""
    folder = tmp_path_factory.mktemp("ablation")
    corpus = write_corpus(folder / "corpus")
    prepare(corpus, folder / "work", [CELL.protocol], print)
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for name in RECIPES:
            patch.setitem(RECIPES, name, tiny(name, epochs=1))
        torch.set_num_threads(1)
        _run_cell(folder / "work")
        torch.set_num_threads(before)
        yield folder / "work"


def _run_cell(work: Path) -> None:
    shards = shards_of(work, CELL.protocol)
    lines: list[str] = []
    cells.run_cell(
        CELL, shards, "test_seen", work / "cells" / CELL.name, Path("none"), 2, lines.append
    )


@pytest.fixture(scope="module")
def summary(work: Path) -> Summary:
    (found,) = summarise(work / "cells")
    return found


def test_every_row_of_one_baseline_is_measured(summary: Summary) -> None:
    measured = {line.row.system for line in summary.lines}
    assert measured == {row.system for row in TABLE_ROWS} - set(plan.ALONE)
    for line in summary.lines:
        for figure in line.figures.values():
            assert 0 <= figure.low <= figure.high <= 1
    assert len(summary.answers) == len(PAPER_CLAIMS)


def test_cells_are_verified_and_not_run_again(work: Path) -> None:
    report = work / "cells" / CELL.name / "report.json"
    assert verify(report, [check_share]) == []
    said = json.loads(report.read_text())
    assert said["recipes"]["baseline"] != said["recipes"]["enhanced"]
    before = report.stat().st_mtime_ns
    _run_cell(work)
    assert report.stat().st_mtime_ns == before
    assert cells.is_finished(CELL, report.parent)
    with pytest.MonkeyPatch.context() as patch:  # a recipe that changed is run again
        patch.setitem(RECIPES, "no-head", tiny("no-head", tta="none"))
        assert not cells.is_finished(CELL, report.parent)


def test_every_part_has_its_curves(work: Path) -> None:
    folder = work / "cells" / CELL.name
    for name in ("baseline", *plan.frozen_recipes(0)):
        assert (folder / name / "log.jsonl").read_text().count("\n") >= 1


def test_the_report_is_written_without_pictures(
    work: Path, summary: Summary, tmp_path: Path
) -> None:
    plots = draw(summary, tmp_path)
    text = markdown([summary], plots)
    for row in TABLE_ROWS:
        assert (row.words in text) == (row.system not in plan.ALONE)
    for claim in PAPER_CLAIMS:
        assert claim.question in text
    assert "the seed said 97.28% and 97.29%" in text
    export(work, tmp_path)
    archive = tmp_path / "cells.zip"
    assert {path.name for path in tmp_path.iterdir()} == {*plots, archive.name}
    files = zip_files(archive)
    assert {path.suffix for path in files} == {".json", ".gz", ".jsonl"}
    reports = [path for path in files if path.name == "report.json"]
    assert [verify(path, [check_share]) for path in reports] == [[]]
    (again,) = summarise(open_folder(tmp_path / "cells"))
    assert draw(again, tmp_path / "again") == plots
    assert markdown([again], plots) == text
    assert "<image" not in (tmp_path / plots[0]).read_text()


def test_the_page_shows_mistakes_and_fetches_nothing(
    work: Path, summary: Summary, tmp_path: Path
) -> None:
    items = {item.id: item for item in load_corpus(work.parent / "corpus").items}
    plots = [tmp_path / name for name in draw(summary, tmp_path)]
    write_page(tmp_path / "report.html", [summary], plots, items)
    page = (tmp_path / "report.html").read_text()
    assert "default-src 'none'" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    test = summary.cells[0].test
    wrong = ((test.scores["enhanced+flip"] > 0) != test.generated).sum()
    assert page.count("<figure>") == wrong


def test_another_corpus_is_refused(work: Path, tmp_path: Path) -> None:
    other = write_corpus(tmp_path / "other", {"train": 4, "val": 4, "test_seen": 4})
    with pytest.raises(CorpusError, match="belongs to another corpus"):
        run(other, work, Path("none"), jobs=1, chosen=[CELL, Cell("unseen", 0)], log_line=print)


# ---- while it runs -----------------------------------------------------------------------------


class Threads:
    """In place of a context of processes, which would not see what a test patches."""

    Pool = staticmethod(lambda jobs, start, maxtasksperchild: ThreadPool(jobs))


def test_who_watches_sees_what_is_done_and_what_runs(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [Cell("seed-random", seed) for seed in (1, 2, 0)]
    seen: list[run_module.RunStatus] = []
    first_was_seen = threading.Event()

    def cell_of(task: tuple[Cell, Path, Path]) -> str:
        folder = tmp_path / "cells" / task[0].name
        folder.mkdir(parents=True)
        (folder / "log.txt").write_text(f"old\n{task[0].name} baseline epoch {task[0].seed}\n")
        if task[0].seed == 1:
            assert first_was_seen.wait(60)
        return task[0].name

    def on_status(standing: run_module.RunStatus) -> None:
        seen.append(standing)
        if standing.done == 0 and standing.running[0][1]:
            first_was_seen.set()

    monkeypatch.setattr(run_module, "_run", cell_of)
    monkeypatch.setattr(run_module, "_POLL_INTERVAL", 0.01)
    monkeypatch.setattr(run_module, "prepare", lambda *_: None)
    monkeypatch.setattr("multiprocessing.get_context", lambda _: Threads)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # what a run sets is taken back
    told: list[str] = []
    run(
        work.parent / "corpus", tmp_path, Path("none"), jobs=1, chosen=chosen, log_line=told.append,
        on_status=on_status,
    )  # fmt: skip
    assert told == [f"seed-random/seed-{s} is done, {n} of 3" for n, s in enumerate((1, 2, 0), 1)]
    assert {(s.done, s.total) for s in seen} == {(0, 3), (1, 3), (2, 3)}
    assert ("seed-random/seed-1", "baseline epoch 1") in {s.running[0] for s in seen}
    assert [name for name, _ in seen[-1].running] == ["seed-random/seed-0"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    with CellProgress(Console(file=screen, force_terminal=True, width=60)) as progress:
        progress.show(2, 15, (("unseen/seed-0", "baseline stage 1 \x1b[31m" + "epoch " * 20),))
        monkeypatch.setattr(sys, "stdout", Terminal())
        progress.print("seed-gan/seed-0 is done, 3 of 15")
    shown = screen.getvalue()
    assert "\x1b[2Kseed-gan/seed-0 is done, 3 of 15\n" in shown  # on a line that was cleared
    assert "2/15" in shown
    assert "unseen/seed-0  baseline stage 1" in shown
    assert "…" in shown
    assert "\x1b[31mepoch" not in shown


def test_elsewhere_it_says_what_begins(capsys: pytest.CaptureFixture[str]) -> None:
    with CellProgress(Console(file=io.StringIO())) as progress:
        for running in ((("a", ""), ("b", "")), (("a", "epoch 1"), ("b", "")), (("c", ""),)):
            progress.show(0, 3, running)
        progress.print("c is done, 1 of 3")
    assert capsys.readouterr().out == "a begins\nb begins\nc begins\nc is done, 1 of 3\n"


def test_weights_are_needed_to_run_cells_alone(work: Path) -> None:
    words = ["lab", "reproduce", "--corpus", str(work.parent / "corpus"), "--work", str(work)]
    done = CliRunner().invoke(program, [*words, "--jobs", "1"])
    assert done.exit_code == 2
    assert "Give --weights; only --jobs 0" in done.output
    done = CliRunner().invoke(program, [*words, "--jobs", "0"])
    assert done.exit_code == 0, done.output
    assert "report.html (with pictures: keep it to yourself)" in done.output


def test_a_run_goes_on_from_the_exported_archive(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished cell is not run again, another one is, and what runs is shown."""
    monkeypatch.setattr(run_module, "_run", lambda task: task[0].name)
    monkeypatch.setattr("multiprocessing.get_context", lambda _: Threads)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # what a run sets is taken back
    export(work, tmp_path)
    before = (tmp_path / "cells.zip").read_bytes()
    (tmp_path / "weights.pth").touch()
    words = ["lab", "reproduce", "--corpus", work.parent / "corpus", "--work", tmp_path]
    words += ["--weights", tmp_path / "weights.pth", "--out", tmp_path / "out"]
    for jobs in ("0", "1"):
        done = CliRunner().invoke(
            program, [*map(str, words), "--only", "seed-random/seed-", "--jobs", jobs]
        )
        assert done.exit_code == 0, done.output
        assert (tmp_path / "out" / "cells.zip").read_bytes() == before
        assert (tmp_path / "cells").exists() == (jobs == "1")
    assert "seed-random/seed-2 is done, 2 of 2" in done.output
    assert "seed-random/seed-0" not in done.output


def test_nothing_to_report_is_told(work: Path, tmp_path: Path) -> None:
    corpus = str(work.parent / "corpus")
    words = [
        "lab",
        "reproduce",
        "--corpus",
        corpus,
        "--work",
        str(tmp_path / "none"),
        "--jobs",
        "0",
    ]
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 2
    assert "no report yet: it takes a finished cell seed-0, seed-1 or seed-2" in done.output
    assert "give --weights, and --jobs above 0" in done.output


def test_the_ensemble_is_the_one_that_was_coded() -> None:
    chances = {"plain": 0.9, "flipped": 0.7, "plus0.1": 0.4, "flipped-plus0.1": 0.2}

    def baseline(views: object) -> np.ndarray:
        return np.array([np.mean([chances[v] for v in views])])  # type: ignore[attr-defined]

    def enhanced(views: object) -> np.ndarray:
        return np.array([np.mean([{"plain": 0.5, "flipped": 0.1}[v] for v in views])])  # type: ignore[attr-defined]

    found = ensemble_as_coded(enhanced, baseline)
    plain = 0.6 * 0.5 + 0.12 * 0.9 + 0.12 * 0.7 + 0.16 * 0.4
    flips = 0.6 * 0.3 + 0.24 * 0.8 + 0.16 * 0.3
    assert probabilities(found["ensemble-coded"])[0] == pytest.approx(plain)
    assert probabilities(found["ensemble-coded+flip"])[0] == pytest.approx(flips)


def test_the_share_is_chosen_on_what_it_is_given() -> None:
    generated = np.array([False, True])

    def good(_: object) -> np.ndarray:
        return np.array([0.2, 0.8])

    def bad(_: object) -> np.ndarray:
        return np.array([0.9, 0.1])

    assert best_share(good, bad, generated) == 0.6
    assert best_share(bad, good, generated) == 0.4  # all up to it are right; nearest to 0.6


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_the_share_can_be_told_from_the_scores(share: float) -> None:
    """From what is written of them, with five decimals."""
    rng = np.random.default_rng(3)
    views = ("plain", "flipped", "brightness10")
    members = dict(zip(views, rng.random((3, 200)), strict=True))
    alone = rng.random(200)

    def baseline(names: object) -> np.ndarray:
        chosen = [members[name] for name in names]  # type: ignore[attr-defined]
        mean: np.ndarray = np.mean(chosen, axis=0)
        return mean

    scores = {
        "enhanced": log_odds(alone),
        "baseline+flip": log_odds(baseline(views[:2])),
        "ensemble-described": ensemble_as_described(lambda _: alone, baseline, share),
    }
    written = {name: np.round(values, 5) for name, values in scores.items()}
    assert possible_shares(written) == [share]


def test_a_wrong_share_is_found(work: Path, tmp_path: Path) -> None:
    source = work / "cells" / CELL.name
    plain = json.loads((source / "report.json").read_text())
    plain["ensemble_share"] = None
    (tmp_path / "report.json").write_text(json.dumps(plain))
    copy = tmp_path / "predictions.csv.gz"
    copy.write_bytes((source / copy.name).read_bytes())
    (problem,) = verify(tmp_path / "report.json", [check_share])
    assert problem.startswith("ensemble_share: the report says None, the predictions give 0.")


def test_the_plan_has_every_cell_once() -> None:
    names = [cell.name for cell in plan.cells()]
    assert len(names) == len(set(names)) == 9 + 6
    assert names[:3] == ["seed-random/seed-0", "unseen/seed-0", "seed-gan/seed-0"]
