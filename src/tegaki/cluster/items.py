"""A file that a cluster scan looks at, wherever it stands; as plain text in the plan."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

from tegaki import errors
from tegaki.sources.file_stat import FileStat
from tegaki.sources.remote import fetch
from tegaki.sources.walk import SourceFile, is_url


@dataclass(frozen=True, slots=True)
class RemoteFile(SourceFile):
    """A file at a URL."""

    size: int | None = None

    @property
    def bytes_to_read(self) -> int:
        return self.size or 0

    def read(self, max_bytes: int) -> bytes:
        if self.problem:
            raise self.problem
        return fetch(self.path, self.size, max_bytes)


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A file or archive of the plan.

    Attributes:
        path: as rows show it. place: absolute path or URL, that any machine reads it by.
        size, mtime_ns, etag: as listed; what the system does not tell is ``None``.
        settled: it had not been changed for a moment when it was listed.
        problem: type and message of a :class:`PictureError` that listing it met.
        named: it was asked for by its own name, not by its folder's.
    """

    path: str
    place: str
    size: int | None = None
    mtime_ns: int | None = None
    settled: bool = False
    etag: str | None = None
    problem: tuple[str, str] | None = None
    named: bool = False

    @classmethod
    def from_line(cls, line: str) -> PlanItem:
        """Read a line of :meth:`to_line`."""
        plain = json.loads(line)
        if plain["problem"] is not None:
            plain["problem"] = tuple(plain["problem"])
        return cls(**plain)

    def to_line(self) -> str:
        """One line of ASCII, with its end; names of any bytes survive it."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"

    @property
    def identity(self) -> bytes:
        """What tells whether it is the same input as another time."""
        said = [self.path, self.place, self.size, self.mtime_ns, self.etag, self.problem]
        return json.dumps(said).encode() + b"\n"

    def found(self) -> SourceFile:
        """It, ready to be read."""
        problem = None
        if self.problem is not None:
            problem = getattr(errors, self.problem[0])(self.problem[1])
        if is_url(self.place):
            return RemoteFile(self.place, problem, size=self.size)
        return SourceFile(self.place, problem, named=self.named)

    def file_stat(self) -> FileStat:
        """As the store keeps it."""
        mtime_ns = self.mtime_ns if self.settled else None
        return FileStat(os.fsencode(self.place), self.size, mtime_ns)
