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
from tegaki.results.result import Measurement, Result, Verdict
from tegaki.results.scoring_config import ScoringContext
from tegaki.store.connections import read_transaction, write_transaction
from tegaki.store.records import FileRecord, display_path
from tegaki.store.schema import deliveries, files
from tegaki.store.store import BATCH_SIZE, Scan, Store, batches
from tegaki.verdict import result_of

Channel = Literal["run", "webhook"]


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Which verdicts are told, and how.

    Attributes:
        each: what is told once for each verdict: a content at each path where it stands, or a
            content wherever it stands. Of a file that cannot be read it is always the path.
    """

    verdicts: frozenset[Verdict] = frozenset()
    channels: tuple[Channel, ...] = ()
    each: Literal["path", "content"] = "path"


@dataclass(frozen=True, slots=True)
class Delivery:
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


class OutboxScan(Scan):
    """A scan that collects what is news in ``news``, and owes its delivery in the same commit:
    after it, whatever ends the process, a record is there and what is owed for it.

    News are files whose content, or whose reason not to be read, was another one before, or was
    not measured by this model. A file that was touched, or is read again, is none. One that
    vanished before it was read is not kept: nothing can be said of it.
    """

    def __init__(
        self, scan: Scan, context: ScoringContext, delivery_policy: DeliveryPolicy
    ) -> None:
        super().__init__(scan.store, scan.scorer, scan.number)
        self.new_results: list[Result] = []
        self._context, self._delivery_policy = context, delivery_policy

    def put(
        self,
        records: Sequence[FileRecord],
        seen: Sequence[bytes] = (),
        finished: Sequence[bytes] = (),
    ) -> None:
        there = [record for record in records if not _has_vanished(record)]
        with write_transaction(self.store.engine) as connection:
            fresh = _changed_records(connection, there)
            rows = [
                (raw, result_of(display_path(raw), measurement, self._context))
                for raw, measurement in fresh
            ]
            self.write(connection, there, seen, finished)
            self._enqueue(connection, rows)
        self.new_results += [row for _, row in rows]

    def _enqueue(self, connection: Connection, rows: Iterable[tuple[bytes, Result]]) -> None:
        pending = [
            {
                "id": self._id(channel, raw, row), "channel": channel, "raw": raw,
                "verdict": row.verdict, "body": row.to_json(), "state": "owed", "attempts": 0,
                "due_ns": time.time_ns(),
            }
            for raw, row in rows if row.verdict in self._delivery_policy.verdicts
            for channel in self._delivery_policy.channels
        ]  # fmt: skip
        if pending:
            connection.execute(self.store.insert(deliveries).on_conflict_do_nothing(), pending)

    def _id(self, channel: Channel, raw: bytes, row: Result) -> str:
        """The same for the same channel, path if that counts, content and verdict, in any store:
        receivers can drop what they have already."""
        what = row.sha256 or (row.error.type if row.error else "")
        where = b"" if self._delivery_policy.each == "content" and row.sha256 else raw
        key = b"\0".join((channel.encode(), where, what.encode(), row.verdict.encode()))
        return hashlib.sha256(key).hexdigest()[:32]


class Outbox:
    """What a store owes to others. Safe from several threads and processes: who takes a letter
    has it alone until the time that was said, and if nothing was heard of it then, it is owed
    again."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine

    def take(self, channel: Channel, until_ns: int, but: Sequence[str] = ()) -> Delivery | None:
        """The letter that is due for longest, if any, for this process alone until a time.

        Args:
            but: letters to leave, whatever their time: they are in hand.
        """
        which = and_(
            deliveries.c.state == "owed", deliveries.c.channel == channel,
            deliveries.c.due_ns <= time.time_ns(), deliveries.c.id.not_in(but),
        )  # fmt: skip
        row = deliveries.c
        statement = select(row.id, row.raw, row.body, row.attempts, row.due_ns).where(which)
        with read_transaction(self._engine) as connection:
            found = connection.execute(statement.order_by(row.due_ns, row.id).limit(1)).first()
        if found is None:
            return None
        *delivery, due_ns = found
        mine = and_(row.id == found.id, row.state == "owed", row.due_ns == due_ns)
        with write_transaction(self._engine) as connection:
            done = connection.execute(deliveries.update().where(mine).values(due_ns=until_ns))
        return Delivery(*delivery) if done.rowcount == 1 else self.take(channel, until_ns, but)

    def done(self, delivery: Delivery) -> None:
        """It was told; that it was is kept for ever, so that it is not told again."""
        self._set(delivery, state="done", body=None, said=None)

    def failed(self, delivery: Delivery, said: str, again_ns: int | None) -> None:
        """It could not be told: it is due again at a time, or given up."""
        dead = again_ns is None
        self._set(
            delivery, state="dead" if dead else "owed", said=said, attempts=delivery.attempts + 1,
            due_ns=time.time_ns() if dead else again_ns,
        )  # fmt: skip

    def give_back(self, delivery: Delivery) -> None:
        """It was not tried to its end: it is due at once, as if it had not been taken."""
        self._set(delivery, due_ns=time.time_ns())

    def due(self, channels: Sequence[Channel]) -> int:
        """How many are due by now."""
        which = and_(deliveries.c.channel.in_(channels), deliveries.c.due_ns <= time.time_ns())
        with read_transaction(self._engine) as connection:
            statement = select(func.count()).where(deliveries.c.state == "owed", which)
            return int(connection.execute(statement).scalar_one())

    def count(self) -> dict[str, int]:
        """How many are owed, whenever they are due, and how many dead."""
        state = deliveries.c.state
        statement = select(state, func.count()).where(state.in_(("owed", "dead"))).group_by(state)
        with read_transaction(self._engine) as connection:
            found = {name: int(number) for name, number in connection.execute(statement)}
        return {"owed": 0, "dead": 0} | found

    def dead(self) -> list[DeadLetter]:
        """Those that were given up, the oldest first."""
        row = deliveries.c
        statement = select(
            row.id, row.channel, row.raw, row.verdict, row.attempts, row.due_ns, row.said
        )
        statement = statement.where(row.state == "dead").order_by(row.due_ns, row.id)
        with read_transaction(self._engine) as connection:
            return [
                DeadLetter(
                    found.id, found.channel, found.raw, found.verdict, found.attempts,
                    found.due_ns / 1e9, found.said or "",
                )
                for found in connection.execute(statement)
            ]  # fmt: skip

    def retry_dead(self) -> int:
        """Owe them again, as if nothing had been tried; how many they are."""
        again = deliveries.update().where(deliveries.c.state == "dead")
        again = again.values(state="owed", attempts=0, due_ns=time.time_ns())
        with write_transaction(self._engine) as connection:
            return int(connection.execute(again).rowcount)

    def _set(self, delivery: Delivery, **values: object) -> None:
        which = and_(deliveries.c.id == delivery.id, deliveries.c.state == "owed")
        with write_transaction(self._engine) as connection:
            connection.execute(deliveries.update().where(which).values(**values))


def _has_vanished(record: FileRecord) -> bool:
    error = record.measurement.error if record.measurement else None
    missing = error is not None and error.type == FileNotFound.__name__
    return missing and not os.path.lexists(record.file_stat.raw)


def _changed_records(
    connection: Connection, records: Sequence[FileRecord]
) -> list[tuple[bytes, Measurement]]:
    """Those that the store did not know so; asked before they are written. An archive itself has
    no facts, and is none."""
    before = {}
    for some in batches([record.file_stat.raw for record in records], BATCH_SIZE):
        statement = select(files.c.raw, files.c.sha256, files.c.error).where(files.c.raw.in_(some))
        for raw, sha256, error in connection.execute(statement):
            before[raw] = (None if sha256 is None else sha256.hex(), error)
    return [
        (record.file_stat.raw, record.measurement)
        for record in records
        if record.measurement
        and (record.new or before.get(record.file_stat.raw) != _state(record.measurement))
    ]


def _state(measurement: Measurement) -> tuple[str | None, str | None]:
    return (
        measurement.sha256,
        measurement.error.type if measurement.sha256 is None and measurement.error else None,
    )
