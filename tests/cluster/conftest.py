"""A Ray cluster of two cores, an S3 server and an HTTP server, all of them real and local."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tegaki import Detector
from tegaki.cluster import PlanRequest, Run, Target, list_items, make_plan, needs_ray, open_target
from tegaki.cluster.partition import Partition
from tegaki.results.result import Result
from tegaki.scan.scorer import BatchScorer
from tegaki.verdict import result_of
from tests.conftest import painting
from tests.sources.archives.made import make_zip, png

LONG_AGO = time.time() - 1000


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An S3 server, as boto3 sees it; the environment leads everything to it."""
    server_of = pytest.importorskip("moto.server", reason="an S3 server")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        import boto3

        with closing(boto3.client("s3")) as client:
            yield client
    server.stop()


@pytest.fixture(scope="session")
def address(s3: Any) -> Iterator[str]:
    """Where the cluster is; its workers know the S3 server. These tests are connected to it."""
    if find_spec("ray") is None:
        pytest.skip("needs the extra cluster")
    needs_ray(None)
    import ray

    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 << 20,
        log_to_driver=False, logging_level=logging.ERROR,
    )  # fmt: skip
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


class Web:
    """An HTTP server that counts what it is asked for.

    Attributes:
        files: what it answers with, by path. slow: seconds before it does.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.slow = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        serve = partial(self.server.serve_forever, poll_interval=0.02)  # which its end waits for
        threading.Thread(target=serve, daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request; tests put their own in its place."""
        self.asked[handler.path] += 1
        time.sleep(self.slow)
        data = self.files.get(handler.path)
        handler.send_response(404 if data is None else 200)
        handler.send_header("Content-Length", str(len(data or b"")))
        handler.end_headers()
        handler.wfile.write(data or b"")


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Eleven files of every kind, changed long ago: pictures, broken ones, archives."""
    pictures = tmp_path / "pictures"
    (pictures / "more").mkdir(parents=True)
    for number in range(4):
        painting(96, 100 + number, seed=number).save(pictures / f"{number}.png")
    (pictures / "more" / "copy.png").write_bytes((pictures / "0.png").read_bytes())
    (pictures / os.fsdecode(b"\xff.png")).write_bytes(png(7))
    (pictures / "bad.png").write_bytes(b"not a picture")
    (pictures / "empty.png").write_bytes(b"")
    (pictures / "lost.png").symlink_to("nowhere")
    make_zip(pictures / "a.zip", {"1.png": png(1), "in/2.png": png(2), "no.txt": b"none"})
    whole = make_zip(pictures / "b.zip", {"3.png": png(3)}).read_bytes()
    (pictures / "b.zip").write_bytes(whole[:-8])
    for path in pictures.rglob("*.*"):
        if not path.is_symlink():
            os.utime(path, (LONG_AGO, LONG_AGO))
    return pictures


def make_run(
    detector: Detector, target: Target, paths: list[str], size: int, **settings: Any
) -> Run:
    """A run of a plan that is made or found at the target."""
    plan = make_plan(
        target, PlanRequest.from_scorer(detector.scorer, size), list_items(paths, recursive=True)
    )
    return Run(target, plan, BatchScorer(detector.scorer, 8, cores=1), **settings)


def rows_at(where: str | Path, detector: Detector) -> list[Result]:
    """All rows, from the facts that are kept; their paths are absolute."""
    target = open_target(str(where))
    rows = []
    for name in sorted(name for name in target.names() if name.startswith("part-")):
        for file_stat, measurement in Partition(name, target.get(name) or b"").measurements():
            path = os.fsdecode(file_stat.raw.replace(b"\0", b"::"))
            rows.append(result_of(path, measurement, detector.context))
    return rows
