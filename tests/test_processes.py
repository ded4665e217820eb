"""The promise on threads, pickling and processes (:class:`tegaki.Detector`)."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tegaki import Detector, Limits, Result
from tests.conftest import painting

THREADS = 8

# On its own, for a fork copies the threads' locks of whoever is forked, and tests have threads.
POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from tegaki import Detector

detector = None

def begin(given):
    global detector
    detector = given

def views(path):
    return detector.inspect(path).views

if __name__ == "__main__":
    kind, *paths = sys.argv[1:]
    here = Detector.load("fast")
    expected = [here.inspect(path).views for path in paths]
    list(here.inspect_many(paths, workers=2))
    context = multiprocessing.get_context(kind)
    with ProcessPoolExecutor(2, context, initializer=begin, initargs=(here,)) as pool:
        assert list(pool.map(views, paths)) == expected, "other logits"
    print(f"{len(expected)} equal")
"""


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{k}.png" for k in range(6)]
    for k, path in enumerate(paths):
        painting(100 + 30 * k, 300 - 20 * k, seed=k).save(path)
    return paths


@pytest.mark.parametrize("model", ["fast", "auto"])
def test_eight_threads_share_a_detector(model: str, paths: list[Path]) -> None:
    detector = Detector.load(model)
    expected = [detector.inspect(path) for path in paths]
    found: dict[int, list[Result]] = {}
    start = threading.Barrier(THREADS)

    def work(number: int) -> None:
        start.wait()
        found[number] = [detector.inspect(path) for path in paths]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(THREADS), expected)


def test_threads_share_a_picture_that_is_not_decoded(detector: Detector, paths: list[Path]) -> None:
    from PIL import Image

    with Image.open(paths[0]) as picture:
        rows = list(detector.inspect_many([picture] * THREADS, workers=THREADS))
    assert {row.views for row in rows} == {detector.inspect(paths[0]).views}


def test_a_pickled_detector_is_the_same(paths: list[Path]) -> None:
    detector = Detector.load("fast", limits=Limits(max_pixels=40_000), provenance=False)
    again = pickle.loads(pickle.dumps(detector))
    assert repr(again) == repr(detector)
    assert again.limits == detector.limits
    assert again.scorer.reader_version == detector.scorer.reader_version
    rows = [again.inspect(path) for path in paths]
    assert rows == [detector.inspect(path) for path in paths]
    assert pickle.loads(pickle.dumps(rows)) == rows


@pytest.mark.parametrize("kind", ["spawn", "fork"])
def test_a_pool_of_processes(kind: str, paths: list[Path], tmp_path: Path) -> None:
    if kind == "fork" and sys.platform != "linux":
        pytest.skip("forks on Linux alone")
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    done = subprocess.run(
        [sys.executable, str(script), kind, *map(str, paths)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("6 equal\n", 0), done.stderr
