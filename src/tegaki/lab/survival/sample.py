"""A file with one mark, and how the mark is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Reading = tuple[str, str] | None
"""Tool and kind of the claim that a mark makes; ``None``: it makes none."""
Reader = Callable[[bytes], tuple[Reading, int]]
"""Reads a file: what its mark claims, and how strongly (the greater the stronger, 0 for none)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A file with one mark.

    ``mark``: its name. ``format``: ``PNG``, ``JPEG`` or ``GIF``. ``read``: what a file says through
    the reader of this mark.
    """

    mark: str
    format: str
    data: bytes
    read: Reader
