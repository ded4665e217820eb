"""A real server that behaves as badly as is wished, and manifests whose pictures it has."""

from __future__ import annotations

import csv
import hashlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from tegaki.lab.corpus.download import Settings
from tegaki.lab.corpus.fetch import Report, fetch

COMMIT = "6632dd950cf1bb495888200f21b317d6bbcf666b"
ROOT = f"/owner/name/{COMMIT}"
DATA = bytes(range(256)) * 40
RAN = [sys.executable, "-c", "from tegaki.cli.corpus_fetch import fetch; fetch()"]


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says; the usual answer is what stands at the path."""

    protocol_version = "HTTP/1.1"
    web: Web

    def do_GET(self) -> None:
        self.web.log.append((time.monotonic(), self.path, dict(self.headers)))
        answers = self.web.answers.get(unquote(self.path), [])
        answer = answers.pop(0) if len(answers) > 1 else answers[0] if answers else status(404)
        self.close_connection = True
        answer(self)

    def send(self, code: int, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


Answer = Callable[[Handler], None]


@dataclass
class Web:
    """A server on 127.0.0.1: answers by path (the last one stays), and what was asked when."""

    port: int
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    log: list[tuple[float, str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, *answers: Answer) -> None:
        self.answers[f"{ROOT}/{path}"] = list(answers)

    def asked(self, path: str) -> int:
        return sum(unquote(asked) == f"{ROOT}/{path}" for _, asked, _ in self.log)


@contextmanager
def serving(host: str, context: ssl.SSLContext | None = None) -> Iterator[Web]:
    class ThisHandler(Handler):
        pass

    with ThreadingHTTPServer((host, 0), ThisHandler) as server:
        server.daemon_threads = True
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        web = ThisHandler.web = Web(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield web
        web.over.set()  # frees answers that stall
        server.shutdown()
        thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    with serving("127.0.0.1") as here:
        yield here


def whole(data: bytes = DATA) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send(200, ("Content-Length", str(len(data))))
        handler.wfile.write(data)

    return answer


def promising(length: int | None, data: bytes = DATA) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send(200, *([] if length is None else [("Content-Length", str(length))]))
        handler.wfile.write(data)

    return answer


def chunked(*lines: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send(200, ("Transfer-Encoding", "chunked"))
        handler.wfile.write(b"".join(lines))

    return answer


def raw(data: bytes) -> Answer:
    def answer(handler: Handler) -> None:
        handler.wfile.write(data)

    return answer


def status(code: int, *headers: tuple[str, str]) -> Answer:
    return lambda handler: handler.send(code, *headers, ("Content-Length", "0"))


def redirect(location: str, code: int = 302) -> Answer:
    return status(code, ("Location", location))


def stall(web: Web) -> Answer:
    def answer(handler: Handler) -> None:
        handler.send(200, ("Content-Length", str(len(DATA))))
        handler.wfile.write(DATA[:100])
        handler.wfile.flush()
        web.over.wait(10)

    return answer


def drip(web: Web, start: bytes) -> Answer:
    """A byte every 20 ms: never silent, never done."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(start)
        try:
            while not web.over.wait(0.02):
                handler.wfile.write(b"a")
        except OSError:
            pass

    return answer


def reset(handler: Handler) -> None:
    handler.send(200, ("Content-Length", str(len(DATA))))
    linger = (1).to_bytes(4, sys.byteorder) + bytes(4)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def write_manifest(folder: Path, *paths: str, data: bytes = DATA, origin: str = "") -> Path:
    """Each path with data of its own, unless it is one path: then ``data`` themselves."""
    rows = []
    for path in paths:
        sha256 = hashlib.sha256(data if len(paths) == 1 else path.encode()).hexdigest()
        place = (origin or f"github:owner/name@{COMMIT}", path)
        rows.append((sha256[:16], f"old/{sha256[:8]}.jpg", "7", sha256, "human", "s", "", "anime",
                     "train", "", "", "", "", "", "", "", *place))  # fmt: skip
    header = (
        "id", "file", "offset", "sha256", "label", "source", "family", "style", "split",
        "orig_format", "orig_width", "orig_height", "orig_bytes", "orig_mode", "orig_quality",
        "orig_alpha", "origin", "origin_path",
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return folder / "manifest.csv"


def quick(web: Web) -> Settings:
    """Impatient; tests of waiting shorten one wait further."""
    return Settings(
        base=web.base, rate=1000, tries=3, connect=2, silence=2, deadline=5, backoff=0.01
    )


def run(manifest: Path, settings: Settings) -> Report:
    return fetch(manifest, manifest.parents[1] / "out", settings, lambda done, total: None)


def files(out: Path) -> list[Path]:
    """Everything below the folder but its two lists."""
    lists = (out / "manifest.csv", out / "missing.csv")
    return sorted(path for path in out.rglob("*") if path.is_file() and path not in lists)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
