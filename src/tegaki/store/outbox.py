"""What is to be told to others: owed in the commit that keeps the record, until it is told."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, and_, func, select

from tegaki.errors import FileNotFound
from tegaki.results.result import Facts, Row, Verdict
from tegaki.results.scoring_config import Basis
from tegaki.store.connections import reading, writing
from tegaki.store.records import Record, shown
from tegaki.store.schema import deliveries, files
from tegaki.store.store import AT_ONCE, Scan, Store, batches
from tegaki.verdict import row_of

Channel = Literal["run", "webhook"]


@dataclass(frozen=True, slots=True)
class Telling:
    """Which verdicts are told, and how.

    Attributes:
        each: what is told once for each verdict: a content at each path where it stands, or a
            content wherever it stands. Of a file that cannot be read it is always the path.
    """

    verdicts: frozenset[Verdict] = frozenset()
    channels: tuple[Channel, ...] = ()
    each: Literal["path", "content"] = "path"


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that is taken in hand. ``attempts``: those that failed before."""

    id: str
    raw: bytes
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up, and why. ``died``: seconds since 1970."""

    id: str
    channel: Channel
    raw: bytes
    verdict: Verdict
    attempts: int
    died: float
    said: str


class NewsScan(Scan):
    """A scan that collects what is news in ``news``, and owes its delivery in the same commit:
    after it, whatever ends the process, a record is there and what is owed for it.

    News are files whose content, or whose reason not to be read, was another one before, or was
    not measured by this model. A file that was touched, or is read again, is none. One that
    vanished before it was read is not kept: nothing can be said of it.
    """

    def __init__(self, scan: Scan, basis: Basis, telling: Telling) -> None:
        super().__init__(scan.store, scan.scorer, scan.number)
        self.news: list[Row] = []
        self._basis, self._telling = basis, telling

    def put(
        self,
        records: Sequence[Record],
        seen: Sequence[bytes] = (),
        finished: Sequence[bytes] = (),
    ) -> None:
        there = [record for record in records if not _has_vanished(record)]
        with writing(self.store.engine) as connection:
            fresh = _news(connection, there)
            rows = [(raw, row_of(shown(raw), facts, self._basis)) for raw, facts in fresh]
            self.write(connection, there, seen, finished)
            self._owe(connection, rows)
        self.news += [row for _, row in rows]

    def _owe(self, connection: Connection, rows: Iterable[tuple[bytes, Row]]) -> None:
        owed = [
            {
                "id": self._id(channel, raw, row), "channel": channel, "raw": raw,
                "verdict": row.verdict, "body": row.to_json(), "state": "owed", "attempts": 0,
                "due_ns": time.time_ns(),
            }
            for raw, row in rows if row.verdict in self._telling.verdicts
            for channel in self._telling.channels
        ]  # fmt: skip
        if owed:
            connection.execute(self.store.insert(deliveries).on_conflict_do_nothing(), owed)

    def _id(self, channel: Channel, raw: bytes, row: Row) -> str:
        """The same for the same channel, path if that counts, content and verdict, in any store:
        receivers can drop what they have already."""
        what = row.sha256 or (row.error.type if row.error else "")
        where = b"" if self._telling.each == "content" and row.sha256 else raw
        told = b"\0".join((channel.encode(), where, what.encode(), row.verdict.encode()))
        return hashlib.sha256(told).hexdigest()[:32]


class Deliveries:
    """What a store owes to others. Safe from several threads and processes: who takes a letter
    has it alone until the time that was said, and if nothing was heard of it then, it is owed
    again."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine

    def take(self, channel: Channel, until_ns: int, but: Sequence[str] = ()) -> Letter | None:
        """The letter that is due for longest, if any, for this process alone until a time.

        Args:
            but: letters to leave, whatever their time: they are in hand.
        """
        which = and_(
            deliveries.c.state == "owed", deliveries.c.channel == channel,
            deliveries.c.due_ns <= time.time_ns(), deliveries.c.id.not_in(but),
        )  # fmt: skip
        row = deliveries.c
        asked = select(row.id, row.raw, row.body, row.attempts, row.due_ns).where(which)
        with reading(self._engine) as connection:
            found = connection.execute(asked.order_by(row.due_ns, row.id).limit(1)).first()
        if found is None:
            return None
        *letter, due_ns = found
        mine = and_(row.id == found.id, row.state == "owed", row.due_ns == due_ns)
        with writing(self._engine) as connection:
            done = connection.execute(deliveries.update().where(mine).values(due_ns=until_ns))
        return Letter(*letter) if done.rowcount == 1 else self.take(channel, until_ns, but)

    def done(self, letter: Letter) -> None:
        """It was told; that it was is kept for ever, so that it is not told again."""
        self._set(letter, state="done", body=None, said=None)

    def failed(self, letter: Letter, said: str, again_ns: int | None) -> None:
        """It could not be told: it is due again at a time, or given up."""
        dead = again_ns is None
        self._set(
            letter, state="dead" if dead else "owed", said=said, attempts=letter.attempts + 1,
            due_ns=time.time_ns() if dead else again_ns,
        )  # fmt: skip

    def give_back(self, letter: Letter) -> None:
        """It was not tried to its end: it is due at once, as if it had not been taken."""
        self._set(letter, due_ns=time.time_ns())

    def due(self, channels: Sequence[Channel]) -> int:
        """How many are due by now."""
        which = and_(deliveries.c.channel.in_(channels), deliveries.c.due_ns <= time.time_ns())
        with reading(self._engine) as connection:
            asked = select(func.count()).where(deliveries.c.state == "owed", which)
            return int(connection.execute(asked).scalar_one())

    def count(self) -> dict[str, int]:
        """How many are owed, whenever they are due, and how many dead."""
        state = deliveries.c.state
        asked = select(state, func.count()).where(state.in_(("owed", "dead"))).group_by(state)
        with reading(self._engine) as connection:
            found = {name: int(number) for name, number in connection.execute(asked)}
        return {"owed": 0, "dead": 0} | found

    def dead(self) -> list[DeadLetter]:
        """Those that were given up, the oldest first."""
        row = deliveries.c
        asked = select(
            row.id, row.channel, row.raw, row.verdict, row.attempts, row.due_ns, row.said
        )
        asked = asked.where(row.state == "dead").order_by(row.due_ns, row.id)
        with reading(self._engine) as connection:
            return [
                DeadLetter(
                    found.id, found.channel, found.raw, found.verdict, found.attempts,
                    found.due_ns / 1e9, found.said or "",
                )
                for found in connection.execute(asked)
            ]  # fmt: skip

    def retry_dead(self) -> int:
        """Owe them again, as if nothing had been tried; how many they are."""
        again = deliveries.update().where(deliveries.c.state == "dead")
        again = again.values(state="owed", attempts=0, due_ns=time.time_ns())
        with writing(self._engine) as connection:
            return int(connection.execute(again).rowcount)

    def _set(self, letter: Letter, **values: object) -> None:
        which = and_(deliveries.c.id == letter.id, deliveries.c.state == "owed")
        with writing(self._engine) as connection:
            connection.execute(deliveries.update().where(which).values(**values))


def _has_vanished(record: Record) -> bool:
    error = record.facts.error if record.facts else None
    missing = error is not None and error.type == FileNotFound.__name__
    return missing and not os.path.lexists(record.entry.raw)


def _news(connection: Connection, records: Sequence[Record]) -> list[tuple[bytes, Facts]]:
    """Those that the store did not know so; asked before they are written. An archive itself has
    no facts, and is none."""
    before = {}
    for some in batches([record.entry.raw for record in records], AT_ONCE):
        asked = select(files.c.raw, files.c.sha256, files.c.error).where(files.c.raw.in_(some))
        for raw, sha256, error in connection.execute(asked):
            before[raw] = (None if sha256 is None else sha256.hex(), error)
    return [
        (record.entry.raw, record.facts)
        for record in records
        if record.facts and (record.new or before.get(record.entry.raw) != _state(record.facts))
    ]


def _state(facts: Facts) -> tuple[str | None, str | None]:
    return facts.sha256, facts.error.type if facts.sha256 is None and facts.error else None
