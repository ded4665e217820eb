"""Boxes of ISO-BMFF (ISO/IEC 14496-12, section 4.2), and the numbers in them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from tegaki.formats.limits import too_many


class Box(NamedTuple):
    """A box: its type, and where it, its content and what follows it begin."""

    kind: bytes
    start: int
    body: int
    end: int


class Cut(Exception):
    """A box ends before what it announces, or asks for what is not read."""


class Boxes:
    """Reads boxes until a number of parts is reached. What is odd is noted, and nothing raises.

    Args:
        most: boxes and, by :meth:`count`, other parts.
    """

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = data, most
        self._parts = 0
        self.damage: list[str] = []

    @property
    def complete(self) -> bool:
        """Whether the limit was not reached."""
        return self._parts <= self._most

    def count(self) -> bool:
        """Count a part; False when the limit is passed."""
        self._parts += 1
        if self._parts == self._most + 1:
            self.damage.append(too_many(self._most))
        return self.complete

    def within(self, at: int, end: int) -> Iterator[Box]:
        """The boxes from ``at`` to ``end``: size 1 is large, 0 is the rest."""
        data = self._data
        while at < end and self.count():
            size, kind, body = 0, b"", at + 8
            if body <= end:
                size, kind = struct.unpack_from(">I4s", data, at)
                if size == 1 and at + 16 <= end:
                    (size,) = struct.unpack_from(">Q", data, at + 8)
                    body = at + 16
                elif size == 0:
                    size = end - at
            if not body - at <= size <= end - at:
                self.damage.append(
                    f"No whole box stands at byte {at}; nothing was read from there on."
                )
                return
            yield Box(kind, at, body, at + size)
            at += size

    def cursor(self, box: Box) -> Cursor:
        """The numbers and texts of a box."""
        return Cursor(self._data, box.body, box.end)


class Cursor:
    """Big-endian numbers and texts of one box, in turn."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def number(self, size: int) -> int:
        """The next ``size`` bytes.

        Raises:
            Cut: the box has fewer.
        """
        start, self.at = self.at, self.at + size
        if self.at > self.end:
            raise Cut
        return int.from_bytes(self.data[start : self.at], "big")

    def text(self) -> bytes:
        """A text up to its NUL, or to the end of the box."""
        stop = self.data.find(0, self.at, self.end)
        start, self.at = self.at, self.end if stop < 0 else stop + 1
        return self.data[start : self.end if stop < 0 else stop]
