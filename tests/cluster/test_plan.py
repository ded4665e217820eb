"""What is refused, with a sentence, before anything is scored; and what workers refuse."""

from __future__ import annotations

import errno
import json
import os
import pickle
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tegaki import Detector, Limits
from tegaki.cli.main import program
from tegaki.cluster import Plan, PlanRequest, list_items, make_plan, open_target, read_plan
from tegaki.cluster.items import PlanItem
from tegaki.cluster.plan import items_of
from tegaki.cluster.runs import Worker
from tegaki.errors import ClusterError, OutputError
from tegaki.model import load_single
from tegaki.scan.scorer import BatchScorer
from tests.cli.test_cli import TEGAKI, tegaki
from tests.cluster.conftest import LONG_AGO, make_run
from tests.conftest import painting


def other(detector: Detector, **limits: int) -> Detector:
    return Detector(detector.bundle, Limits(**limits))


def with_threshold(detector: Detector) -> Detector:
    thresholds = replace(detector.bundle.thresholds, drawn_up_to=0.1)
    return Detector(replace(detector.bundle, thresholds=thresholds), detector.limits)


def with_calibration(detector: Detector) -> Detector:
    fast = load_single("fast")
    calibration = replace(fast.config.calibration, intercept=1.0)
    recipe = replace(fast.config, calibration=calibration)
    return Detector(replace(fast, config=recipe), detector.limits)


OTHERS: dict[str, Callable[[Detector], Detector]] = {
    "by another recipe": with_calibration,
    "with other thresholds": with_threshold,
    "with another limit on bytes": lambda detector: other(detector, max_bytes=10),
    "with other trusted certificates or another limit on pixels": lambda detector: other(
        detector, max_pixels=9
    ),
}


@pytest.mark.parametrize("said", OTHERS)
def test_another_scan_is_refused(said: str, detector: Detector, tree: Path, tmp_path: Path) -> None:
    target = open_target(str(tmp_path / "out"))
    make_run(detector, target, [str(tree)], size=3)
    with pytest.raises(ClusterError, match=f"was begun {said}"):
        make_run(OTHERS[said](detector), target, [str(tree)], size=3)
    with pytest.raises(ClusterError, match="was begun with partitions of another size"):
        make_run(detector, target, [str(tree)], size=4)


def test_other_files_are_refused(detector: Detector, tree: Path, tmp_path: Path) -> None:
    target = open_target(str(tmp_path / "out"))
    before = make_run(detector, target, [str(tree)], size=3).plan
    assert make_run(detector, target, [str(tree)], size=3).plan == before
    os.utime(tree / "0.png", (LONG_AGO, LONG_AGO + 1))
    with pytest.raises(ClusterError, match="begun with other files, or some have changed since"):
        make_run(detector, target, [str(tree)], size=3)
    os.utime(tree / "0.png", (LONG_AGO, LONG_AGO))
    painting(90, 90).save(tree / "new.png")
    with pytest.raises(ClusterError, match="begun with other files"):
        make_run(detector, target, [str(tree)], size=3)


def test_a_file_that_was_just_written_is_the_same_a_moment_later(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(90, 90).save(tmp_path / "new.png")
    target = open_target(str(tmp_path / "out"))
    before = make_run(detector, target, [str(tmp_path / "new.png")], size=3).plan
    (item,) = items_of(target, before, 0)
    assert item.file_stat().mtime_ns is None  # the store is not to trust it
    monkeypatch.setattr("tegaki.sources.file_stat._MTIME_RESOLUTION_NS", 0)
    assert make_run(detector, target, [str(tmp_path / "new.png")], size=3).plan == before


def test_a_plan_that_was_being_made_is_made_again(
    detector: Detector, tree: Path, tmp_path: Path
) -> None:
    target = open_target(str(tmp_path / "out"))
    whole = make_run(detector, target, [str(tree)], size=3).plan
    (tmp_path / "out" / "_plan.json").rename(tmp_path / "out" / "._plan.json.0123")
    again = make_run(detector, target, [str(tree)], size=3).plan
    assert replace(again, lists=whole.lists) == whole
    assert items_of(target, again, 1) == items_of(target, whole, 1)
    (tmp_path / "out" / again.lists / "part-000001.jsonl").write_bytes(b"{}")
    with pytest.raises(ClusterError, match=r"holds a damaged _plan/.*; name another place"):
        items_of(target, again, 1)
    (tmp_path / "out" / "_plan.json").write_bytes(b"{}")
    with pytest.raises(ClusterError, match="a plan that cannot be read"):
        make_run(detector, target, [str(tree)], size=3)


def test_two_drivers_at_once(detector: Detector, tree: Path, tmp_path: Path) -> None:
    """The first to write its plan has the place; the other takes it too, or is refused."""
    target, asked = (
        open_target(str(tmp_path / "out")),
        PlanRequest.from_scorer(detector.scorer, 3),
    )
    first: list[Plan] = []

    def driver(*paths: Path, meanwhile: Callable[[], Plan] | None = None) -> Plan:
        def items() -> Iterator[PlanItem]:
            yield from list_items(map(str, paths), recursive=True)
            if meanwhile:
                first.append(meanwhile())

        return make_plan(target, asked, items())

    assert driver(tree, meanwhile=lambda: driver(tree)) == first[0]
    wanted = items_of(target, first[0], 0)
    (tmp_path / "out" / "_plan.json").unlink()
    with pytest.raises(ClusterError, match="was begun with other files"):
        driver(tree / "more", meanwhile=lambda: driver(tree))
    assert driver(tree) == first[1]
    assert items_of(target, first[1], 0) == wanted


def test_what_is_committed_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for linked in (True, False):  # there are file systems without hard links
        if not linked:
            monkeypatch.setattr(os, "link", refuse)
        target = open_target(str(tmp_path / f"out-{linked}"))
        assert target.put("part", b"first")
        assert not target.put("part", b"second")
        assert target.get("part") == b"first"
        assert [path.name for path in Path(target.where).iterdir()] == ["part"]


def refuse(*_: object) -> None:
    raise PermissionError(errno.EPERM, "no links here")


def test_places_for_results(detector: Detector, tree: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("mine")
    asked = PlanRequest.from_scorer(detector.scorer, 3)
    with pytest.raises(ClusterError, match="holds something else; name an empty place"):
        make_plan(open_target(str(full)), asked, list_items([str(tree)], recursive=True))
    with pytest.raises(OutputError, match="is a file; a cluster scan writes into a folder"):
        open_target(str(full / "thesis.txt"))
    with pytest.raises(OutputError, match="into a folder or below s3://"):
        open_target("https://example.org/results")
    target = open_target(str(full / "thesis.txt" / "below"))
    with pytest.raises(OutputError, match="cannot be written"):
        target.put("a", b"")


def test_a_damaged_partition_is_named(detector: Detector, tree: Path, tmp_path: Path) -> None:
    target = open_target(str(tmp_path / "out"))
    run = make_run(detector, target, [str(tree)], size=100)
    target.put("part-000000.parquet", b"PAR1 no more")
    with pytest.raises(OutputError, match=r"part-000000.parquet is damaged .* remove it and scan"):
        list(run.partitions())


def test_a_worker_that_would_score_otherwise_says_so(
    detector: Detector, tree: Path, tmp_path: Path
) -> None:
    """A machine with another version, or without an extra that the driver has."""
    target = open_target(str(tmp_path / "out"))
    plan = make_run(detector, target, [str(tree)], size=100).plan
    stranger = pickle.dumps(BatchScorer(other(detector, max_pixels=99).scorer))
    answer = Worker(stranger, target, plan)({"partition": [0]})
    assert "install the same on every machine" in answer["problem"][0]
    assert not target.has("part-000000.parquet")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("cluster plan .", "Missing option '-o' / '--out'"),
        ("cluster plan --out o", "Missing argument 'PATH...'"),
        ("cluster plan . --out .", "., where results would go, is inside of ., which is scanned"),
        (
            "cluster plan . --out o -r",
            "o, where results would go, is inside of ., which is scanned",
        ),
        ("cluster plan . --out gs://b/o", "into a folder or below s3://"),
        ("cluster run o", "o holds no plan of a scan"),
        ("cluster import o store.db", "o holds no plan of a scan"),
        ("cluster import o no/store.db", "no/store.db cannot be made"),
        ("cluster rnu o", "Did you mean 'run'?"),
        ("scan https://example.org/a.png", "tegaki cluster plan reads URLs"),
        ("scan . --out .", "File '.' is a directory."),
        ("scan . --files-from none.txt", "does not exist"),
    ],
)
def test_words_that_make_no_sense(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(program, command.split())
    assert done.exit_code == 2
    assert said in done.stderr
    assert all(path.name.startswith("store.db") for path in tmp_path.iterdir())


def test_a_cluster_that_is_not_there(tree: Path, tmp_path: Path) -> None:
    assert tegaki("cluster", "plan", tree, "--out", tmp_path / "out").returncode == 0
    done = tegaki("cluster", "run", tmp_path / "out", "--address", "127.0.0.1:1")
    assert done.returncode == 2
    assert "the cluster at 127.0.0.1:1 cannot be had: Connection refused" in done.stderr
    # What is not finished is not imported.
    done = tegaki("cluster", "import", tmp_path / "out", tmp_path / "store.db")
    assert done.returncode == 2
    assert "holds 0 of 1 partitions; finish it: tegaki cluster run" in done.stderr


def test_a_plan_keeps_what_the_run_needs(tree: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    command = ["cluster", "plan", "more", "--out", out, "--model", "fast"]
    limits = ["--max-pixels", "1000000", "--max-seconds", "7.5"]
    assert tegaki(*command, *limits, cwd=tree).returncode == 0
    plan = read_plan(open_target(out))
    assert plan.folders == (str(tree / "more"),)
    detector = plan.asked.detector()
    assert detector.context.model.startswith("fast-")
    assert detector.limits == Limits(max_pixels=1_000_000, max_seconds=7.5)
    assert tegaki(*command, *limits, cwd=tree).returncode == 0  # again: nothing changes
    assert read_plan(open_target(out)) == plan
    done = tegaki(*command, *limits[:2], cwd=tree)
    assert "was begun with another time limit" in done.stderr


@pytest.mark.parametrize(
    "settings",
    [{}, {"model": 1, "max_pixels": 9, "max_bytes": 9, "max_seconds": 1, "trust_anchors": None},
     {"model": "fast", "max_pixels": "9", "max_bytes": 9, "max_seconds": 1, "trust_anchors": None}],
)  # fmt: skip
def test_a_plan_with_damaged_settings_is_refused(
    settings: dict[str, object], tree: Path, tmp_path: Path
) -> None:
    assert tegaki("cluster", "plan", tree, "--out", tmp_path / "out").returncode == 0
    path = tmp_path / "out" / "_plan.json"
    plan = json.loads(path.read_text())
    plan["asked"]["settings"] = settings
    path.write_text(json.dumps(plan))
    with pytest.raises(ClusterError, match="holds a plan that cannot be read"):
        read_plan(open_target(str(tmp_path / "out")))


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = tegaki("cluster", "plan", "empty", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "No files were found there" in done.stderr
    assert not (tmp_path / "out").exists()


def test_files_from_a_list_are_scanned_here_too(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf\r\n0.png\r\n\xff.png\n0.png\nmissing.png")
    done = tegaki("scan", "--files-from", tmp_path / "list.txt", "--json", "1.png", cwd=tree)
    assert done.returncode == 1
    assert [line[:18] for line in done.stdout.splitlines()] == [
        '{"path": "1.png", ', '{"path": "0.png", ', '{"path": "\\\\xff.pn', '{"path": "missing.',
    ]  # fmt: skip
    assert "Missing argument 'PATH...'" in tegaki("scan", "--quiet").stderr
    (tmp_path / "list.txt").write_text("https://example.org/a.png\n")
    refused = tegaki("scan", "--files-from", tmp_path / "list.txt")
    assert refused.returncode == 2
    assert "tegaki cluster plan reads URLs" in refused.stderr


@pytest.mark.parametrize("words", ["scan", "cluster plan"])
def test_a_list_can_come_through_a_pipe(words: str, tree: Path, tmp_path: Path) -> None:
    """As in ``--files-from <(find ...)``."""
    here, there = os.pipe()
    os.write(there, b"0.png\n1.png\n")
    os.close(there)
    out = ["--out", str(tmp_path / ("rows.csv" if words == "scan" else "out"))]
    command = [*TEGAKI, *words.split(), "--files-from", f"/dev/fd/{here}", *out]
    done = subprocess.run(command, pass_fds=[here], capture_output=True, text=True, cwd=tree)
    os.close(here)
    assert "2 files in" in done.stderr
