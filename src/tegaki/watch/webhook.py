"""Deliveries to a URL, signed as Standard Webhooks says (https://www.standardwebhooks.com).

http.client writes the request and understands the answer (RFC 9112); the answer is read here, so
that every wait ends at the time limit, however slowly bytes drip.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import io
import re
import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import tegaki
from tegaki.errors import OutputError
from tegaki.utils.http import Wire, retry_after
from tegaki.utils.text import printable
from tegaki.watch.chat import MessageFormat, message
from tegaki.watch.delivery_result import POLL_INTERVAL, DeliveryResult, Shutdown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PASSING = (408, 425, 429)  # RFC 9110 and 8470: the same request may succeed later; so may any 5xx
_MARK = "whsec_"
_KEY_BYTES = range(24, 65)  # of the specification
_SHOWN = 200  # bytes of an answer's body that are kept, to say what was wrong


class Webhook:
    """POSTs to a URL. Redirects are not followed, proxies not used.

    Args:
        secret: signs what is sent.
        limit: seconds for one request.
        form: what is sent: the result as JSON, or a message for a chat.

    Raises:
        OutputError: the URL is none to POST to.
    """

    def __init__(
        self, url: str, secret: bytes | None, limit: float, form: MessageFormat = "json"
    ) -> None:
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError as problem:
            raise OutputError(f"the webhook's address is no URL: {problem}") from problem
        if parts.scheme not in ("http", "https") or not self._host:
            raise OutputError("a webhook has a URL that begins with http:// or https://")
        if not re.fullmatch(r"[!-~]+", url):
            raise OutputError("in a webhook's URL, write what is not ASCII, and spaces, as %XX")
        if parts.username is not None:
            raise OutputError("names and passwords in a webhook's URL are not sent; sign instead")
        query = f"?{parts.query}" if parts.query else ""
        self._target = (parts.path or "/") + query
        self._secret, self._limit, self._form = secret, limit, form
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None

    def send(self, delivery: str, path: bytes, body: bytes, shutdown: Shutdown) -> DeliveryResult:
        end = time.monotonic() + self._limit
        body = message(self._form, body)
        connection = self._connection()
        try:
            connection.request("POST", self._target, body, self._headers(delivery, body))
            wire = Wire(_Reader(connection.sock, end, shutdown))
            response = http.client.HTTPResponse(cast("socket.socket", wire), method="POST")
            response.begin()
            return _answer(response)
        except TimeoutError:
            return DeliveryResult(False, f"{self._host} did not answer within {self._limit:g} s")
        except (OSError, UnicodeError, http.client.HTTPException) as problem:  # no host's name
            said = getattr(problem, "strerror", None) or problem or type(problem).__name__
            return DeliveryResult(False, printable(f"no answer from {self._host}: {said}"))
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._limit, context=self._tls
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._limit)

    def _headers(self, delivery: str, body: bytes) -> dict[str, str]:
        headers = {
            "User-Agent": f"tegaki/{tegaki.__version__}",
            "Content-Type": "application/json",
            "Connection": "close",
            "webhook-id": delivery,
            "webhook-timestamp": str(int(time.time())),
        }
        if self._secret is not None:
            signed = sign(self._secret, delivery, headers["webhook-timestamp"], body)
            headers["webhook-signature"] = signed
        return headers


def sign(secret: bytes, delivery: str, timestamp: str, body: bytes) -> str:
    """The signature's header: HMAC-SHA256 over ``id.timestamp.body``."""
    said = b".".join((delivery.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, said, hashlib.sha256)).decode()


def read_secret(path: Path) -> bytes:
    """The key in a file: ``whsec_`` and Base64 of 24 to 64 bytes.

    Raises:
        OutputError: it holds none.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
        key = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except OSError as problem:
        raise OutputError(f"{path} cannot be read: {problem.strerror or problem}") from problem
    except (ValueError, binascii.Error):
        text, key = "", b""
    if not text.startswith(_MARK) or len(key) not in _KEY_BYTES:
        raise OutputError(
            f"{path} holds no secret, which is {_MARK} and 24 to 64 bytes as Base64; make one: "
            f'echo "{_MARK}$(openssl rand -base64 32)" > {path}'
        )
    return key


def _answer(response: http.client.HTTPResponse) -> DeliveryResult:
    status = response.status
    if 200 <= status < 300:
        return DeliveryResult(True)
    said = f"the answer was {status} {response.reason}".rstrip()
    if 300 <= status < 400:
        said += "; redirects are not followed"
        return DeliveryResult(False, printable(said), again=False)
    said += f": {text}" if (text := _text(response)) else ""
    again = status in _PASSING or status >= 500
    wait = retry_after(response.headers.get("Retry-After", "")) if again else 0.0
    return DeliveryResult(False, printable(said), again, wait)


def _text(response: http.client.HTTPResponse) -> str:
    """How the body begins; services say there what they did not like."""
    try:
        data = response.read(_SHOWN)
    except (OSError, http.client.HTTPException):
        return ""
    return " ".join(data.decode("utf-8", "replace").split())


class _Reader(io.RawIOBase):
    """A socket's bytes, until the time is over, or it is to be left."""

    def __init__(self, connected: socket.socket, end: float, shutdown: Shutdown) -> None:
        self._connected, self._end, self._shutdown = connected, end, shutdown

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while True:
            self._shutdown.check()
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connected.settimeout(min(POLL_INTERVAL, left))
            try:
                return self._connected.recv_into(buffer)
            except TimeoutError:
                continue
