"""Claims in tables of their own, so that files are found by them without a look at all facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select, tuple_

from tegaki.results.result import Measurement
from tegaki.store.schema import claim_labels, score_claims, scores

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ClaimRows:
    """What the tables hold of some claims, as rows for an insert."""

    labels: list[dict[str, Any]]
    links: list[dict[str, Any]]

    def __bool__(self) -> bool:
        return bool(self.links)


def claim_rows(measurement: Iterable[Measurement], scorer: int) -> ClaimRows:
    """The rows of the claims in these facts, each once."""
    return _rows(
        (bytes.fromhex(one.sha256), scorer, claim.tool, claim.kind, claim.strength)
        for one in measurement
        if one.sha256 is not None
        for claim in one.claims
    )


def has_claim(words: str, scorer: int) -> Select[Any]:
    """The hashes of contents with a claim by this scorer whose kind or strength is the text, or
    whose tool has it as a part, in any case."""
    wanted = _stored(words)
    tool: ColumnElement[bool] = claim_labels.c.tool.contains(wanted, autoescape=True)
    labels = select(claim_labels.c.id).where(
        or_(tool, claim_labels.c.kind == wanted, claim_labels.c.strength == wanted)
    )
    links = score_claims.c
    return select(links.sha256).where(links.scorer == scorer, links.label.in_(labels))


def index_stored_claims(connection: Connection, insert: Any) -> None:
    """Fill the tables from all facts that are stored. Facts that cannot be read are left out."""
    key = tuple_(scores.c.sha256, scores.c.scorer)
    asked = select(scores.c.sha256, scores.c.scorer, scores.c.facts)
    asked = asked.where(scores.c.facts.contains('"claims":[{')).limit(_AT_ONCE)
    asked = asked.order_by(scores.c.sha256, scores.c.scorer)
    found = connection.execute(asked).all()
    while found:
        put_claims(connection, insert, _rows(c for row in found for c in _read(*row)))
        found = connection.execute(asked.where(key > tuple_(*found[-1][:2]))).all()


def put_claims(connection: Connection, insert: Any, rows: ClaimRows) -> None:
    """Insert rows that may be there already.

    Args:
        insert: from a table to an insert that knows ``on_conflict_do_nothing``.
    """
    if rows:
        connection.execute(insert(claim_labels).on_conflict_do_nothing(), rows.labels)
        connection.execute(insert(score_claims).on_conflict_do_nothing(), rows.links)


def _rows(claims: Iterable[tuple[bytes, int, str, str, str]]) -> ClaimRows:
    labels: dict[bytes, dict[str, Any]] = {}
    links: dict[tuple[bytes, int, bytes], dict[str, Any]] = {}
    for sha256, scorer, tool, kind, strength in claims:
        label = {"tool": _stored(tool), "kind": kind, "strength": strength}
        # A hash for a key: a tool's name comes from a file, and can be too long for an index.
        key = hashlib.sha256(json.dumps(label).encode("ascii")).digest()[:16]
        labels[key] = label | {"id": key}
        links[key, scorer, sha256] = {"label": key, "scorer": scorer, "sha256": sha256}
    return ClaimRows(list(labels.values()), list(links.values()))


def _stored(text: str) -> str:
    """As ``tool`` is compared. PostgreSQL keeps no NUL in a text, and no half of a character."""
    return text.lower().replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _read(
    sha256: bytes, scorer: int, measurement: str
) -> Iterator[tuple[bytes, int, str, str, str]]:
    try:
        for claim in json.loads(measurement)["claims"]:
            texts = (claim["tool"], claim["kind"], claim["strength"])
            if all(isinstance(text, str) for text in texts):
                yield (sha256, scorer, *texts)
    except (ValueError, KeyError, TypeError):
        return
