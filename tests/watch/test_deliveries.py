"""How verdicts are told: by a command, and by a webhook of a real server that behaves badly."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tegaki.watch import RetryPolicy
from tegaki.watch.webhook import sign
from tests.watch.conftest import (
    Handler,
    Receiver,
    Response,
    Workspace,
    generated,
    raw,
    status,
    until,
)
from tests.watch.conftest import verify as verified

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def one(workspace: Workspace) -> Workspace:
    """A place with one picture to tell of."""
    generated(workspace.folder / "a.png")
    return workspace


def reset(handler: Handler) -> None:
    linger = (1).to_bytes(4, "little") + bytes(4)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


# ---- what is sent ------------------------------------------------------------------------------


def test_what_is_sent_is_the_row_and_signed(
    one: Workspace, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    receiver.answers = [status(500), status(200, body=b"thank you")]
    with one.watching(
        "--webhook", f"{receiver.url}?a=1&b", "--secret-file", tmp_path / "secret"
    ) as watching:
        until(lambda: len(receiver.posts) == 2, "a second attempt")
        (row,) = watching.rows
    first, second = receiver.posts
    for post in (first, second):
        assert post.path == "/hook?a=1&b"
        assert post.row == row
        assert post.headers["content-type"] == "application/json"
        assert verified(SECRET, post.headers, post.body) == first.id
        with pytest.raises(ValueError, match="not signed"):
            verified(SECRET, post.headers, post.body + b" ")
        with pytest.raises(ValueError, match="not signed"):
            verified(SECRET, post.headers | {"webhook-id": "other"}, post.body)
        with pytest.raises(ValueError, match="too old"):
            verified(SECRET, post.headers | {"webhook-timestamp": "1700000000"}, post.body)
    assert row["path"] == str(one.folder / "a.png")
    assert one.dead() == []


def test_the_signature_is_that_of_the_specification() -> None:
    """Its own example, of standardwebhooks.com."""
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    body = b'{"test": 2432232314}'
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_verdicts_that_are_told(one: Workspace, receiver: Receiver) -> None:
    (one.folder / "bad.png").write_bytes(b"no picture")
    (one.folder / "empty.png").write_bytes(b"")
    assert one.once("--webhook", receiver.url, "--on", "error, unsure").returncode == 0
    assert receiver.names() == ["bad.png", "empty.png"]


def test_https_is_checked(one: Workspace, receiver: Receiver, tmp_path: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(address, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key").write_bytes(key.private_bytes(pem, kind, plain))
    (tmp_path / "certificate").write_bytes(certificate.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    secure = ("--webhook", receiver.url.replace("http:", "https:"), "--attempts", "1")
    done = one.once(*secure)
    assert (done.returncode, receiver.posts) == (1, [])
    assert "certificate" in done.stderr
    os.environ["SSL_CERT_FILE"] = str(tmp_path / "certificate")
    try:
        generated(one.folder / "b.png", seed=1)
        assert one.once(*secure).returncode == 0
    finally:
        del os.environ["SSL_CERT_FILE"]
    assert receiver.names() == ["b.png"]


# ---- answers -----------------------------------------------------------------------------------


TROUBLES: dict[str, Response] = {
    "500": status(500),
    "503": status(503),
    "408": status(408),
    "425": status(425),
    "429": status(429),
    "reset": reset,
    "nothing": raw(b""),
    "not HTTP": raw(b"\x00\xff nonsense\r\n\r\n"),
    "endless status": raw(b"HTTP/1.1 200 " + b"a" * 70000),
}


def test_passing_trouble_is_overcome(workspace: Workspace, receiver: Receiver) -> None:
    receiver.answers = [*TROUBLES.values(), status(204)]
    for number in range(len(TROUBLES)):
        generated(workspace.folder / f"{number}.png", seed=number)
    with workspace.watching("--webhook", receiver.url, "--attempts", "20") as watching:
        # Each trouble is a failed attempt, and each picture arrives in the end.
        until(lambda: len(receiver.posts) == 2 * len(TROUBLES), f"all that, but {watching.said}")
        assert watching.end() == 0
    assert len({post.id for post in receiver.posts}) == len(TROUBLES)
    assert len([line for line in watching.said if "it is tried again" in line]) == len(TROUBLES)
    assert watching.said[-1] == f"Stopped; {len(TROUBLES)} files new or changed\n"


@pytest.mark.parametrize(
    ("start", "every"),
    [(b"", b""), (b"HTTP/1.1 200 OK\r\nX: ", b"a"), (b"HTTP/", b"1")],
    ids=["silent", "drips a header", "drips a status"],
)
def test_a_server_that_stalls(
    one: Workspace, receiver: Receiver, start: bytes, every: bytes
) -> None:
    receiver.answers = [receiver.stall(start, every), status(204)]
    with one.watching("--webhook", receiver.url, "--timeout", "0.5") as watching:
        until(lambda: len(receiver.posts) == 2, "a second attempt")
        watching.until_said("did not answer within 0.5 s (it is tried again, attempt 1)")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (301, "the answer was 301 Moved Permanently; redirects are not followed"),
        (400, "the answer was 400 Bad Request: no such \\x1b channel"),
        (401, "401"),
        (404, "404"),
        (410, "410"),
    ],
)
def test_what_is_refused_is_not_tried_again(
    one: Workspace, receiver: Receiver, code: int, words: str
) -> None:
    location = ("Location", f"{receiver.url}/elsewhere")
    receiver.answers = [status(code, location, body=b"no such\n\x1b channel")]
    done = one.once("--webhook", receiver.url)
    assert done.returncode == 1
    assert "(given up, attempt 1)" in done.stderr
    assert "1 given up: tegaki deliveries list shows them" in done.stderr
    (dead,) = one.dead()
    assert words in dead["said"]
    assert [post.path for post in receiver.posts] == ["/hook"]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_asks_to_wait_is_left_alone(
    workspace: Workspace, receiver: Receiver, form: str
) -> None:
    def busy(handler: Handler) -> None:
        # A date has whole seconds: three of them are between two and three from now.
        wait = "2" if form == "seconds" else formatdate(time.time() + 3, usegmt=True)
        handler.send(429, ("Retry-After", wait))

    receiver.answers = [busy, status(204)]
    generated(workspace.folder / "a.png")
    with workspace.watching("--webhook", receiver.url):
        until(lambda: receiver.posts, "a request")
        generated(workspace.folder / "b.png", seed=1)  # not even this one
        until(lambda: len(receiver.posts) == 3, "three requests")
    assert receiver.names() == ["a.png", "a.png", "b.png"]
    asked, *later = (post.moment for post in receiver.posts)
    assert all(moment - asked > 1.5 for moment in later)


def test_once_waits_for_nobody(one: Workspace, receiver: Receiver) -> None:
    receiver.answers = [status(503, ("Retry-After", "100000"))]
    done = one.once("--webhook", receiver.url)
    assert (done.returncode, len(receiver.posts)) == (1, 1)
    assert "1 still to be delivered" in done.stderr
    assert one.once("--webhook", receiver.url).returncode == 0  # nothing is due
    assert len(receiver.posts) == 1


def test_dead_letters(one: Workspace, receiver: Receiver) -> None:
    receiver.answers = [status(500)]
    with one.watching("--webhook", receiver.url, "--attempts", "3") as watching:
        watching.until_said("(given up, attempt 3)")
        assert len(receiver.posts) == 3
    (dead,) = one.dead()
    assert dead["path"] == str(one.folder / "a.png")
    assert (dead["channel"], dead["verdict"], dead["attempts"]) == ("webhook", "generated", 3)
    assert dead["said"] == "the answer was 500 Internal Server Error"
    assert dead["id"] == receiver.posts[0].id
    assert one.once("--webhook", receiver.url).returncode == 0
    assert len(receiver.posts) == 3
    receiver.answers = [status(204)]
    assert one.deliveries("retry").stderr == ("1 owed again; the next tegaki watch delivers them\n")
    assert one.once("--webhook", receiver.url).returncode == 0
    assert len(receiver.posts) == 4
    assert receiver.posts[3].body == receiver.posts[0].body
    assert one.deliveries("list").stdout == ""


def test_pauses_grow_and_differ() -> None:
    retry_policy = RetryPolicy()
    for failed, longest in enumerate((10, 40, 160, 640, 2560, 10240, 40960), start=1):
        pauses = {retry_policy.pause(failed) for _ in range(50)}
        assert len(pauses) > 10
        assert all(pause and longest / 2 <= pause <= longest for pause in pauses)
    assert retry_policy.pause(8) is None
    assert (RetryPolicy(attempts=10**6).pause(10**5) or 0) <= 12 * 3600


def test_scanning_does_not_wait_for_deliveries(workspace: Workspace, receiver: Receiver) -> None:
    receiver.answers = [receiver.stall()]
    with workspace.watching("--webhook", receiver.url, "--timeout", "600") as watching:
        for number in range(12):
            generated(workspace.folder / f"{number}.png", seed=number)
        until(lambda: len(watching.rows) == 12, "twelve rows")
        until(lambda: len(receiver.posts) == 4, "four requests")


# ---- commands ----------------------------------------------------------------------------------


def script(folder: Path, text: str) -> Path:
    path = folder / "script.sh"
    path.write_text(f"#!/bin/sh\ncd {folder}\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_command_gets_row_path_and_id(one: Workspace, tmp_path: Path) -> None:
    raw_path = os.fsencode(one.folder) + b"/\xff $(touch x);'.png"
    os.rename(one.folder / "a.png", raw_path)
    run = script(tmp_path, 'cat > row; printf %s "$TEGAKI_DELIVERY|$1|$2" > words; echo out')
    done = one.once("--run", f"{run} 'two words'")
    assert (done.returncode, done.stderr) == (0, "out\n1 file new or changed\n")
    assert (tmp_path / "row").read_text() == done.stdout  # one line
    assert json.loads(done.stdout)["path_bytes"] == raw_path.hex()
    delivery, first, second = (tmp_path / "words").read_bytes().split(b"|")
    assert len(delivery) == 32
    assert (first, second) == (b"two words", raw_path)
    assert not list(tmp_path.rglob("x"))


def test_a_command_that_fails_is_run_again(one: Workspace, tmp_path: Path) -> None:
    run = script(tmp_path, "echo x >> log; test $(wc -l < log) -ge 3 || exit 7")
    with one.watching("--run", run) as watching:
        watching.until_said("the command ended with exit code 7 (it is tried again, attempt 2)")
        until(lambda: (tmp_path / "log").read_text() == "x\n" * 3, "a third run")
        time.sleep(0.5)
        assert watching.end() == 0
    assert (tmp_path / "log").read_text() == "x\n" * 3
    assert one.dead() == []
    assert "still to be delivered" not in "".join(watching.said)


def test_a_command_that_takes_too_long_is_ended(one: Workspace, tmp_path: Path) -> None:
    run = script(tmp_path, "echo $$ > pid; sleep 600 & echo $! > child; wait")
    done = one.once("--run", run, "--timeout", "1", "--attempts", "1")
    assert done.returncode == 1
    assert "took longer than 1 s" in one.dead()[0]["said"]
    for name in ("pid", "child"):
        pid = int((tmp_path / name).read_text())
        until(lambda pid=pid: not is_running(pid), "its end")  # type: ignore[misc]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_command_that_is_killed_or_gone(one: Workspace, tmp_path: Path) -> None:
    run = script(tmp_path, "kill -9 $$")
    assert "was ended by signal 9" in one.once("--run", run).stderr
    run.write_text("no script\n")
    run.chmod(0o755)
    with one.watching("--run", run) as watching:
        watching.until_said("could not be run: Exec format error")


def test_both_ways_are_owed_apart(one: Workspace, receiver: Receiver, tmp_path: Path) -> None:
    receiver.answers = [status(500)]
    run = script(tmp_path, "echo x >> log")
    for _ in range(3):
        one.once("--run", run, "--webhook", receiver.url, "--attempts", "2")
        time.sleep(0.2)
    assert (tmp_path / "log").read_text() == "x\n"
    assert Counter(delivery["channel"] for delivery in one.dead()) == {"webhook": 1}
