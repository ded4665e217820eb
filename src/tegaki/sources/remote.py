"""Pictures at URLs: bounded in bytes and time, and their troubles typed. S3 and HTTP(S).

Nothing but what the user named is asked for: no URL is ever taken from a file's content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import tegaki
from tegaki.errors import (
    ClusterError,
    EmptyFile,
    FileNotFound,
    MissingExtra,
    PermissionDenied,
    PictureError,
    UnreadableFile,
)
from tegaki.imaging import more_than, too_large
from tegaki.utils.http import retry_after

CONNECT = 10.0
SILENCE = 30.0
DEADLINE = 300.0
"""Seconds: to connect, without a byte, and for one whole file."""
TRIES = 3
MAX_REDIRECTS = 5
_LONGEST_WAIT = 60.0
_CHUNK = 1 << 16
_LONGEST_SAID = 500  # characters of a server's words that a row keeps
SCHEMES = ("s3", "http", "https")


def fetch(url: str, size: int | None, max_bytes: int) -> bytes:
    """All bytes at a URL; never many more than ``max_bytes`` are read.

    Args:
        size: as it was listed, where it was.

    Raises:
        PictureError: FileNotFound, PermissionDenied, FileTooLarge, EmptyFile, UnreadableFile.
        ClusterError: nothing at all can be read there.
        MissingExtra: there is nothing to read it with.
    """
    if size is not None and size > max_bytes:
        raise too_large(size, max_bytes)
    if size == 0:
        data = b""
    elif url.lower().startswith("s3://"):
        data = _s3_object(url, max_bytes)
    else:
        data = _http_body(url, max_bytes)
    if not data:
        raise EmptyFile("the file is empty")
    if len(data) > max_bytes:
        raise more_than(max_bytes)
    return data


@cache  # fsspec's own cache has one for each thread
def s3() -> Any:
    """S3, as the environment describes it (``AWS_ENDPOINT_URL`` and the like).

    Raises:
        MissingExtra: there is nothing to read it with.
    """
    try:
        import s3fs
    except ImportError as problem:
        raise MissingExtra("an s3:// URL", "s3") from problem
    return s3fs.S3FileSystem(
        use_listings_cache=False,
        config_kwargs={
            "connect_timeout": CONNECT,
            "read_timeout": SILENCE,
            "retries": {"max_attempts": TRIES, "mode": "standard"},
        },
    )


@contextmanager
def translate_s3_errors(url: str) -> Iterator[None]:
    """What S3 answers, typed."""
    from botocore.exceptions import NoCredentialsError

    try:
        yield
    except FileNotFoundError as problem:
        raise FileNotFound("no such object; a folder's URL ends with /") from problem
    except PermissionError as problem:
        raise PermissionDenied("S3 denies reading it") from problem
    except NoCredentialsError as problem:  # of no object alone
        raise ClusterError(f"{url} cannot be read: no credentials for S3 were found") from problem
    except PictureError:
        raise
    except Exception as problem:  # botocore and aiohttp have no common base
        raise UnreadableFile(f"S3 could not read it: {_said(problem)}") from problem


def _s3_object(url: str, max_bytes: int) -> bytes:
    files = s3()
    with translate_s3_errors(url):
        try:
            data: bytes = files.cat_file(url, start=0, end=max_bytes + 1)
        except OSError as problem:
            answer = getattr(problem.__cause__, "response", {})
            if answer.get("Error", {}).get("Code") in ("InvalidRange", "416"):
                return b""  # a range of what is empty
            raise
        return data


@cache
def _http() -> Any:
    """fsspec's file system for HTTP: its session and the loop that it runs in."""
    try:
        import aiohttp
        from fsspec.implementations.http import HTTPFileSystem
    except ImportError as problem:
        raise MissingExtra("an http:// URL", "cluster") from problem
    timeout = aiohttp.ClientTimeout(total=DEADLINE, sock_connect=CONNECT, sock_read=SILENCE)
    headers = {
        "User-Agent": f"tegaki/{tegaki.__version__}",
        "Accept": "image/*, application/octet-stream, */*;q=0.1",
        "Accept-Encoding": "identity",
    }
    # What is packed in spite of that is left packed: it could inflate to any size.
    settings = {"timeout": timeout, "headers": headers, "auto_decompress": False}
    return HTTPFileSystem(client_kwargs=settings)


def _http_body(url: str, max_bytes: int) -> bytes:
    files = _http()
    from fsspec.asyn import sync

    body: bytes = sync(files.loop, _tried, files, url, max_bytes)
    return body


async def _tried(files: Any, url: str, max_bytes: int) -> bytes:
    import aiohttp

    for number in range(TRIES):
        wait = 0.0
        try:
            return await _got(files, url, max_bytes)
        except _Busy as busy:
            wait, problem = busy.wait, UnreadableFile(str(busy))
        except (aiohttp.ServerTimeoutError, TimeoutError):
            raise UnreadableFile("the server did not send it in time") from None
        except aiohttp.ClientConnectionError as broken:
            problem = UnreadableFile(f"no connection to the server: {_said(broken)}")
        except (aiohttp.ClientError, ValueError) as broken:  # the latter: not a URL to aiohttp
            raise UnreadableFile(f"the server's answer cannot be read: {_said(broken)}") from broken
        if wait > _LONGEST_WAIT or number + 1 == TRIES:
            break
        await asyncio.sleep(_pause(number, wait))
    raise problem


def _pause(number: int, wait: float) -> float:
    """Seconds before the next try, ``wait`` of them by the server's word."""
    return max(float(2**number), wait)


class _Busy(Exception):
    """The same request may succeed later; ``wait``: after so many seconds, by the server's word."""

    def __init__(self, said: str, wait: float) -> None:
        super().__init__(said)
        self.wait = wait


async def _got(files: Any, url: str, max_bytes: int) -> bytes:
    from yarl import URL

    session = await files.set_session()
    # What is written in ASCII is sent as it is written: signatures are over those very bytes.
    address = URL(url, encoded=url.isascii() and url.isprintable() and " " not in url)
    async with session.get(address, max_redirects=MAX_REDIRECTS) as answer:
        said = f"the server answers {answer.status} {_text(answer.reason or '')}".rstrip()
        if answer.status in (404, 410):
            raise FileNotFound(said)
        if answer.status in (401, 403):
            raise PermissionDenied(said)
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise _Busy(said, retry_after(answer.headers.get("Retry-After", "")))
        if answer.status != 200:
            raise UnreadableFile(said)
        if answer.content_length is not None and answer.content_length > max_bytes:
            raise too_large(answer.content_length, max_bytes)
        data = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > max_bytes:
                raise more_than(max_bytes)
        return bytes(data)


def _said(problem: BaseException) -> str:
    return _text(str(problem)) or type(problem).__name__


def _text(said: str) -> str:
    """What a server said, as text that every file of rows can hold, and not at any length."""
    return said[:_LONGEST_SAID].encode("utf-8", "backslashreplace").decode("utf-8")
