"""What a cluster scan of many pictures takes, computed from rates measured on one core.

    python -m tools.cluster_cost             print the tables of docs/cluster.md
    python -m tools.cluster_cost --price 0.03 --cores 32 512
    python -m tools.cluster_cost --measure   measure the rates again, into docs/cluster.json

Rates are pictures for a second of a core's time (not of the clock): other work on the machine that
measures does not move them, as long as the cores of a cluster have no other work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.markdown import table

JSON = Path(__file__).parents[1] / "docs" / "cluster.json"
PICTURES = (1_000_000, 10_000_000, 100_000_000)
_SOURCES = {"paths": "paths", "http": "HTTP", "s3": "S3"}
Cells = tuple[list[str], list[list[str]]]
_LISTED = 100_000  # URLs that are planned, to time that
_DIFFERENT = 500  # pictures, for the size of a row


def hours_of(pictures: int, rate: float) -> float:
    """Core-hours."""
    return pictures / rate / 3600


def costs(said: dict[str, Any], price: float, cores: list[int]) -> Cells:
    """Header and cells of the table.

    Args:
        said: what ``docs/cluster.json`` holds.
        price: of an hour of a core.
    """
    header = ["Pictures", "From", "Core-hours", "Cores", "Requests",
              *(f"On {n} cores" for n in cores), "Planned in", "Parquet"]  # fmt: skip
    rows = []
    for pictures in PICTURES:
        for key, name in _SOURCES.items():
            hours = hours_of(pictures, said["rates"][key])
            asked = pictures / 1000 * said["assumed"]["get_1000"] if key == "s3" else 0
            make_plan = pictures / said["planned_per_second"]
            walls = [_time(hours * 3600 / n + make_plan + said["start_seconds"]) for n in cores]
            size = pictures * said["row_bytes"] / 1e9
            rows.append([f"{pictures // 1_000_000} million", name, f"{hours:,.0f}",
                         f"${hours * price:,.2f}", f"${asked:,.2f}" if asked else "",
                         *walls, _time(make_plan), f"{size:,.1f} GB"])  # fmt: skip
    return header, rows


def rates(said: dict[str, Any]) -> Cells:
    """Header and cells of the table of what was measured."""
    names = {"local": "`tegaki scan`, paths"} | {
        key: f"a worker of the cluster, {name}" for key, name in _SOURCES.items()
    }
    rows = [[name, f"{said['rates'][key]:.1f}"] for key, name in names.items()]
    return ["What works", "Pictures for a second of a core"], rows


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86400:.1f} days"


# ---- measuring ---------------------------------------------------------------------------------


def measure(assumed: dict[str, float]) -> dict[str, Any]:
    """All that ``docs/cluster.json`` holds."""
    from tegaki import Detector
    from tools.bench_scan import EACH, SHAPES, pictures

    detector = Detector.load("fast")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [path for some in pictures(folder).values() for path in some]
        found = {"local": len(paths) / _local(detector, paths)}
        found["paths"] = len(paths) / _worker(detector, paths, folder / "from-paths")
        with _web(folder) as url:
            urls = [f"{url}/{Path(path).name}".replace(" ", "%20") for path in paths]
            found["http"] = len(paths) / _worker(detector, urls, folder / "from-http")
        with _s3(paths) as objects:
            found["s3"] = len(paths) / _worker(detector, objects, folder / "from-s3")
        sizes = [os.stat(path).st_size for path in paths]
        return {
            "processor": _processor(),
            "pictures": {"count": EACH * len(SHAPES), "shapes": list(SHAPES),
                         "mean_bytes": round(sum(sizes) / len(sizes))},
            "rates": {key: round(rate, 2) for key, rate in found.items()},
            "row_bytes": round(_row_bytes(detector, folder / "different")),
            "planned_per_second": round(_LISTED / _planned(detector, folder / "plan")),
            "start_seconds": round(_started(paths[-1], folder / "started"), 1),
            "assumed": assumed,
        }  # fmt: skip


def _local(detector: Any, paths: list[str]) -> float:
    from tegaki.scan import scan
    from tegaki.sources import find

    return _core_seconds(
        lambda: list(scan(detector.scorer, find(paths, recursive=False), workers=1))
    )


def _worker(detector: Any, given: list[str], out: Path, times: int = 3) -> float:
    """Just what Ray runs, in this process: from the plan to the committed partition."""
    import pickle

    from tegaki.cluster import PlanRequest, list_items, make_plan, open_target
    from tegaki.cluster.runs import Worker
    from tegaki.scan.scorer import BatchScorer

    target = open_target(str(out))
    plan = make_plan(
        target,
        PlanRequest.from_scorer(detector.scorer, len(given)),
        list_items(given, recursive=False),
    )
    worker = Worker(pickle.dumps(BatchScorer(detector.scorer, 8, cores=1)), target, plan)

    def work() -> None:
        (out / "part-000000.parquet").unlink(missing_ok=True)
        (problem,) = worker({"partition": [0]})["problem"]
        if problem:
            sys.exit(problem)

    work()  # loads the detector, and connects
    return _core_seconds(work, times)


def _row_bytes(detector: Any, folder: Path) -> float:
    """Of a row among those of pictures that all differ."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(0)
    paths = [str(folder / f"picture-{number:06}.png") for number in range(_DIFFERENT)]
    for path in paths:
        pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((96, 96)).save(path)
    _worker(detector, paths, folder / "out", times=1)
    return (folder / "out" / "part-000000.parquet").stat().st_size / len(paths)


def _core_seconds(work: Any, times: int = 3) -> float:
    """The least of some runs."""
    best = float("inf")
    for _ in range(times):
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
    return best


def _planned(detector: Any, out: Path) -> float:
    from tegaki.cluster import PARTITION_SIZE, PlanRequest, list_items, make_plan, open_target

    urls = [f"https://example.org/pictures/{number:09}.jpg" for number in range(_LISTED)]
    target, asked = (
        open_target(str(out)),
        PlanRequest.from_scorer(detector.scorer, PARTITION_SIZE),
    )
    return _core_seconds(lambda: make_plan(target, asked, list_items(urls, recursive=False)))


def _started(path: str, out: Path) -> float:
    """Seconds of the clock for one picture: Ray's start, and a worker's."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tegaki", "cluster"]
    subprocess.run([*command, "plan", path, "--out", str(out), "--quiet"], check=True)
    subprocess.run([*command, "run", str(out), "--quiet"], check=True)
    return time.perf_counter() - started


@contextmanager
def _web(folder: Path) -> Iterator[str]:
    """An HTTP server, in a process of its own: its work is not ours."""
    with _served(f"import tools.cluster_cost as c; c.serve_files({str(folder)!r})") as url:
        yield url


@contextmanager
def _s3(paths: list[str]) -> Iterator[list[str]]:
    """Likewise an S3 server, and pictures in it."""
    with _served("import tools.cluster_cost as c; c.serve_s3()") as url:
        os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1",
                       "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}  # fmt: skip
        import boto3

        client = boto3.client("s3")
        client.create_bucket(Bucket="pictures")
        for path in paths:
            client.upload_file(path, "pictures", Path(path).name)
        yield [f"s3://pictures/{Path(path).name}" for path in paths]


@contextmanager
def _served(code: str) -> Iterator[str]:
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def serve_files(folder: str) -> None:
    """Serve a folder by HTTP; print the port."""
    os.chdir(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


def serve_s3() -> None:
    """Serve S3; print the port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    threading.Event().wait()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    said = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
    assumed = said.get("assumed", {"core_hour": 0.04, "get_1000": 0.0004})
    parser = argparse.ArgumentParser(description="Cost and time of a cluster scan.")
    parser.add_argument("--measure", action="store_true", help="measure, and write the JSON")
    parser.add_argument("--price", type=float, default=assumed["core_hour"], metavar="DOLLARS",
                        help="of an hour of a core (%(default)s)")  # fmt: skip
    parser.add_argument("--cores", type=int, nargs="+", default=[16, 256])
    options = parser.parse_args()
    if options.measure:
        said = measure(assumed | {"core_hour": options.price})
        JSON.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    print(table(*rates(said)))
    print(table(*costs(said, options.price, options.cores)))


if __name__ == "__main__":
    main()
