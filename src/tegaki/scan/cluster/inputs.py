"""What a cluster scan looks at, in an order that is the same each time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from tegaki.errors import BrokenArchive, ClusterError, PictureError, UnreadableFile
from tegaki.scan.archives import is_archive
from tegaki.scan.cluster.items import Item
from tegaki.scan.cluster.remote import SCHEMES, s3, s3_told
from tegaki.scan.listing import Folders, is_settled
from tegaki.scan.sources import Found, find, is_url


def listed(paths: Iterable[str], *, recursive: bool, skip: Iterable[str] = ()) -> Iterator[Item]:
    """Every file of the paths, local ones first, then those at URLs; each once.

    Args:
        paths: gone through twice. A URL ``s3://BUCKET/PREFIX/`` is a folder, any other one file.
        recursive: go into folders of folders.
        skip: local paths that are never found.

    Raises:
        ClusterError: a URL of a kind that is not read, or a bucket that cannot be listed now.
        MissingExtra: there is nothing to list it with.
    """
    local = (path for path in paths if not is_url(path))
    remote = (path for path in paths if is_url(path))
    here = map(_Here(), find(local, recursive=recursive, skip=skip))
    return chain(here, _once(chain.from_iterable(_at(url, recursive) for url in remote)))


def refuse_out_inside(out: str, paths: Iterable[str], *, recursive: bool) -> None:
    """
    Raises:
        ClusterError: the scan would find what it writes.
    """
    url = is_url(out)
    inside = _folder(out, url)
    for path in paths:
        if is_url(path) != url or not (_is_folder(path) if url else os.path.isdir(path)):
            continue
        folder = _folder(path, url)
        if inside == folder or (recursive and inside.startswith(folder)):
            raise ClusterError(f"--out {out} is inside of {path}, which is scanned; name another")


def _folder(path: str, url: bool) -> str:
    return f"{path.rstrip('/')}/" if url else os.path.join(os.path.realpath(path), "")


class _Here:
    """From what was found on this machine to items."""

    def __init__(self) -> None:
        self._folders = Folders()

    def __call__(self, found: Found) -> Item:
        place, problem = os.fsdecode(self._folders.absolute(found.path)), _told(found.problem)
        try:
            status = os.stat(found.path)
        except (OSError, ValueError):  # reading it will say why
            return Item(found.path, place, problem=problem)
        settled = is_settled(status.st_mtime_ns)
        return Item(found.path, place, status.st_size, status.st_mtime_ns, settled, problem=problem)


def _told(problem: PictureError | None) -> tuple[str, str] | None:
    return None if problem is None else (type(problem).__name__, str(problem))


def _once(items: Iterable[Item]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items:
        if item.place not in seen:
            seen.add(item.place)
            yield item


def _at(url: str, recursive: bool) -> Iterator[Item]:
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise ClusterError(f"{url}: only URLs of {', '.join(SCHEMES)} are read")
    if scheme == "s3" and _is_folder(url):
        try:
            yield from _s3_folder(s3(), url.rstrip("/"), recursive)
        except PictureError as problem:
            yield Item(url, url, problem=_told(problem))
    else:
        yield _item(url)


def _is_folder(url: str) -> bool:
    return url.lower().startswith("s3://") and (url.endswith("/") or url.count("/") == 2)


def _s3_folder(files: Any, url: str, recursive: bool) -> Iterator[Item]:
    try:
        with s3_told(url):
            entries = files.ls(url, detail=True)
    except UnreadableFile as problem:  # a plan of half a bucket is worse than none
        raise ClusterError(f"{url} cannot be listed now: {problem}; try again") from problem
    for entry in sorted(entries, key=lambda entry: entry["name"].encode()):
        place = f"s3://{entry['name']}"
        name = place.removeprefix(f"{url}/")
        # Consoles mark a folder by an empty object of its own name.
        if name.startswith(".") or name.rstrip("/") == "" or place == url:
            continue
        if entry["type"] != "directory":
            yield _item(place, entry["size"], entry.get("ETag"))
        elif recursive:
            yield from _s3_folder(files, place.rstrip("/"), recursive)


def _item(url: str, size: int | None = None, etag: str | None = None) -> Item:
    problem = None
    # In S3's keys a question mark is a letter like others.
    path = url if url.lower().startswith("s3://") else re.split(r"[?#]", url)[0]
    if is_archive(path):
        problem = BrokenArchive("an archive at a URL is not gone through; scan a copy on a disk")
    return Item(url, url, size, etag=etag, problem=_told(problem))
