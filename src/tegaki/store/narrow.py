"""What a question leaves of the store, as far as SQL can tell.

Conditions here let through every row that is asked for, and few others: :mod:`tegaki.store.query`
decides on the row itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from tegaki.results.result import Verdict
from tegaki.results.scoring_config import ScoringContext
from tegaki.sources.archives import SEPARATOR
from tegaki.store.schema import files, scores

Column = Callable[[ColumnElement[Any]], ColumnElement[Any]]
"""How a condition names a column: plainly, or by :func:`unindexed`."""

_SLACK = 1e-6  # of a logit
_WILDCARD = re.compile(r"[*?\[\x00]|[^\x00-\ud7ff\ue000-\U0010ffff]")
_MOST_PARTS, _LONGEST = 8, 1000  # of a LIKE pattern; SQLite takes 50,000 bytes


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """SQLite's ``+column``: the same value, but no index is used for the condition."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def by_probability(
    at_least: float | None, at_most: float | None, context: ScoringContext, column: Column
) -> Iterator[ColumnElement[bool]]:
    """Scores whose probability is between the bounds."""
    logit = column(scores.c.logit)
    if at_least is not None or at_most is not None:
        yield logit.is_not(None)
    low, high = _logit(at_least, context), _logit(at_most, context)
    if low is not None:
        yield logit >= low - _SLACK
    if high is not None:
        yield logit <= high + _SLACK


def by_verdict(
    verdicts: Iterable[Verdict], context: ScoringContext, column: Column
) -> Iterator[ColumnElement[bool]]:
    """Scores of which one of the verdicts follows, if there are any."""
    some = [_of_verdict(verdict, context, column) for verdict in verdicts]
    if some:
        yield or_(*some)


def _of_verdict(verdict: Verdict, context: ScoringContext, column: Column) -> ColumnElement[bool]:
    logit, effect = column(scores.c.logit), column(scores.c.pull)
    if verdict == "error":
        return logit.is_(None)
    low = _logit(context.thresholds.drawn_up_to, context)
    high = _logit(context.thresholds.generated_from, context)
    up_to_low = true() if low is None else logit <= low + _SLACK
    from_low = true() if low is None else logit >= low - _SLACK
    up_to_high = true() if high is None else logit <= high + _SLACK
    from_high = true() if high is None else logit >= high - _SLACK
    ways = {
        "generated": or_(effect == "decides", and_(effect != "outside", from_high)),
        "unsure": or_(
            effect == "outside", and_(from_low, up_to_high), and_(effect == "moves", up_to_low)
        ),
        "drawn": and_(effect == "none", up_to_low),
    }
    return and_(logit.is_not(None), ways[verdict])


def _logit(probability: float | None, context: ScoringContext) -> float | None:
    """The logit of a probability; ``None`` at the ends, and where calibration does not rise."""
    calibration = context.config.calibration
    if probability is None or not 0 < probability < 1 or calibration.slope <= 0:
        return None
    odds = math.log(probability / (1 - probability))
    return (odds - calibration.intercept) / calibration.slope


def by_path(pattern: str | None) -> Iterator[ColumnElement[bool]]:
    """Files whose path fits the pattern (``*``, ``?``, ``[...]``)."""
    if pattern is None:
        return
    fixed, *rest = _WILDCARD.split(pattern.partition("[")[0], maxsplit=_MOST_PARTS)
    begins = re.split(rf"\\|{re.escape(SEPARATOR)}", fixed)[0].removesuffix(SEPARATOR[:1]).encode()
    if begins:
        yield files.c.raw >= begins
        yield files.c.raw < begins[:-1] + bytes([begins[-1] + 1])  # UTF-8 has no byte of 255
    if len(pattern) <= _LONGEST:
        cut = "[" in pattern or len(rest) == _MOST_PARTS
        parts = [fixed, *rest[: _MOST_PARTS - 1]]  # the last holds further wildcards
        like = "%".join(re.sub(r"([%_!])", r"!\1", part) for part in parts)
        yield files.c.path.like(f"{like}%" if cut else like, escape="!")
