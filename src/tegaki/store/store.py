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
from tegaki.results.result import Facts
from tegaki.results.scoring_config import Basis, Thresholds, recipe_from_dict
from tegaki.sources.file_stat import NUL, Entry
from tegaki.store.claims import claim_rows, index_stored_claims, put_claims
from tegaki.store.connections import WAIT, make_engine, reading, writing
from tegaki.store.records import Known, Record, shown, unpack
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
from tegaki.verdict import pull_of

T = TypeVar("T")

AT_ONCE = 1000
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
            with writing(engine) as connection:
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

    def begin(self, basis: Basis, reading_hash: str) -> Scan:
        """Begin a scan by a model and recipe. Facts are kept apart by these and ``reading_hash``,
        which says how files are read; thresholds only take the place of earlier ones."""
        said = {"recipe": basis.recipe.to_dict(), "thresholds": asdict(basis.thresholds)}
        with writing(self.engine) as connection:
            last = connection.execute(select(func.max(scorers.c.scan))).scalar_one() or 0
            row = {
                "recipe": basis.recipe_hash,
                "reading": reading_hash,
                "basis": json.dumps(said),
                "scan": last + 1,
            }
            put = self.insert(scorers).values(row)
            put = put.on_conflict_do_update(
                index_elements=["recipe", "reading"],
                set_={"basis": put.excluded.basis, "scan": put.excluded.scan},
            )
            connection.execute(put)
            which = and_(scorers.c.recipe == row["recipe"], scorers.c.reading == reading_hash)
            scorer = int(connection.execute(select(scorers.c.id).where(which)).scalar_one())
        return Scan(self, scorer, last + 1)

    def bases(self) -> dict[int, Basis]:
        """Every model and recipe that scored, the one used last coming first."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(scorers.c.id, scorers.c.basis).order_by(scorers.c.scan.desc())
            ).all()
        return {number: _basis(text) for number, text in rows}

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
        self._known = (
            select(
                files.c.raw, files.c.size, files.c.mtime_ns, files.c.sha256,
                scores.c.scorer.is_not(None), files.c.gone,
            )
            .outerjoin(
                scores,
                and_(scores.c.sha256 == files.c.sha256, scores.c.scorer == scorer),
            )
        )  # fmt: skip

    def known(self, paths: Sequence[bytes]) -> dict[bytes, Known]:
        """What is known of these paths; those that were never read are left out."""
        found = {}
        with reading(self.store.engine) as connection:
            for some in batches(paths, AT_ONCE):
                asked = self._known.where(files.c.raw.in_(some), files.c.sha256.is_not(None))
                for raw, *known in connection.execute(asked):
                    found[raw] = Known(*known)
        return found

    def facts(self, hashes: Iterable[bytes]) -> dict[bytes, Facts]:
        """The facts of these contents, where this model has measured them."""
        found = {}
        with reading(self.store.engine) as connection:
            for some in batches(list(hashes), AT_ONCE):
                asked = select(scores.c.sha256, scores.c.facts).where(
                    scores.c.scorer == self.scorer, scores.c.sha256.in_(some)
                )
                for sha256, text in connection.execute(asked):
                    found[sha256] = unpack(text, sha256)
        return found

    def holds(self, archive: Entry, *, all_files: bool = True) -> bool:
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
        with reading(self.store.engine) as connection:
            if connection.execute(whole).first() is None:
                return False
            return connection.execute(lacking).first() is None

    def members(self, archive: bytes) -> Iterator[Sequence[tuple[bytes, bytes]]]:
        """Path and hash of an archive's members, by their names, some at a time."""
        last = archive
        while True:
            asked = (
                select(files.c.raw, files.c.sha256)
                .where(_is_member(archive), files.c.raw > last, files.c.gone.is_(False))
                .order_by(files.c.raw)
                .limit(AT_ONCE)
            )
            with reading(self.store.engine) as connection:
                some = [(raw, sha256) for raw, sha256 in connection.execute(asked)]
            if not some:
                return
            last = some[-1][0]
            yield some

    def put(
        self,
        records: Sequence[Record],
        seen: Sequence[bytes] = (),
        finished: Sequence[bytes] = (),
    ) -> None:
        """Keep records, note that files which have not changed were seen, and that nothing more
        comes of the members of some archives: in one commit."""
        with writing(self.store.engine) as connection:
            self.write(connection, records, seen, finished)

    def write(
        self,
        connection: Connection,
        records: Sequence[Record],
        seen: Sequence[bytes],
        finished: Sequence[bytes],
    ) -> None:
        """What :meth:`put` does, in a transaction that is open."""
        measured = {
            r.facts.sha256: _score(r.facts, self.scorer) for r in records if r.facts and r.new
        }
        measured.pop(None, None)
        if measured:
            put = self.store.insert(scores).on_conflict_do_nothing()
            connection.execute(put, list(measured.values()))
            new = (record.facts for record in records if record.facts and record.new)
            put_claims(connection, self.store.insert, claim_rows(new, self.scorer))
        if records:
            put = self.store.insert(files)
            names = ("path", "size", "mtime_ns", "sha256", "error", "facts", "scan", "gone")
            put = put.on_conflict_do_update(
                index_elements=["raw"], set_={n: getattr(put.excluded, n) for n in names}
            )
            connection.execute(put, [_file(record, self.number) for record in records])
        for some in batches(seen, AT_ONCE):
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
        asked = select(files.c.raw, is_file).where(which, files.c.gone.is_(False))
        there = _There()
        with (
            reading(self.store.engine) as connection,
            connection.execution_options(yield_per=AT_ONCE).execute(asked) as found,
        ):
            absent = [(raw, counts) for raw, counts in found if not there(raw)]
        gone = [raw for raw, _ in absent]
        if gone:
            with writing(self.store.engine) as connection:
                for some in batches(gone, AT_ONCE):
                    of = files.update().where(files.c.raw.in_(some))
                    connection.execute(of.values(gone=True))
        return sum(counts for _, counts in absent)


def _is_member(archive: bytes) -> ColumnElement[bool]:
    return and_(files.c.raw >= archive + NUL, files.c.raw < archive + b"\1")


class _There:
    """Whether a file is still there, or the archive that a member is of; their members come one
    behind the other. What cannot be looked at, in a folder without permission or on a server that
    does not answer, has not gone."""

    def __init__(self) -> None:
        self._archive, self._stands = b"", False

    def __call__(self, raw: bytes) -> bool:
        archive, nul, _ = raw.partition(NUL)
        if not nul:
            return _stands(partial(os.lstat, raw))
        if archive != self._archive:
            self._archive = archive
            self._stands = _stands(partial(os.stat, archive), stat.S_ISREG)
        return self._stands


def _stands(
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


def _basis(text: str) -> Basis:
    try:
        plain = json.loads(text)
        return Basis(recipe_from_dict(plain["recipe"]), Thresholds(**plain["thresholds"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise StoreError(f"the store names a model that cannot be read: {problem}") from problem


def _score(facts: Facts, scorer: int) -> dict[str, Any]:
    logits = [view.logit for view in facts.views]
    return {
        "sha256": bytes.fromhex(facts.sha256 or ""),
        "scorer": scorer,
        "logit": sum(logits) / len(logits) if logits else None,
        "pull": pull_of(facts.claims, facts.domain),
        "error": facts.error.type if facts.error else None,
        "facts": pack(facts),
    }


def _lacks(record: Record) -> str | None:
    return None if record.facts or record.all_files else LACKS_SIDE_CARS


def _file(record: Record, number: int) -> dict[str, Any]:
    entry, facts = record.entry, record.facts
    sha256 = facts.sha256 if facts else None
    unread = facts if sha256 is None else None
    return {
        "raw": entry.raw,
        "path": readable(shown(entry.raw))[0],
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "sha256": bytes.fromhex(sha256) if sha256 is not None else None,
        "error": unread.error.type if unread and unread.error else _lacks(record),
        "facts": pack(unread) if unread else None,
        "scan": number,
        "gone": False,
    }
