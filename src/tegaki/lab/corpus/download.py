"""One URL to one file with the right hash: bounded in bytes and time, polite, and nosy nowhere.

http.client understands the answers (RFC 9112); connecting is done here. So the address that was
checked is the one connected to, whatever the name resolves to a moment later, and every wait for
bytes ends at the silence limit, at the file's deadline or on Ctrl-C, in headers as in bodies. One
connection a request: at a polite rate, handshakes cost little.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import ipaddress
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

import tegaki
from tegaki.errors import OutputError
from tegaki.lab.corpus.addresses import GITHUB_RAW, Address, FetchError, parse_url
from tegaki.utils.http import Wire, retry_after

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429)  # RFC 9110 and 8470: the same request may succeed later; so may any 5xx
_CHUNK = 1 << 16
_GLANCE = 0.25  # seconds between two looks at whether to stop
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to fetch. Times are in seconds.

    ``base`` stands in for GitHub's address of raw files; only its own host and port may be in a
    private network. ``silence``: without a byte; ``deadline``: for one whole file, redirects and
    all; ``backoff``: before the second try, then twice that, and so on up to ``longest_wait``.
    """

    base: str = GITHUB_RAW
    rate: float = 5.0  # requests per second, of all workers together
    workers: int = 4
    max_bytes: int = 128 * 1024 * 1024
    tries: int = 5
    connect: float = 10.0
    silence: float = 30.0
    deadline: float = 300.0
    backoff: float = 1.0
    longest_wait: float = 120.0


class Downloader:
    """Fetches files; safe to use from many threads. ``stop`` ends all waiting within a moment."""

    def __init__(self, settings: Settings, stop: threading.Event) -> None:
        base = parse_url(settings.base)
        self._home = (base.host, base.port)
        self._settings = settings
        self._stop = stop
        self._rate_limiter = _RateLimiter(settings.rate, stop)
        self._given_up: dict[str, str] = {}

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def download(self, address: Address, sha256: str, partial: Path, target: Path) -> int:
        """Fetch a file to ``partial`` and, if its hash is right, move it to ``target``.

        Returns:
            The file's bytes.

        Raises:
            FetchError: it could not be had; neither file is left.
            OutputError: it cannot be written.
        """
        for number in range(self._settings.tries):
            try:
                size = self._attempt(address, sha256, partial)
                _move(partial, target)
                return size
            except FetchError as problem:
                last = problem
            finally:
                partial.unlink(missing_ok=True)
            if not last.again or number + 1 == self._settings.tries:
                break
            self._rest(number, last)
        if last.host:
            self._given_up[last.host] = last.detail
        raise last

    def _rest(self, number: int, problem: FetchError) -> None:
        # Jitter, lest workers that failed together come back together.
        longest = min(self._settings.longest_wait, self._settings.backoff * 2**number)
        seconds = max(problem.wait, longest * random.uniform(0.5, 1))
        if problem.reason == "busy":
            self._rate_limiter.hold(seconds)  # it is asked of us, not of one worker
        elif self._stop.wait(seconds):
            raise _stopped()

    def _attempt(self, address: Address, sha256: str, partial: Path) -> int:
        end = time.monotonic() + self._settings.deadline
        refusal = "refused address"
        for _ in range(MAX_REDIRECTS + 1):
            if address.place in self._given_up:
                detail = f"not tried any more: {self._given_up[address.place]}"
                raise FetchError("host given up", detail)
            end += self._rate_limiter.wait()
            with self._connect(address, end, refusal) as connected, _translate_errors():
                response = self._ask(connected, address, end)
                if response.status not in _REDIRECTS:
                    self._check_status(response, address.place)
                    return self._receive(response, sha256, partial)
                location = response.headers.get("Location", "")
            refusal = "refused redirect"
            # Header bytes come as Latin-1; those of UTF-8 in an unescaped path are meant as such.
            location = location.encode("latin-1", "replace").decode("utf-8", "replace")
            address = _redirected(address, location)
        raise FetchError(refusal, f"more than {MAX_REDIRECTS} redirects")

    def _connect(self, address: Address, end: float, refusal: str) -> socket.socket:
        problem: Exception | None = None
        for ip in self._resolve(address, refusal):
            limit = max(min(self._settings.connect, end - time.monotonic()), 0.01)
            try:
                connected = socket.create_connection((ip, address.port), limit)
            except OSError as failure:
                problem = failure
                continue
            return connected if address.scheme == "http" else self._secure(connected, address)
        detail = f"{address.place} cannot be reached: {problem}"
        raise FetchError("no connection", detail, again=True, host=address.place)

    def _resolve(self, address: Address, refusal: str) -> list[str]:
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            detail = f"{address.host} is not found: {problem}"
            raise FetchError("no connection", detail, again=True, host=address.place) from problem
        ips = [str(entry[4][0]) for entry in found]
        for ip in ips:
            if (address.host, address.port) != self._home and not _is_public(ip):
                raise FetchError(refusal, f"{address.place} is not on the public internet ({ip})")
        return ips

    def _secure(self, connected: socket.socket, address: Address) -> socket.socket:
        try:
            return self._tls.wrap_socket(connected, server_hostname=address.host)
        except OSError as problem:  # ssl.SSLError is one
            connected.close()
            lasting = isinstance(problem, ssl.SSLCertVerificationError)
            detail = f"no secure connection to {address.place}: {problem}"
            again, host = not lasting, address.place
            raise FetchError("no connection", detail, again=again, host=host) from problem

    def _ask(
        self, connected: socket.socket, address: Address, end: float
    ) -> http.client.HTTPResponse:
        lines = (
            f"GET {address.path} HTTP/1.1",
            f"Host: {address.place}",
            f"User-Agent: tegaki/{tegaki.__version__}",
            "Accept: image/*, application/octet-stream, */*;q=0.1",
            "Accept-Encoding: identity",
            "Connection: close",
        )
        connected.settimeout(self._settings.silence)
        connected.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
        wire = Wire(_Reader(connected, self._settings, end, self._stop))
        response = http.client.HTTPResponse(cast("socket.socket", wire))
        response.begin()
        return response

    def _check_status(self, response: http.client.HTTPResponse, place: str) -> None:
        status = response.status
        if status == 200:
            return
        said = f"{place} answers {status} {response.reason}"
        if status in (404, 410):
            raise FetchError("gone", said)
        if status not in _PASSING and status < 500:
            raise FetchError("refused", said)
        wait = retry_after(response.headers.get("Retry-After", ""))
        again = wait <= self._settings.longest_wait
        if not again:
            said += f" and asks to wait {wait:,.0f} s"
        busy = status == 429
        reason = "busy" if busy else "server error"
        raise FetchError(reason, said, again=again, wait=wait, host=place if busy else "")

    def _receive(self, response: http.client.HTTPResponse, sha256: str, partial: Path) -> int:
        digest, size, head = hashlib.sha256(), 0, b""
        with _translate_disk_errors(partial):
            stream = partial.open("wb")
        with stream:
            for data in self._pieces(response):
                head = head or data[: len(_LFS_POINTER)]
                size += len(data)
                digest.update(data)
                with _translate_disk_errors(partial):
                    stream.write(data)
            with _translate_disk_errors(partial):
                stream.flush()
        if digest.hexdigest() != sha256:
            pointer = ", a Git LFS pointer" if head == _LFS_POINTER else ""
            raise FetchError("hash differs", f"{size:,} bytes{pointer}: {digest.hexdigest()}")
        return size

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """The body; as long as its header says, and no longer than the limit: servers lie."""
        most, promised, size = self._settings.max_bytes, response.length, 0
        if promised is not None and promised > most:
            raise FetchError("too large", f"{promised:,} bytes, over the limit of {most:,}")
        while left := _CHUNK if promised is None else min(_CHUNK, promised - size):
            data = response.read(left)
            if not data:
                break
            size += len(data)
            if size > most:
                raise FetchError("too large", f"over the limit of {most:,} bytes")
            yield data
        if promised is not None and size < promised:
            raise FetchError("broken off", f"{size:,} bytes came of {promised:,}", again=True)


class _RateLimiter:
    """Gives out moments to start a request, evenly spaced, to all workers together."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._gap = 1 / rate
        self._next = 0.0
        self._lock = threading.Lock()
        self._stop = stop

    def wait(self) -> float:
        """Waits for the next free moment; returns the seconds waited."""
        with self._lock:
            now = time.monotonic()
            moment = max(self._next, now)
            self._next = moment + self._gap
        if self._stop.wait(moment - now):
            raise _stopped()
        return moment - now

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class _Reader(io.RawIOBase):
    """A socket's bytes, until it was silent for too long, the deadline is past, or on stop."""

    def __init__(
        self, connected: socket.socket, settings: Settings, end: float, stop: threading.Event
    ) -> None:
        self._connected = connected
        self._settings = settings
        self._end = end
        self._stop = stop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        silent_until = time.monotonic() + self._settings.silence
        while True:
            now = time.monotonic()
            if self._stop.is_set():
                raise _stopped()
            if now >= self._end:
                raise FetchError("stalled", f"not whole after {self._settings.deadline:g} s")
            if now >= silent_until:
                raise FetchError("stalled", f"no byte for {self._settings.silence:g} s", again=True)
            self._connected.settimeout(min(_GLANCE, self._end - now, silent_until - now))
            try:
                return self._connected.recv_into(buffer)
            except TimeoutError:
                continue


@contextmanager
def _translate_errors() -> Iterator[None]:
    """What breaks while an answer is read, as :class:`FetchError`."""
    try:
        yield
    except (OSError, http.client.HTTPException) as problem:
        detail = f"the connection broke: {problem or type(problem).__name__}"
        raise FetchError("broken off", detail, again=True) from problem


@contextmanager
def _translate_disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror or problem}") from problem


def _move(partial: Path, target: Path) -> None:
    with _translate_disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial, target)


def _redirected(address: Address, location: str) -> Address:
    try:
        url = urljoin(address.url, location)
    except ValueError as problem:
        raise FetchError("refused redirect", f"{location} is not a URL: {problem}") from problem
    return parse_url(url, "refused redirect")


def _is_public(ip: str) -> bool:
    """Neither loopback, private, link-local, multicast nor reserved (IANA's registries)."""
    address = ipaddress.ip_address(ip)
    return address.is_global and not address.is_multicast


def _stopped() -> FetchError:
    return FetchError("stopped", "the run was stopped first")
