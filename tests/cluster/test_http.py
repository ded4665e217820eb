"""Pictures at HTTP URLs: whatever a server does is a typed error, in bounded bytes and time."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tegaki import Detector
from tegaki.cluster import list_items
from tegaki.cluster.partition import Partition, score
from tegaki.errors import (
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    PermissionDenied,
    PictureError,
    UnreadableFile,
)
from tegaki.scan.scorer import BatchScorer
from tegaki.sources import remote
from tests.cluster.conftest import Web
from tests.sources.archives.made import png

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session with short limits, for each test its own."""
    monkeypatch.setattr(remote, "SILENCE", 0.3)
    monkeypatch.setattr(remote, "DEADLINE", 1.0)
    remote._http.cache_clear()
    monkeypatch.setattr(remote, "_pause", lambda number, wait: 0.01)


def status(code: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    status(200)(handler)
    while True:
        handler.wfile.write(bytes(1 << 16))


def stalled(handler: BaseHTTPRequestHandler) -> None:
    status(200, Content_Length="100")(handler)
    handler.wfile.write(b"x")
    time.sleep(2)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    status(200, Content_Length="100")(handler)
    for _ in range(30):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def short(handler: BaseHTTPRequestHandler) -> None:
    status(200, Content_Length="100")(handler)
    handler.wfile.write(b"x")
    handler.close_connection = True


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def packed(handler: BaseHTTPRequestHandler) -> None:
    data = gzip.compress(bytes(1_000_000))
    status(200, Content_Encoding="gzip", Content_Length=str(len(data)))(handler)
    handler.wfile.write(data)


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"hello\r\n\r\n")


def mumbling(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 418 \xff" + b"a" * 4000 + b"\r\nContent-Length: 0\r\n\r\n")


CASES: dict[str, tuple[Answer, type[PictureError], str]] = {
    "missing": (status(404), FileNotFound, "answers 404 Not Found"),
    "gone": (status(410), FileNotFound, "answers 410"),
    "forbidden": (status(403), PermissionDenied, "answers 403"),
    "other": (status(204), UnreadableFile, "answers 204"),
    "failing": (status(503), UnreadableFile, "answers 503"),
    "mumbling": (mumbling, UnreadableFile, r"answers 418 \\udcffa{400,500}$"),
    "empty": (status(200, Content_Length="0"), EmptyFile, "empty"),
    "announced": (status(200, Content_Length="99999"), FileTooLarge, "99,999 bytes, over"),
    "endless": (endless, FileTooLarge, "over the limit of 5,000 bytes"),
    "stalled": (stalled, UnreadableFile, "in time"),
    "dripping": (dripping, UnreadableFile, "in time"),
    "short": (short, UnreadableFile, "cannot be read"),
    "hanging up": (hanging_up, UnreadableFile, "no connection"),
    "no HTTP": (no_http, UnreadableFile, "server"),
    "to a file": (status(302, Location="file:///etc/passwd"), UnreadableFile, "cannot be read"),
    "in circles": (status(302, Location="/x"), UnreadableFile, "cannot be read"),
}


@pytest.mark.parametrize("case", CASES)
def test_troubles_are_typed(case: str, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, kind, said = CASES[case]
    monkeypatch.setattr(web, "answer", lambda handler: _quietly(answer, handler))
    started = time.monotonic()
    with pytest.raises(kind, match=said) as caught:
        remote.fetch(f"{web.url}/x", None, 5000)
    assert type(caught.value) is kind
    assert time.monotonic() - started < 3


def _quietly(answer: Answer, handler: BaseHTTPRequestHandler) -> None:
    try:
        answer(handler)
    except OSError:  # the other side has had enough
        handler.close_connection = True


def test_a_server_that_recovers_is_asked_again(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, data = web.answer, png(1)
    web.files["/a.png"] = data
    answers = iter([status(503), hanging_up, plain])
    monkeypatch.setattr(web, "answer", lambda handler: next(answers)(handler))
    assert remote.fetch(f"{web.url}/a.png", None, 1 << 20) == data


def test_redirects_are_followed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, data = web.answer, png(1)
    web.files["/a.png"] = data
    answers = iter([status(302, Location=f"{web.url}/a.png"), plain])
    monkeypatch.setattr(web, "answer", lambda handler: next(answers)(handler))
    assert remote.fetch(f"{web.url}/x", None, 1 << 20) == data


def test_what_is_packed_is_not_inflated(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "answer", packed)
    assert len(remote.fetch(f"{web.url}/x", None, 5000)) < 5000


def test_urls_are_sent_as_they_are_written(web: Web) -> None:
    for path in ("/a%2Fb+c.png?X-Amz-Signature=%2B%20&b=", "/a.png?q=%E7%B5%B5"):
        web.files[path] = png(1)
        assert remote.fetch(web.url + path, None, 1 << 20) == png(1)
    web.files["/%E7%B5%B5%20.png"] = png(2)
    assert remote.fetch(f"{web.url}/絵 .png", None, 1 << 20) == png(2)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://127.0.0.1:99999/", "http:///x"])
def test_what_is_no_url_is_a_row_too(url: str) -> None:
    with pytest.raises(UnreadableFile):
        remote.fetch(url, None, 5000)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(UnreadableFile, match="no connection to the server"):
        remote.fetch("http://127.0.0.1:1/a.png", None, 5000)


def test_a_partition_holds_whatever_servers_say(
    web: Web, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that are no text become one row's, and do not end the scan."""
    plain = web.answer
    web.files["/get.png?next=a.zip"] = web.files["/a.png"] = png(1)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (mumbling if handler.path == "/mumbling" else plain)(handler)

    monkeypatch.setattr(web, "answer", answer)
    # None of the last three is an archive, whatever stands at their ends.
    paths = ["/mumbling", "/a.png", "/a.png#in.tar", "/get.png?next=a.zip"]
    data, summary = score(
        BatchScorer(detector.scorer),
        list(list_items([web.url + path for path in paths], recursive=False)),
    )
    assert summary.errors == {"UnreadableFile": 1}
    rows = [measurement for _, measurement in Partition("part", data).measurements()]
    assert rows[0].error is not None
    assert all(measurement == detector.scorer.measure(png(1)) for measurement in rows[1:])
