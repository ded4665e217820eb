"""Members that are read once more, by the paths of their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator

from tegaki.errors import FileNotFound
from tegaki.imaging import read_file
from tegaki.sources.archives.kinds import is_archive, members
from tegaki.sources.archives.member import SEPARATOR, Member

_REMEMBERED = 100_000  # members that were passed over


class MemberReader:
    """Reads files, and members of one archive after the other.

    An archive is gone through once, forwards; members of zip and plain tar archives can be asked
    for in any order, others in the archive's.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._archive = ""
        self._ahead: Iterator[Member] = iter(())
        self._passed: dict[bytes, Member] = {}

    def read(self, path: str) -> bytes:
        """All bytes of a file or member.

        Raises:
            PictureError: it cannot be read, or not any more.
        """
        archive, name = _parted(path)
        if name is None:
            return read_file(path, self._max_bytes)
        if archive != self._archive:
            self._archive, self._passed = archive, {}
            self._ahead = members(archive, self._max_bytes)
        return self._member(name).read()

    def _member(self, name: bytes) -> Member:
        if name in self._passed:
            return self._passed[name]
        for member in self._ahead:
            if not member.buffered and len(self._passed) < _REMEMBERED:
                self._passed[member.name] = member
            if member.name == name:
                return member
        raise FileNotFound("no longer in the archive, or passed already")


def _parted(path: str) -> tuple[str, bytes | None]:
    """An archive's path and a member's name; no name if it is a path of a file."""
    at = -1 if os.path.lexists(path) else path.find(SEPARATOR)
    while at >= 0:
        if is_archive(path[:at]) and os.path.isfile(path[:at]):
            return path[:at], os.fsencode(path[at + len(SEPARATOR) :])
        at = path.find(SEPARATOR, at + 1)
    return path, None
