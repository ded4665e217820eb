"""What a cluster scan looks at, in an order that is the same each time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from tegaki.cluster.items import PlanItem
from tegaki.errors import (
    BrokenArchive,
    ClusterError,
    FileNotFound,
    PictureError,
    UnreadableFile,
)
from tegaki.sources.archives import is_archive
from tegaki.sources.file_stat import PathResolver, is_mtime_reliable
from tegaki.sources.remote import SCHEMES, s3, translate_s3_errors
from tegaki.sources.selection import Selector
from tegaki.sources.walk import SourceFile, find, is_url


def list_items(
    paths: Iterable[str],
    *,
    recursive: bool,
    select: Selector | None = None,
) -> Iterator[PlanItem]:
    """Every file of the paths, each once: local ones first, then URLs of files, then S3's folders.

    Args:
        paths: gone through twice. A URL ``s3://BUCKET/PREFIX/`` is a folder, any other one file.
        recursive: go into folders of folders.
        select: which of the files are judged; all of them by default.

    Raises:
        ClusterError: a URL of a kind that is not read, or a bucket that cannot be listed now.
        MissingExtra: there is nothing to list it with.
    """
    local = (path for path in paths if not is_url(path))
    select = select or Selector()
    here = map(_LocalPaths(), select(find(local, recursive=recursive)))
    there = _list_urls(filter(is_url, paths), recursive)
    return chain(here, (item for item in there if select.accepts(item.place, named=item.named)))


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
            raise ClusterError(
                f"{out}, where results would go, is inside of {path}, which is scanned"
            )


def _folder(path: str, url: bool) -> str:
    return f"{path.rstrip('/')}/" if url else os.path.join(os.path.realpath(path), "")


class _LocalPaths:
    """From what was found on this machine to items."""

    def __init__(self) -> None:
        self._folders = PathResolver()

    def __call__(self, found: SourceFile) -> PlanItem:
        place, problem = (
            os.fsdecode(self._folders.absolute(found.path)),
            _translate_errors(found.problem),
        )
        try:
            status = os.stat(found.path)
        except (OSError, ValueError):  # reading it will say why
            return PlanItem(found.path, place, problem=problem, named=found.named)
        settled = is_mtime_reliable(status.st_mtime_ns)
        return PlanItem(
            found.path, place, status.st_size, status.st_mtime_ns, settled,
            problem=problem, named=found.named,
        )  # fmt: skip


def _translate_errors(problem: PictureError | None) -> tuple[str, str] | None:
    return None if problem is None else (type(problem).__name__, str(problem))


def _list_urls(urls: Iterable[str], recursive: bool) -> Iterator[PlanItem]:
    """What is at URLs. Those that are named are kept in memory; what a folder holds is not."""
    named: set[str] = set()
    folders: list[str] = []
    for url in urls:
        if _is_folder(url):
            folders.append(url)
        elif url not in named:
            named.add(url)
            yield _named(url)
    before: list[str] = []
    for folder in map(_normal, folders):
        for item in _s3_folder(folder, recursive):
            if item.place not in named and not _came(item.place, before, recursive):
                yield item
        before.append(folder)


def _named(url: str) -> PlanItem:
    if url.partition("://")[0].lower() not in SCHEMES:
        raise ClusterError(f"{url}: only URLs of {', '.join(SCHEMES)} are read")
    return replace(_item(url), named=True)


def _normal(folder: str) -> str:
    bucket, _, prefix = folder.partition("://")[2].partition("/")
    return f"s3://{bucket}/{prefix}"


def _came(place: str, folders: list[str], recursive: bool) -> bool:
    """Whether one of the folders held an object, or the trouble of another."""
    inside = (f"/{place[len(folder) :]}" for folder in folders if place.startswith(folder))
    return any("/." not in name and (recursive or "/" not in name[1:]) for name in inside)


def _is_folder(url: str) -> bool:
    return url.lower().startswith("s3://") and (url.endswith("/") or url.count("/") == 2)


def _s3_folder(url: str, recursive: bool) -> Iterator[PlanItem]:
    """Its objects as S3 lists them, by the bytes of their keys; a page is held at a time."""
    bucket, _, folder = url.partition("://")[2].partition("/")
    asked = {"Bucket": bucket, "Prefix": folder} | ({} if recursive else {"Delimiter": "/"})
    try:
        for page in _pages(s3(), url, asked):
            for file_stat in page.get("Contents", ()):
                name = "/" + file_stat["Key"].removeprefix(folder)
                # Consoles mark a folder by an empty object whose name ends so.
                if "/." not in name and not name.endswith("/"):
                    place = f"s3://{bucket}/{file_stat['Key']}"
                    yield _item(place, file_stat["Size"], file_stat.get("ETag"))
    except PictureError as problem:
        yield PlanItem(url, url, problem=_translate_errors(problem), named=True)


def _pages(files: Any, url: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        try:
            with translate_s3_errors(url):
                page = files.call_s3("list_objects_v2", **asked)
        except UnreadableFile as problem:  # a plan of half a bucket is worse than none
            raise ClusterError(f"{url} cannot be listed now: {problem}; try again") from problem
        if token is None and not page.get("Contents") and not page.get("CommonPrefixes"):
            raise FileNotFound("no object's name begins so")
        yield page
        token = page.get("NextContinuationToken")
        if not token:
            return
        asked["ContinuationToken"] = token


def _item(url: str, size: int | None = None, etag: str | None = None) -> PlanItem:
    problem = None
    # In S3's keys a question mark is a letter like others.
    path = url if url.lower().startswith("s3://") else re.split(r"[?#]", url)[0]
    if is_archive(path):
        problem = BrokenArchive("an archive at a URL is not gone through; scan a copy on a disk")
    return PlanItem(url, url, size, etag=etag, problem=_translate_errors(problem))
