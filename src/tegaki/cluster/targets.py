"""Where a cluster scan writes: a folder that every machine reaches, or a prefix in S3."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tegaki.errors import OutputError
from tegaki.sources.remote import s3
from tegaki.sources.walk import is_url


class Target(Protocol):
    """Named files, each of which is there whole or not at all. Can be pickled.

    Methods raise :class:`OutputError`.
    """

    @property
    def where(self) -> str:
        """Path or URL, without a slash at its end."""

    def get(self, name: str) -> bytes | None:
        """A file's bytes; ``None`` where there is none."""

    def put(self, name: str, data: bytes) -> bool:
        """Write a file unless one is there; whether it was written."""

    def has(self, name: str) -> bool:
        """Whether a file is there."""

    def names(self) -> set[str]:
        """Of all that is there, but for what is hidden or in folders."""


def open_target(where: str) -> Target:
    """The target at a path or an ``s3://`` URL.

    Raises:
        OutputError: it is a file, or a URL of another kind.
        MissingExtra: there is nothing to write it with.
    """
    if where.lower().startswith("s3://"):
        s3()
        return Bucket(where.rstrip("/"))
    if is_url(where):
        raise OutputError(f"{where}: a cluster scan writes into a folder or below s3://")
    folder = os.path.abspath(where)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise OutputError(f"{where} is a file; a cluster scan writes into a folder")
    return Folder(folder)


@contextmanager
def _translate_errors(where: str) -> Iterator[None]:
    try:
        yield
    except OutputError:
        raise
    except Exception as problem:  # S3's have no common base
        said = getattr(problem, "strerror", None) or problem
        raise OutputError(f"{where} cannot be written or read: {said}") from problem


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; made with the first file."""

    where: str

    def get(self, name: str) -> bytes | None:
        with _translate_errors(self.where):
            try:
                return Path(self.where, name).read_bytes()
            except FileNotFoundError:
                return None

    def put(self, name: str, data: bytes) -> bool:
        path = Path(self.where, name)
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        with _translate_errors(self.where):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("xb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())  # else the name may outlive a crash, and not the data
                return _moved(partial, path)
            finally:
                partial.unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        return os.path.exists(os.path.join(self.where, name))

    def names(self) -> set[str]:
        with _translate_errors(self.where):
            try:
                there = (file_stat.name for file_stat in os.scandir(self.where))
                # What a killed process was writing is hidden.
                return {name for name in there if not name.startswith(".")}
            except FileNotFoundError:
                return set()


def _moved(partial: Path, path: Path) -> bool:
    """Give a file its name unless that is taken; whether it was given."""
    try:
        os.link(partial, path)
    except OSError:  # it is taken; or the file system has no hard links
        if path.exists():
            return False
        os.replace(partial, path)
    return True


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix in S3; an object is put whole or not at all."""

    where: str

    def get(self, name: str) -> bytes | None:
        with _translate_errors(self.where):
            try:
                data: bytes = self._files.cat_file(f"{self.where}/{name}")
            except FileNotFoundError:
                return None
            return data

    def put(self, name: str, data: bytes) -> bool:
        with _translate_errors(self.where):
            try:
                self._files.pipe_file(f"{self.where}/{name}", data, mode="create")
            except OSError:  # it is there; or the server knows no such condition
                if self.has(name):
                    return False
                self._files.pipe_file(f"{self.where}/{name}", data)
            return True

    def has(self, name: str) -> bool:
        with _translate_errors(self.where):
            there: bool = self._files.exists(f"{self.where}/{name}")
            return there

    def names(self) -> set[str]:
        with _translate_errors(self.where):
            try:
                paths = self._files.ls(self.where, detail=False)
            except FileNotFoundError:
                return set()
            return {path.rpartition("/")[2] for path in paths}

    @property
    def _files(self) -> Any:
        return s3()
