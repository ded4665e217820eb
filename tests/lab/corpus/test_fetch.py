"""Fetching originals from a real server that behaves badly."""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections import Counter
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

import pytest

import tegaki
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.addresses import FetchError, find_address
from tegaki.lab.corpus.fetch import fetch
from tests.lab.corpus.web import (
    COMMIT,
    DATA,
    ROOT,
    Answer,
    Web,
    chunked,
    drip,
    files,
    promising,
    quick,
    raw,
    read,
    redirect,
    reset,
    run,
    serving,
    stall,
    status,
    web,
    whole,
    write_manifest,
)

__all__ = ["web"]  # a fixture


# ---- what is fetched ---------------------------------------------------------------------------


def test_a_picture_is_stored_under_its_hash_and_listed(web: Web, tmp_path: Path) -> None:
    web.put("art/a.PNG", whole())
    report = run(write_manifest(tmp_path / "in", "art/a.PNG"), quick(web))
    sha256 = hashlib.sha256(DATA).hexdigest()
    stored = tmp_path / "out" / "originals" / sha256[:2] / f"{sha256}.png"
    assert (report.fetched, report.bytes, report.present, report.missing) == (1, len(DATA), 0, ())
    assert files(tmp_path / "out") == [stored]
    assert stored.read_bytes() == DATA
    (item,) = load_corpus(tmp_path / "out").items
    assert (item.path, item.offset, item.sha256) == (stored, None, sha256)
    assert item.read() == DATA
    assert (tmp_path / "out" / "missing.csv").read_text() == "id,url,reason,detail\n"


def test_columns_pass_untouched_in_canonical_order(web: Web, tmp_path: Path) -> None:
    paths = ("b.jpg", "a.jpg", "lost.jpg")
    for path in paths[:2]:
        web.put(path, whole(path.encode()))
    manifest = write_manifest(tmp_path / "in", *paths)
    report = run(manifest, quick(web))
    before = sorted(read(manifest)[:2], key=lambda row: row["id"])
    assert before != read(manifest)[:2]
    after = read(tmp_path / "out" / "manifest.csv")
    assert [row["id"] for row in after] == [row["id"] for row in before]
    for old, new in zip(before, after, strict=True):
        assert list(old) == list(new)
        assert {name for name in old if old[name] != new[name]} == {"file", "offset"}
    (lost,) = read(tmp_path / "out" / "missing.csv")
    assert lost["url"] == f"{web.base}{ROOT}/lost.jpg"
    assert (lost["reason"], report.reasons) == ("gone", {"gone": 1})


def test_names_of_any_script_are_escaped(web: Web, tmp_path: Path) -> None:
    names = ["絵/手描き.png", "a b #1 - 100% ?.jpg", "p+q&r=s;[t]'.webp", "%41.gif"]
    for name in names:
        web.put(name, whole(name.encode()))
    report = run(write_manifest(tmp_path / "in", *names), quick(web))
    assert report.missing == ()
    assert all(re.fullmatch(r"[\w/.~%-]+", asked, re.ASCII) for _, asked, _ in web.log)


def test_it_says_what_it_is_and_nothing_else(web: Web, tmp_path: Path) -> None:
    web.put("a.png", whole())
    run(write_manifest(tmp_path / "in", "a.png"), quick(web))
    ((_, _, headers),) = web.log
    assert headers["User-Agent"] == f"tegaki/{tegaki.__version__}"
    assert headers["Host"] == f"127.0.0.1:{web.port}"
    assert set(headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


def test_a_url_is_its_own_address(web: Web, tmp_path: Path) -> None:
    web.answers["/some where/a.png?size=large"] = [whole()]
    origin = f"{web.base}/some where/a.png?size=large#top"
    assert not run(write_manifest(tmp_path / "in", "", origin=origin), quick(web)).missing


@pytest.mark.parametrize(
    "answer",
    [
        promising(None),
        chunked(b"2800\r\n", DATA, b"\r\n0\r\n\r\n"),
        redirect("later.png"),
        redirect(f"{ROOT}/later.png", 308),
        raw(f"HTTP/1.1 302 Found\r\nLocation: {ROOT}/後 で.png\r\n\r\n".encode()),
    ],
    ids=["no length", "chunked", "redirect", "permanent redirect", "redirect as it is"],
)
def test_other_ways_to_answer(web: Web, tmp_path: Path, answer: Answer) -> None:
    web.put("a.png", answer)
    web.put("later.png", whole())
    web.put("後 で.png", whole())
    assert not run(write_manifest(tmp_path / "in", "a.png"), quick(web)).missing


# ---- what is tried again -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        status(500),
        status(503),
        status(408),
        reset,
        promising(len(DATA) + 1),
        chunked(b"2800\r\nab"),
    ],
    ids=["500", "503", "408", "reset", "cut off", "cut off chunk"],
)
def test_passing_trouble_is_overcome(web: Web, tmp_path: Path, trouble: Answer) -> None:
    web.put("a.png", trouble, trouble, whole())
    assert not run(write_manifest(tmp_path / "in", "a.png"), quick(web)).missing
    assert web.asked("a.png") == 3


def test_silence_is_overcome(web: Web, tmp_path: Path) -> None:
    web.put("a.png", stall(web), whole())
    settings = replace(quick(web), silence=0.3)
    assert not run(write_manifest(tmp_path / "in", "a.png"), settings).missing


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_asks_to_wait_is_left_alone(web: Web, tmp_path: Path, form: str) -> None:
    # A date has whole seconds: two of them are between one and two from now.
    wait = "1" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    names = ("a.png", "b.png", "c.png")
    for name in names:
        web.put(name, whole(name.encode()))
    web.put("a.png", status(429, ("Retry-After", wait)), whole(b"a.png"))
    manifest = write_manifest(tmp_path / "in", *names)
    assert not run(manifest, replace(quick(web), workers=1, deadline=0.8)).missing
    times = [moment for moment, _, _ in web.log]
    assert len(times) == 4
    assert 0.9 < times[1] - times[0] < 5


# ---- what is given up --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason", "tries"),
    [
        (status(404), "gone", 1),
        (status(410), "gone", 1),
        (status(403), "refused", 1),
        (status(204), "refused", 1),
        (status(500), "server error", 3),
        (status(429), "busy", 3),
        (status(429, ("Retry-After", "100000")), "busy", 1),
        (status(503, ("Retry-After", "100000")), "server error", 1),
        (whole(DATA[::-1]), "hash differs", 1),
        (whole(b""), "hash differs", 1),
        (promising(len(DATA) + 1), "broken off", 3),
        (promising(len(DATA) - 1), "hash differs", 1),
        (promising(10**15), "too large", 1),
        (chunked(b"zz\r\nab"), "broken off", 3),
        (raw(b"\x00\xff nonsense\r\n\r\n"), "broken off", 3),
        (raw(b"HTTP/1.1 200 " + b"a" * 70000), "broken off", 3),
    ],
    ids=[
        "404", "410", "403", "204", "500", "429", "429 for long", "503 for long", "other bytes",
        "no bytes", "promises more", "promises less", "promises a petabyte", "bad chunk",
        "not HTTP", "endless status",
    ],
)  # fmt: skip
def test_what_cannot_be_had_leaves_nothing(
    web: Web, tmp_path: Path, answer: Answer, reason: str, tries: int
) -> None:
    web.put("a.png", answer)
    report = run(write_manifest(tmp_path / "in", "a.png"), quick(web))
    assert report.reasons == {reason: 1}
    assert web.asked("a.png") == tries
    assert files(tmp_path / "out") == []
    assert list((tmp_path / "out").glob("partial-*")) == []


def test_a_silent_server(web: Web, tmp_path: Path) -> None:
    web.put("a.png", stall(web))
    started = time.monotonic()
    report = run(
        write_manifest(tmp_path / "in", "a.png"), replace(quick(web), tries=2, silence=0.3)
    )
    assert report.missing[0].detail == "no byte for 0.3 s"
    assert (report.reasons, web.asked("a.png")) == ({"stalled": 1}, 2)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 10240\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/"],
    ids=["body", "header", "status"],
)
def test_a_dripping_server(web: Web, tmp_path: Path, start: bytes) -> None:
    web.put("a.png", drip(web, start))
    report = run(write_manifest(tmp_path / "in", "a.png"), replace(quick(web), deadline=0.5))
    assert report.missing[0].detail == "not whole after 0.5 s"
    assert (report.reasons, web.asked("a.png")) == ({"stalled": 1}, 1)
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize("length", [len(DATA), None], ids=["said", "not said"])
def test_the_limit_of_bytes(web: Web, tmp_path: Path, length: int | None) -> None:
    web.put("a.png", promising(length))
    manifest = write_manifest(tmp_path / "in", "a.png")
    assert run(manifest, replace(quick(web), max_bytes=len(DATA) - 1)).reasons == {"too large": 1}
    assert files(tmp_path / "out") == []
    assert not run(manifest, replace(quick(web), max_bytes=len(DATA))).missing


def test_a_large_file_pointer_is_named(web: Web, tmp_path: Path) -> None:
    web.put("a.png", whole(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n"))
    report = run(write_manifest(tmp_path / "in", "a.png"), quick(web))
    assert "a Git LFS pointer" in report.missing[0].detail


def test_what_a_server_says_is_shown_harmlessly(web: Web, tmp_path: Path) -> None:
    said = b"HTTP/1.1 404 \x1b[2Jgone" + b"!" * 1000 + b"\r\nContent-Length: 0\r\n\r\n"
    web.put("a.png", raw(said))
    (missing,) = run(write_manifest(tmp_path / "in", "a.png"), quick(web)).missing
    assert r"\x1b[2Jgone!!" in missing.detail
    assert len(missing.detail) <= 300


def test_a_host_that_asks_to_wait_for_long_is_asked_once(web: Web, tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(5)]
    for name in names:
        web.put(name, status(429, ("Retry-After", "3600")))
    report = run(write_manifest(tmp_path / "in", *names), replace(quick(web), workers=1))
    assert report.reasons == {"host given up": 4, "busy": 1}
    assert len(web.log) == 1


def test_a_dead_host_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        web = Web(closed.getsockname()[1])
        manifest = write_manifest(tmp_path / "in", *(f"{i}.png" for i in range(50)))
        report = run(manifest, replace(quick(web), workers=1))
    assert report.reasons == {"host given up": 49, "no connection": 1}


def test_failures_leave_nothing_while_a_run_goes_on(web: Web, tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(4)]
    for name in names:
        web.put(name, whole())  # other bytes than the manifest says
    seen: list[list[Path]] = []
    manifest = write_manifest(tmp_path / "in", *names)
    settings = replace(quick(web), workers=1, rate=20)  # time to look between two pictures
    fetch(manifest, tmp_path / "out", settings, lambda done, total: seen.append(files(tmp_path)))
    assert seen == [[manifest]] * 4


# ---- where it does not go ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a.png",
        "http://127.0.0.1:{other}/a.png",
        "http://localhost:{port}/a.png",  # a name, and not the base's
        "http://2130706433:{other}/a.png",  # 127.0.0.1 in other spellings
        "http://0x7f.1:{other}/a.png",
        "http://[::1]:{other}/a.png",
        "http://[::ffff:127.0.0.1]:{other}/a.png",
        "http://0.0.0.0:{other}/a.png",
        "http://10.0.0.1/a.png",
        "http://192.168.1.1/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/a.png",
        "http://[fe80::1]/a.png",
        "http://[fd00::1]/a.png",
        "//10.0.0.1/a.png",
        "https://user:password@127.0.0.1:{port}/a.png",
        "http://[/a.png",
        "http://127.0.0.1:99999/a.png",
    ],
)
def test_a_redirect_into_a_private_place_is_refused(
    web: Web, tmp_path: Path, location: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        places = {"port": web.port, "other": other.getsockname()[1]}
        web.put("a.png", redirect(location.format(**places)))
        report = run(write_manifest(tmp_path / "in", "a.png"), quick(web))
        assert report.reasons == {"refused redirect": 1}
        assert len(web.log) == 1
        with pytest.raises(BlockingIOError):
            other.accept()


def test_redirects_in_a_loop(web: Web, tmp_path: Path) -> None:
    web.put("a.png", redirect("a.png"))
    report = run(write_manifest(tmp_path / "in", "a.png"), quick(web))
    assert report.reasons == {"refused redirect": 1}
    assert web.asked("a.png") == 6


def test_a_manifest_cannot_point_into_a_private_place(web: Web, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "in", "", origin=f"{web.base}/a.png")
    report = run(manifest, replace(quick(web), base="https://raw.githubusercontent.com"))
    assert report.reasons == {"refused address": 1}
    assert web.log == []


@pytest.mark.parametrize(
    ("origin", "path", "reason"),
    [
        ("npm:left-pad@1.3.0", "a.png", "no address"),
        ("pypi:aliceadv==0.4.6", "a.png", "no address"),
        ("deb:wesnoth-1.16-{did,dm}==1:1.16.9-1", "a.png", "no address"),
        ("", "a.png", "no address"),
        ("file:///etc/passwd", "a.png", "no address"),
        (f"github:owner/name@{COMMIT}", "../../../other/name/main/a.png", "no address"),
        (f"github:../name@{COMMIT}", "a.png", "no address"),
        (f"github:owner/name@{COMMIT}", "/etc/passwd", "no address"),
        (f"github:owner/name@{COMMIT}", "", "no address"),
        ("github:owner/name@../..", "a.png", "no address"),
        ("https://user:password@example.org/a.png", "", "no address"),
        ("https:///a.png", "", "no address"),
        (f"github:owner/name@{COMMIT}", "a.png#crop=(0,800,800,800)", "cut-out"),
    ],
)
def test_what_has_no_address(origin: str, path: str, reason: str) -> None:
    with pytest.raises(FetchError) as caught:
        find_address(origin, path)
    assert caught.value.reason == reason


def test_the_shared_manifest_has_addresses(shared: Path) -> None:
    items = load_corpus(shared / "corpus").items
    reasons: Counter[str] = Counter()
    for item in items:
        try:
            url = find_address(item.origin, item.origin_path).url
        except FetchError as why:
            reasons[why.reason] += 1
            continue
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w/.~%-]+", url, re.ASCII)
        assert unquote(url).endswith(item.origin_path)
    assert reasons == {"no address": 317, "cut-out": 127}


# ---- TLS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "unknown"])
def test_certificates_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving("localhost", context) as web:
        web.put("a.png", whole())
        settings = replace(quick(web), base=f"https://localhost:{web.port}")
        report = run(write_manifest(tmp_path / "in", "a.png"), settings)
    assert report.reasons == ({} if trusted else {"no connection": 1})
    assert trusted or "certificate verify failed" in report.missing[0].detail
