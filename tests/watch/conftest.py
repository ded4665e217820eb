"""A receiver of webhooks that behaves as a test says, and folders that are watched by real
processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL.PngImagePlugin import PngInfo

from tests.cli.test_cli import TEGAKI
from tests.conftest import ROOT, painting

PATIENCE = 60.0
"""Seconds until a test says that nothing comes; on a machine at rest everything comes in two."""

PARAMETERS = (
    "a fox\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 11, Size: 300x400, Version: v1.10.1"
)


def generated(path: Path, seed: int = 0) -> Path:
    """A picture that says that it was generated, so that its verdict is certain."""
    info = PngInfo()
    info.add_text("parameters", PARAMETERS)
    painting(100, 120, seed=seed).save(path, format="PNG", pnginfo=info)
    return path


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)


# ---- the receiver ------------------------------------------------------------------------------


@dataclass
class Post:
    """What was POSTed. Names of headers are in small letters."""

    moment: float
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def row(self) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(self.body)
        return row

    @property
    def name(self) -> str:
        return os.path.basename(str(self.row["path"]))


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says; the last answer stays."""

    protocol_version = "HTTP/1.1"
    here: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        with self.here.guard:
            self.here.posts.append(Post(time.monotonic(), self.path, headers, body))
            answers = self.here.answers
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        answer(self)

    def do_GET(self) -> None:
        self.here.posts.append(Post(time.monotonic(), f"GET {self.path}", {}, b""))

    def send(self, code: int, *headers: tuple[str, str], body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


Response = Callable[[Handler], None]


def status(code: int, *headers: tuple[str, str], body: bytes = b"") -> Response:
    return lambda handler: handler.send(code, *headers, body=body)


def raw(data: bytes) -> Response:
    def answer(handler: Handler) -> None:
        handler.wfile.write(data)

    return answer


@dataclass
class Receiver:
    """A server on 127.0.0.1, and what it was sent."""

    server: ThreadingHTTPServer
    answers: list[Response] = field(default_factory=lambda: [status(204)])
    posts: list[Post] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def names(self) -> list[str]:
        return sorted(post.name for post in self.posts)

    def stall(self, start: bytes = b"", every: bytes = b"") -> Response:
        """Never done: silent, or a byte now and then."""

        def answer(handler: Handler) -> None:
            try:
                handler.wfile.write(start)
                while not self.over.wait(0.05):
                    handler.wfile.write(every)
            except OSError:
                pass

        return answer


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class ThisHandler(Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), ThisHandler) as server:
        server.daemon_threads = True
        here = ThisHandler.here = Receiver(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield here
        here.over.set()  # frees answers that stall
        server.shutdown()
        thread.join()


def verify(secret: str, headers: dict[str, str], body: bytes) -> str:
    """As the documentation says."""
    page = (ROOT / "docs" / "watch.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?def verify.*?)```", page, re.S)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/watch.md", "exec"), names)
    delivery: str = names["verify"](secret, headers, body)
    return delivery


# ---- the watch ---------------------------------------------------------------------------------


class Watching:
    """A running ``tegaki watch --json``: its rows as they come, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.rows: list[dict[str, Any]] = []
        self.said: list[str] = []
        self._threads = [
            threading.Thread(target=self._read, args=(process.stdout, self._row)),
            threading.Thread(target=self._read, args=(process.stderr, self.said.append)),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, put: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                put(line)

    def _row(self, line: str) -> None:
        self.rows.append(json.loads(line))

    def names(self) -> list[str]:
        return sorted(os.path.basename(row["path"]) for row in self.rows)

    def until_names(self, *names: str) -> None:
        until(lambda: len(self.rows) >= len(names), f"rows of {names}, after {self.said}:")
        assert self.names() == sorted(names)

    def until_said(self, words: str) -> None:
        until(lambda: any(words in line for line in self.said), f"{words!r}, but {self.said}")

    def end(self, number: int = signal.SIGTERM, times: int = 1) -> int:
        for _ in range(times):
            self.process.send_signal(number)
            time.sleep(0.1 if times > 1 else 0)
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join()
        return code


@dataclass
class Workspace:
    """A folder to watch, and a store."""

    folder: Path
    store: str

    def command(self, *options: object) -> list[str]:
        quick = ("--settle", "0.3", "--backoff", "0.1")
        words = (self.folder, "--store", self.store, "--json", *quick, *options)
        return [*TEGAKI, "watch", "--model", "fast", *map(str, words)]

    @contextmanager
    def watching(self, *options: object) -> Iterator[Watching]:
        process = subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        watching = Watching(process)
        try:
            yield watching
        finally:
            watching.end(signal.SIGKILL)

    def once(self, *options: object) -> subprocess.CompletedProcess[str]:
        command = self.command("--once", *options)
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)

    def deliveries(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [*TEGAKI, "deliveries", *options, self.store]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    def dead(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.deliveries("list", "--json").stdout.splitlines()]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "uploads"
    folder.mkdir()
    return Workspace(folder, str(tmp_path / "s.tegaki"))
