"""Reading and writing the store. One process writes at a time; reads go on beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from tegaki.errors import StoreError
from tegaki.recipe import Basis, Recipe, Thresholds
from tegaki.row import Facts
from tegaki.scan.store.engine import WAIT, make_engine, reading, writing
from tegaki.scan.store.records import Known, Record, pack, unpack
from tegaki.scan.store.schema import files, prepare, scorers, scores
from tegaki.text import readable
from tegaki.verdict import pull_of

T = TypeVar("T")

AT_ONCE = 1000
"""Paths or hashes in one statement: as many as pay; SQLite takes 32,766."""


class Store:
    """A store that is open. Methods raise :class:`StoreError`.

    Reading is safe from several threads; writing is for one.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, where: str, *, must_exist: bool = False, wait: float = WAIT) -> Store:
        """Open a store, made or brought up to date where needed.

        Args:
            where: a file's path (SQLite), or a URL (``postgresql://user@host/database``).
            must_exist: a file that is not there is an error.
            wait: seconds that another process's write to a file is waited for.
        """
        engine = make_engine(where, must_exist=must_exist, wait=wait)
        store = cls(engine)
        try:
            with writing(engine) as connection:
                prepare(connection)
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
            put = self._insert(scorers).values(row)
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

    def _insert(self, table: Table) -> Any:
        """An insert that can say what to do with a row that is there."""
        dialect = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)


class Scan:
    """One scan's reading and writing. ``scorer``: the model and recipe that facts are asked of."""

    def __init__(self, store: Store, scorer: int, number: int) -> None:
        self.store, self.scorer, self.number = store, scorer, number
        self._known = (
            select(
                files.c.raw, files.c.size, files.c.mtime_ns, files.c.sha256,
                scores.c.scorer.is_not(None),
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
                for raw, size, mtime_ns, sha256, scored in connection.execute(asked):
                    found[raw] = Known(size, mtime_ns, sha256, scored)
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

    def put(self, records: Sequence[Record], seen: Sequence[bytes] = ()) -> None:
        """Keep records, and note that files which have not changed were seen: in one commit."""
        with writing(self.store.engine) as connection:
            measured = {r.facts.sha256: _score(r, self.scorer) for r in records if r.new}
            measured.pop(None, None)
            if measured:
                put = self.store._insert(scores).on_conflict_do_nothing()
                connection.execute(put, list(measured.values()))
            if records:
                put = self.store._insert(files)
                names = ("path", "size", "mtime_ns", "sha256", "error", "facts", "scan", "gone")
                put = put.on_conflict_do_update(
                    index_elements=["raw"], set_={n: getattr(put.excluded, n) for n in names}
                )
                connection.execute(put, [_file(record, self.number) for record in records])
            for some in batches(seen, AT_ONCE):
                connection.execute(
                    files.update().where(files.c.raw.in_(some)).values(scan=self.number, gone=False)
                )

    def mark_gone(self, folder: bytes) -> int:
        """Of the files below a folder that this scan has not seen, mark those that are no longer
        there; how many they are."""
        inside = os.path.join(folder, b"")
        below = and_(
            files.c.raw > inside, files.c.raw < inside[:-1] + bytes([inside[-1] + 1]),
            files.c.scan < self.number, files.c.gone.is_(False),
        )  # fmt: skip
        with reading(self.store.engine) as connection:
            unseen = connection.execute(select(files.c.raw).where(below)).scalars().all()
        gone = [raw for raw in unseen if not os.path.lexists(raw)]
        with writing(self.store.engine) as connection:
            for some in batches(gone, AT_ONCE):
                connection.execute(files.update().where(files.c.raw.in_(some)).values(gone=True))
        return len(gone)


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Slices of at most ``size`` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _basis(text: str) -> Basis:
    try:
        plain = json.loads(text)
        return Basis(Recipe.from_dict(plain["recipe"]), Thresholds(**plain["thresholds"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise StoreError(f"the store names a model that cannot be read: {problem}") from problem


def _score(record: Record, scorer: int) -> dict[str, Any]:
    facts = record.facts
    logits = [view.logit for view in facts.views]
    return {
        "sha256": bytes.fromhex(facts.sha256 or ""),
        "scorer": scorer,
        "logit": sum(logits) / len(logits) if logits else None,
        "pull": pull_of(facts.claims),
        "error": facts.error.type if facts.error else None,
        "facts": pack(facts),
    }


def _file(record: Record, number: int) -> dict[str, Any]:
    entry, facts = record.entry, record.facts
    unread = facts.sha256 is None
    return {
        "raw": entry.raw,
        "path": readable(os.fsdecode(entry.raw))[0],
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "sha256": bytes.fromhex(facts.sha256) if facts.sha256 is not None else None,
        "error": facts.error.type if unread and facts.error else None,
        "facts": pack(facts) if unread else None,
        "scan": number,
        "gone": False,
    }
