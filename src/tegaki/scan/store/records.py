"""What goes into the store and comes out of it, as plain data."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from tegaki.claim import Claim, Place
from tegaki.errors import StoreError
from tegaki.row import Facts, RowError, ViewScore
from tegaki.scan.archives import SEPARATOR

NUL = b"\0"
"""Between an archive's path and a member's name in ``raw``: no path of a file has one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the system lists it. ``raw``: the absolute path's bytes.

    A member of an archive has the archive's size and time; its ``raw`` is the archive's, a NUL
    and the member's name.

    ``mtime_ns`` is ``None`` where it says nothing: a file that was changed a moment ago can be
    changed again within one tick of the clock.
    """

    raw: bytes
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a path. ``scored``: its content, by the model that is asked for.
    ``gone``: it was found to be no longer there."""

    size: int | None
    mtime_ns: int | None
    sha256: bytes
    scored: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One file that was looked at. ``new``: these facts are not in the store yet.

    Facts without a ``sha256`` are of a file that could not be read: it is looked at again the
    next time, whatever its size and time say. Without facts it is an archive, all of whose members
    are kept.
    """

    entry: Entry
    facts: Facts | None
    new: bool


def shown(raw: bytes) -> str:
    """The path of a file or member, as rows have it."""
    return os.fsdecode(raw.replace(NUL, SEPARATOR.encode(), 1))


def pack(facts: Facts) -> str:
    """Facts as JSON text, but for the hash, which is their key."""
    plain = asdict(facts) | {"claims": [claim.to_dict() for claim in facts.claims]}
    del plain["sha256"]
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


def unpack(text: str, sha256: bytes | None) -> Facts:
    """What :func:`pack` was given.

    Raises:
        StoreError: the text is not its work.
    """
    try:
        plain = json.loads(text)
        error = plain.pop("error")
        return Facts(
            sha256=None if sha256 is None else sha256.hex(),
            views=tuple(ViewScore(**view) for view in plain.pop("views")),
            claims=tuple(map(_claim, plain.pop("claims"))),
            remarks=tuple(plain.pop("remarks")),
            error=None if error is None else RowError(**error),
            **plain,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StoreError(f"the store holds facts that cannot be read: {problem}") from problem


def _claim(plain: dict[str, Any]) -> Claim:
    place = Place(**plain.pop("place"))
    details = tuple(plain.pop("details").items())
    return Claim(**plain, place=place, details=details)
