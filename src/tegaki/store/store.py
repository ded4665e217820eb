"""Reading and writing the store. One process writes at a time; reads go on beside it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, func, not_, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from tegaki.errors import StoreError
from tegaki.results.codec import pack
from tegaki.results.result import Measurement
from tegaki.results.scoring_config import ScoringContext, Thresholds, scoring_config_from_dict
from tegaki.sources.file_stat import NUL, FileStat
from tegaki.store.claims import claim_rows, index_stored_claims, put_claims
from tegaki.store.connections import WAIT, make_engine, read_transaction, write_transaction
from tegaki.store.records import FileRecord, StoredFile, display_path, unpack
from tegaki.store.schema import (
    CLAIMS_INDEXED,
    LACKS_SIDE_CARS,
    files,
    is_file,
    prepare,
    scorers,
    scores,
)
from tegaki.utils.text import readable
from tegaki.verdict import claim_effect

T = TypeVar("T")

BATCH_SIZE = 1000
"""Paths or hashes in one statement: as many as pay; SQLite takes 32,766."""


class Store:
    """A store that is open. Methods raise :class:`StoreError`.

    Reading is safe from several threads; what a scan writes is for one.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, where: str, *, must_exist: bool = False, wait: float = WAIT) -> Store:
        """Open a store, made or brought up to date where needed.

        Args:
            where: a file's path (SQLite), or a URL (``postgresql://user@host/database``).
            must_exist: a file that is not there is an error.
            wait: seconds that another process's write is waited for.
        """
        engine = make_engine(where, must_exist=must_exist, wait=wait)
        store = cls(engine)
        try:
            with write_transaction(engine) as connection:
                if prepare(connection) < CLAIMS_INDEXED:
                    index_stored_claims(connection, store.insert)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def begin_scan(self, context: ScoringContext, reader_version: str) -> Scan:
        """Begin a scan by a model and recipe. Facts are kept apart by these and ``reader_version``,
        which says how files are read; thresholds only take the place of earlier ones."""
        said = {"recipe": context.config.to_dict(), "thresholds": asdict(context.thresholds)}
        with write_transaction(self.engine) as connection:
            last = connection.execute(select(func.max(scorers.c.scan))).scalar_one() or 0
            row = {
                "recipe": context.config_hash,
                "reading": reader_version,
                "basis": json.dumps(said),
                "scan": last + 1,
            }
            put = self.insert(scorers).values(row)
            put = put.on_conflict_do_update(
                index_elements=["recipe", "reading"],
                set_={"basis": put.excluded.basis, "scan": put.excluded.scan},
            )
            connection.execute(put)
            which = and_(scorers.c.recipe == row["recipe"], scorers.c.reading == reader_version)
            scorer = int(connection.execute(select(scorers.c.id).where(which)).scalar_one())
        return Scan(self, scorer, last + 1)

    def contexts(self) -> dict[int, ScoringContext]:
        """Every model and recipe that scored, the one used last coming first."""
        with read_transaction(self.engine) as connection:
            rows = connection.execute(
                select(scorers.c.id, scorers.c.basis).order_by(scorers.c.scan.desc())
            ).all()
        return {number: _context(text) for number, text in rows}

    def insert(self, table: Table) -> Any:
        """An insert that can say what to do with a row that is there."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)


class Scan:
    """One scan's reading and writing.

    ``scorer``: the model and recipe that facts are asked of. ``lost``: members that archives no
    longer hold, so far.
    """

    def __init__(self, store: Store, scorer: int, number: int) -> None:
        self.store, self.scorer, self.number = store, scorer, number
        self.lost = 0
        self._stored_files = (
            select(
                files.c.raw, files.c.size, files.c.mtime_ns, files.c.sha256,
                scores.c.scorer.is_not(None), files.c.gone,
            )
            .outerjoin(
                scores,
                and_(scores.c.sha256 == files.c.sha256, scores.c.scorer == scorer),
            )
        )  # fmt: skip

    def stored(self, paths: Sequence[bytes]) -> dict[bytes, StoredFile]:
        """What is known of these paths; those that were never read are left out."""
        found = {}
        with read_transaction(self.store.engine) as connection:
            for some in batches(paths, BATCH_SIZE):
                statement = self._stored_files.where(
                    files.c.raw.in_(some), files.c.sha256.is_not(None)
                )
                for raw, *stored in connection.execute(statement):
                    found[raw] = StoredFile(*stored)
        return found

    def measurements(self, hashes: Iterable[bytes]) -> dict[bytes, Measurement]:
        """The facts of these contents, where this model has measured them."""
        found = {}
        with read_transaction(self.store.engine) as connection:
            for some in batches(list(hashes), BATCH_SIZE):
                statement = select(scores.c.sha256, scores.c.facts).where(
                    scores.c.scorer == self.scorer, scores.c.sha256.in_(some)
                )
                for sha256, text in connection.execute(statement):
                    found[sha256] = unpack(text, sha256)
        return found

    def holds(self, archive: FileStat, *, all_files: bool = True) -> bool:
        """Whether an archive was gone through as it is now, and this model has measured every
        member; without ``all_files`` side-cars may be lacking."""
        if archive.mtime_ns is None:
            return False
        changed = or_(
            files.c.size.is_distinct_from(archive.size),
            files.c.mtime_ns.is_distinct_from(archive.mtime_ns),
        )
        whole = select(files.c.raw).where(
            files.c.raw == archive.raw, not_(changed), files.c.gone.is_(False), not_(is_file)
        )
        if all_files:
            whole = whole.where(files.c.error.is_distinct_from(LACKS_SIDE_CARS))
        lacking = (
            select(files.c.raw)
            .outerjoin(
                scores, and_(scores.c.sha256 == files.c.sha256, scores.c.scorer == self.scorer)
            )
            .where(_is_member(archive.raw), files.c.gone.is_(False))
            .where(or_(changed, scores.c.scorer.is_(None)))
            .limit(1)
        )
        with read_transaction(self.store.engine) as connection:
            if connection.execute(whole).first() is None:
                return False
            return connection.execute(lacking).first() is None

    def members(self, archive: bytes) -> Iterator[Sequence[tuple[bytes, bytes]]]:
        """Path and hash of an archive's members, by their names, some at a time."""
        last = archive
        while True:
            statement = (
                select(files.c.raw, files.c.sha256)
                .where(_is_member(archive), files.c.raw > last, files.c.gone.is_(False))
                .order_by(files.c.raw)
                .limit(BATCH_SIZE)
            )
            with read_transaction(self.store.engine) as connection:
                some = [(raw, sha256) for raw, sha256 in connection.execute(statement)]
            if not some:
                return
            last = some[-1][0]
            yield some

    def put(
        self,
        records: Sequence[FileRecord],
        seen: Sequence[bytes] = (),
        finished: Sequence[bytes] = (),
    ) -> None:
        """Keep records, note that files which have not changed were seen, and that nothing more
        comes of the members of some archives: in one commit."""
        with write_transaction(self.store.engine) as connection:
            self.write(connection, records, seen, finished)

    def write(
        self,
        connection: Connection,
        records: Sequence[FileRecord],
        seen: Sequence[bytes],
        finished: Sequence[bytes],
    ) -> None:
        """What :meth:`put` does, in a transaction that is open."""
        measured = {
            r.measurement.sha256: _score(r.measurement, self.scorer)
            for r in records
            if r.measurement and r.new
        }
        measured.pop(None, None)
        if measured:
            put = self.store.insert(scores).on_conflict_do_nothing()
            connection.execute(put, list(measured.values()))
            new = (record.measurement for record in records if record.measurement and record.new)
            put_claims(connection, self.store.insert, claim_rows(new, self.scorer))
        if records:
            put = self.store.insert(files)
            names = ("path", "size", "mtime_ns", "sha256", "error", "facts", "scan", "gone")
            put = put.on_conflict_do_update(
                index_elements=["raw"], set_={n: getattr(put.excluded, n) for n in names}
            )
            connection.execute(put, [_file(record, self.number) for record in records])
        for some in batches(seen, BATCH_SIZE):
            connection.execute(
                files.update().where(files.c.raw.in_(some)).values(scan=self.number, gone=False)
            )
        for archive in finished:
            unseen = and_(_is_member(archive), files.c.scan < self.number, files.c.gone.is_(False))
            lost = connection.execute(files.update().where(unseen).values(gone=True))
            self.lost += lost.rowcount

    def mark_gone(self, folder: bytes) -> int:
        """Of the files below a folder that this scan has not seen, mark those that are no longer
        there, members of archives that are gone among them; how many they are."""
        return self._mark_gone(and_(_below(folder), files.c.scan < self.number))

    def mark_path_gone(self, path: bytes) -> int:
        """Likewise of a path, and of all files below it and in it, whenever they were seen."""
        return self._mark_gone(or_(files.c.raw == path, _below(path), _is_member(path)))

    def _mark_gone(self, which: ColumnElement[bool]) -> int:
        statement = select(files.c.raw, is_file).where(which, files.c.gone.is_(False))
        there = _PresenceCheck()
        with (
            read_transaction(self.store.engine) as connection,
            connection.execution_options(yield_per=BATCH_SIZE).execute(statement) as found,
        ):
            absent = [(raw, counts) for raw, counts in found if not there(raw)]
        gone = [raw for raw, _ in absent]
        if gone:
            with write_transaction(self.store.engine) as connection:
                for some in batches(gone, BATCH_SIZE):
                    of = files.update().where(files.c.raw.in_(some))
                    connection.execute(of.values(gone=True))
        return sum(counts for _, counts in absent)


def _is_member(archive: bytes) -> ColumnElement[bool]:
    return and_(files.c.raw >= archive + NUL, files.c.raw < archive + b"\1")


class _PresenceCheck:
    """Whether a file is still there, or the archive that a member is of; their members come one
    behind the other. What cannot be looked at, in a folder without permission or on a server that
    does not answer, has not gone."""

    def __init__(self) -> None:
        self._archive, self._exists = b"", False

    def __call__(self, raw: bytes) -> bool:
        archive, nul, _ = raw.partition(NUL)
        if not nul:
            return _exists(partial(os.lstat, raw))
        if archive != self._archive:
            self._archive = archive
            self._exists = _exists(partial(os.stat, archive), stat.S_ISREG)
        return self._exists


def _exists(
    look: Callable[[], os.stat_result], is_wanted: Callable[[int], bool] = lambda _: True
) -> bool:
    try:
        return is_wanted(look().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _below(folder: bytes) -> ColumnElement[bool]:
    inside = os.path.join(folder, b"")
    return and_(files.c.raw > inside, files.c.raw < inside[:-1] + bytes([inside[-1] + 1]))


def _context(text: str) -> ScoringContext:
    try:
        plain = json.loads(text)
        return ScoringContext(
            scoring_config_from_dict(plain["recipe"]), Thresholds(**plain["thresholds"])
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise StoreError(f"the store names a model that cannot be read: {problem}") from problem


def _score(measurement: Measurement, scorer: int) -> dict[str, Any]:
    logits = [view.logit for view in measurement.views]
    return {
        "sha256": bytes.fromhex(measurement.sha256 or ""),
        "scorer": scorer,
        "logit": sum(logits) / len(logits) if logits else None,
        "pull": claim_effect(measurement.claims, measurement.domain),
        "error": measurement.error.type if measurement.error else None,
        "facts": pack(measurement),
    }


def _lacks(record: FileRecord) -> str | None:
    return None if record.measurement or record.all_files else LACKS_SIDE_CARS


def _file(record: FileRecord, number: int) -> dict[str, Any]:
    file_stat, measurement = record.file_stat, record.measurement
    sha256 = measurement.sha256 if measurement else None
    unread = measurement if sha256 is None else None
    return {
        "raw": file_stat.raw,
        "path": readable(display_path(file_stat.raw))[0],
        "size": file_stat.size,
        "mtime_ns": file_stat.mtime_ns,
        "sha256": bytes.fromhex(sha256) if sha256 is not None else None,
        "error": unread.error.type if unread and unread.error else _lacks(record),
        "facts": pack(unread) if unread else None,
        "scan": number,
        "gone": False,
    }
