"""Questions to the store: rows by verdict, probability, path, claim or error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from tegaki.errors import StoreError
from tegaki.results.result import Measurement, Result, Verdict
from tegaki.results.scoring_config import ScoringContext
from tegaki.store.claims import has_claim
from tegaki.store.connections import read_transaction
from tegaki.store.narrow import Column, by_path, by_probability, by_verdict, unindexed
from tegaki.store.records import display_path, unpack
from tegaki.store.schema import files, is_file, scores
from tegaki.store.store import Scan, Store
from tegaki.verdict import combine, probability_of, result_of, verdict_of_pixels

Sort = Literal["path", "probability"]

_FETCH_SIZE = 500  # rows taken from the database at a time
_FEW = 10_000  # contents that are cheaper found one by one than met on the way through all files


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows, in which order. ``None`` and empty: any.

    Attributes:
        verdicts: any of these.
        at_least, at_most: the probability, 0-1, ends included; leaves errors out.
        path: a pattern for the whole absolute path (``*``, ``?``, ``[...]``).
        claim: part of a claim's tool, or its kind or strength as a word; any case.
        error: part of an error's type, any case; an empty text: any error.
        gone: files that are no longer there, in place of those that are.
        sort: by path, or by probability, errors last; ``reverse`` turns it round.
        limit: rows at most.
        model: the beginning of the id or recipe of the model that scored; by default the model
            that was used last.
    """

    verdicts: frozenset[Verdict] = frozenset()
    at_least: float | None = None
    at_most: float | None = None
    path: str | None = None
    claim: str | None = None
    error: str | None = None
    gone: bool = False
    sort: Sort = "path"
    reverse: bool = False
    limit: int | None = None
    model: str | None = None


def results(store: Store, query: Query, context: ScoringContext | None = None) -> Iterator[Result]:
    """Rows of the store; nothing is read but the store.

    Args:
        context: a model whose thresholds decide, in place of those of the last scan; its recipe
            must be the one that scored.

    Raises:
        StoreError: nothing was scored by such a model.
    """
    scorer, stored = _find_scorer(store, query.model or (context.config_hash if context else None))
    return _rows(store, query, scorer, context or stored)


def _rows(store: Store, query: Query, scorer: int, context: ScoringContext) -> Iterator[Result]:
    left = math.inf if query.limit is None else query.limit
    with read_transaction(store.engine) as connection:
        statement = _statement(connection, query, scorer, context)
        with connection.execution_options(yield_per=_FETCH_SIZE).execute(statement) as found:
            for raw, sha256, measured, unread in found:
                if left <= 0:
                    return
                result = result_of(
                    display_path(raw), _measurement(sha256, measured, unread), context
                )
                if _fits(result, query):
                    left -= 1
                    yield result


def count_seen(scan: Scan, context: ScoringContext) -> Iterator[tuple[Verdict, str | None]]:
    """Verdict and error's type of every file that a scan has seen; facts are not read."""
    statement = (
        select(scores.c.logit, scores.c.pull, func.coalesce(scores.c.error, files.c.error))
        .select_from(files.outerjoin(scores, _scored_by(scan.scorer)))
        .where(files.c.scan == scan.number, is_file)
    )
    with read_transaction(scan.store.engine) as connection:
        for logit, effect, error in connection.execution_options(yield_per=10_000).execute(
            statement
        ):
            if logit is None:
                yield "error", error
            else:
                probability = probability_of(logit, context.config.calibration)
                yield combine(verdict_of_pixels(probability, context.thresholds), effect), None


def _find_scorer(store: Store, prefix: str | None) -> tuple[int, ScoringContext]:
    contexts = store.contexts()
    for number, context in contexts.items():
        if prefix is None or context.config_hash.startswith(prefix):
            return number, context
        if context.model.startswith(prefix):
            return number, context
    if not contexts:
        raise StoreError("nothing was scanned into this store yet")
    there = ", ".join(f"{b.model} ({b.config_hash})" for b in contexts.values())
    raise StoreError(f"this store has no scores by {prefix}; it has those by {there}")


def _scored_by(scorer: int) -> ColumnElement[bool]:
    return and_(scores.c.sha256 == files.c.sha256, scores.c.scorer == scorer)


def _statement(
    connection: Connection, query: Query, scorer: int, context: ScoringContext
) -> Select[Any]:
    """What narrows the answer, by the index that leaves least; the rest is decided on the rows."""
    sqlite = connection.dialect.name == "sqlite"
    statement = (
        select(files.c.raw, files.c.sha256, scores.c.facts, files.c.facts)
        .select_from(files.outerjoin(scores, _scored_by(scorer)))
        .where(files.c.gone.is_(query.gone), *by_path(query.path))
        .where(or_(scores.c.facts.is_not(None), files.c.facts.is_not(None)))
    )
    if query.error is not None:
        statement = statement.where(scores.c.logit.is_(None))
    statement = statement.order_by(*_order(query))
    contents = _contents(query, scorer, context)
    if contents is None:
        verdicts = by_verdict(query.verdicts, context, _plain)
        return statement.where(*verdicts)
    few = select(func.count()).select_from(contents.limit(_FEW + 1).subquery())
    if connection.execute(few).scalar_one() <= _FEW:
        return statement.where(files.c.sha256.in_(contents))
    # By path SQLite would rather sort everything than go through the files in their order.
    column = unindexed if sqlite and query.sort == "path" else _plain
    statement = statement.where(*_measured(query, context, column))
    if query.claim is not None:
        claimed = has_claim(query.claim.lower(), scorer).subquery()
        statement = statement.where(exists().where(claimed.c.sha256 == files.c.sha256))
    return statement


def _contents(query: Query, scorer: int, context: ScoringContext) -> Select[Any] | None:
    """The hashes of contents that may fit, where files without one do not fit."""
    claimed = None if query.claim is None else has_claim(query.claim.lower(), scorer)
    conditions = list(_measured(query, context, _plain))
    if not conditions:
        return claimed
    statement = select(scores.c.sha256).where(scores.c.scorer == scorer, *conditions)
    return statement if claimed is None else statement.where(scores.c.sha256.in_(claimed))


def _measured(query: Query, context: ScoringContext, column: Column) -> list[ColumnElement[bool]]:
    """Conditions that only measured contents meet."""
    found = list(by_probability(query.at_least, query.at_most, context, column))
    if "error" not in query.verdicts:
        found += by_verdict(query.verdicts, context, column)
    return found


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return column


def _order(query: Query) -> list[ColumnElement[Any]]:
    by_path, logit = files.c.raw, scores.c.logit
    if query.sort == "path":
        return [by_path.desc() if query.reverse else by_path.asc()]
    ranked = logit.desc() if query.reverse else logit.asc()
    return [ranked.nulls_last(), by_path.asc()]


def _measurement(sha256: bytes | None, measured: str | None, unread: str | None) -> Measurement:
    return unpack(measured or unread or "", None if measured is None else sha256)


def _fits(result: Result, query: Query) -> bool:
    if (query.at_least, query.at_most) != (None, None) and not _is_between(result, query):
        return False
    if query.verdicts and result.verdict not in query.verdicts:
        return False
    if query.path is not None and not fnmatchcase(result.path, query.path):
        return False
    if query.error is not None and not (
        result.error and query.error.lower() in result.error.type.lower()
    ):
        return False
    return query.claim is None or _has_claim(result, query.claim.lower())


def _is_between(result: Result, query: Query) -> bool:
    low = 0.0 if query.at_least is None else query.at_least
    high = 1.0 if query.at_most is None else query.at_most
    return result.probability is not None and low <= result.probability <= high


def _has_claim(result: Result, words: str) -> bool:
    return any(
        words in (claim.kind, claim.strength) or words in claim.tool.lower()
        for claim in result.claims
    )
