"""Where an original stands: from a manifest's origin and path to a URL, or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

GITHUB_RAW = "https://raw.githubusercontent.com"
_GITHUB = re.compile(r"github:([\w.-]+/[\w.-]+)@([\w.-]+)", re.ASCII)
_CUT_OUT = re.compile(r"#crop=\([\d, ]+\)$")  # only this: "#" is common in names of files
_PORTS = {"http": 80, "https": 443}
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"  # RFC 3986: reserved characters, and escapes as they are


class FetchError(Exception):
    """Why one picture could not be had: what becomes a row of missing.csv, and no user's error.

    Args:
        reason: a few fixed words, to count by.
        detail: a sentence on this picture.
        again: whether another try may help.
        wait: seconds that the server asks to wait before it.
        host: the host and port, if nothing else can be had from there either.
    """

    def __init__(
        self, reason: str, detail: str, again: bool = False, wait: float = 0.0, host: str = ""
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.again = again
        self.wait = wait
        self.host = host


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in the parts that a request needs; ``path`` has the query, in plain ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def place(self) -> str:
        """Host and port, as the ``Host`` header spells them (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.place}{self.path}"


def parse_url(url: str, reason: str = "no address") -> Address:
    """A URL as an address; spaces and other characters that no URL may have are escaped.

    Raises:
        FetchError: with ``reason``: not http or https, no host, a password, or no URL at all.
    """
    try:
        parts = urlsplit(quote(url, safe=_URL_CHARACTERS))
        host = (parts.hostname or "").encode("ascii").decode()
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as problem:
        raise FetchError(reason, f"{url} is not a URL: {problem}") from problem
    if parts.scheme not in _PORTS or not re.fullmatch(r"[\w.:-]+", host, re.ASCII):
        raise FetchError(reason, f"{url} is not an address of http or https")
    if "@" in parts.netloc:
        raise FetchError(reason, f"{url} carries a name or password; none is ever sent")
    query = f"?{parts.query}" if parts.query else ""
    return Address(parts.scheme, host, port, (parts.path or "/") + query)


def find_address(origin: str, origin_path: str, base: str = GITHUB_RAW) -> Address:
    """The address of an original.

    Args:
        origin: ``github:owner/name@commit``, or a URL, which then is the address itself.
        origin_path: the path within the repository, unescaped.
        base: what stands in for ``https://raw.githubusercontent.com``.

    Raises:
        FetchError: ``cut-out`` for a part of a larger picture, whose hash is that of the part;
            ``no address`` for a path that leaves the repository, and for packages (npm, PyPI,
            Debian): they are archives, and no URL leads to one file in them.
    """
    if _CUT_OUT.search(origin_path):
        raise FetchError("cut-out", "cut from a larger picture; the hash is not of the file there")
    if origin.startswith(("http://", "https://")):
        return parse_url(origin)
    found = _GITHUB.fullmatch(origin)
    if not found:
        raise FetchError("no address", f"{origin or 'no origin'}: not a public-repository picture")
    parts = [*found.groups()[0].split("/"), found[2], *origin_path.split("/")]
    if {"", ".", ".."} & set(parts):
        raise FetchError("no address", f"{origin_path} is not a path within a repository")
    return parse_url(f"{base.rstrip('/')}/{'/'.join(quote(part, safe='') for part in parts)}")
