"""The tables, and how a store of an earlier version becomes one of this."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    inspect,
    or_,
)

from tegaki.errors import StoreError

tables = MetaData()

versions = Table("tegaki_version", tables, Column("version", Integer, nullable=False))

scorers = Table(
    "scorers",
    tables,
    Column("id", Integer, primary_key=True),
    Column("recipe", Text, nullable=False),  # hash: the model, and all that moves a score
    Column("reading", Text, nullable=False),  # hash: all else that moves facts
    Column("basis", Text, nullable=False),  # the recipe and the thresholds of the last scan, JSON
    Column("scan", Integer, nullable=False),  # the last scan that used it
    UniqueConstraint("recipe", "reading"),
)
"""Who measured: a model with its recipe, and how files are read."""

scores = Table(
    "scores",
    tables,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("scorer", Integer, ForeignKey(scorers.c.id), primary_key=True),
    # Of ``facts``, to choose and sort by; verdicts are not stored.
    Column("logit", Double),  # mean over views; none for an error
    Column("pull", Text, nullable=False),  # tegaki.verdict.Pull
    Column("error", Text),  # its type
    Column("facts", Text, nullable=False),  # JSON
)
"""What was measured of a content."""

scores_by_logit = Index("scores_by_logit", scores.c.scorer, scores.c.logit, scores.c.pull)

claim_labels = Table(
    "claim_labels",
    tables,
    Column("id", LargeBinary(16), primary_key=True),  # a hash of the others
    Column("tool", Text, nullable=False),  # in lower case
    Column("kind", Text, nullable=False),
    Column("strength", Text, nullable=False),
)
"""What is asked of claims, each once for all contents."""

score_claims = Table(
    "score_claims",
    tables,
    Column("label", LargeBinary(16), ForeignKey(claim_labels.c.id), primary_key=True),
    Column("scorer", Integer, ForeignKey(scorers.c.id), primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    sqlite_with_rowid=False,
)
"""Which contents have such a claim. It follows from ``scores.measurement``."""

files = Table(
    "files",
    tables,
    Column("raw", LargeBinary, primary_key=True),  # the absolute path's bytes; see Entry
    Column("path", Text, nullable=False),  # the same to read
    Column("size", BigInteger),
    Column("mtime_ns", BigInteger),
    Column("sha256", LargeBinary(32)),  # none: it could not be read
    Column("error", Text),  # its type, where it could not be read
    Column("facts", Text),  # JSON, likewise
    Column("scan", Integer, nullable=False),  # the last scan that saw it
    Column("gone", Boolean, nullable=False),
    Index("files_by_content", "sha256"),
)
"""Where contents stand. A row without a hash and without facts is an archive, all of whose members
have rows of their own, or all but side-cars where ``error`` is LACKS_SIDE_CARS."""

LACKS_SIDE_CARS = "side-cars passed over"

is_file = or_(files.c.sha256.is_not(None), files.c.facts.is_not(None))
"""A row is of a file or member, not of such an archive."""

deliveries = Table(
    "deliveries",
    tables,
    Column("id", Text, primary_key=True),  # of channel, path, content and verdict: told once
    Column("channel", Text, nullable=False),  # "run" or "webhook"
    Column("raw", LargeBinary, nullable=False),  # the file's absolute path
    Column("verdict", Text, nullable=False),
    Column("body", Text),  # the row, JSON; none once it was delivered
    Column("state", Text, nullable=False),  # "owed", "done" or "dead"
    Column("attempts", Integer, nullable=False),  # that failed
    Column("due_ns", BigInteger, nullable=False),  # not before; of a dead one, when it died
    Column("said", Text),  # why the last attempt failed
    Index("deliveries_by_state", "state", "channel", "due_ns"),
)
"""What ``tegaki watch`` has told, and has yet to tell."""


def _index(connection: Connection) -> None:
    """Version 3: what rows are chosen by stands in tables and indexes of its own."""
    scores_by_logit.create(connection)
    claim_labels.create(connection)
    score_claims.create(connection)


VERSION = 3
CLAIMS_INDEXED = 3
"""From this version on claims have tables of their own."""
_MIGRATIONS: dict[int, Callable[[Connection], None]] = {
    1: deliveries.create,  # what a later version changes there, its own migration changes
    2: _index,
}
"""For each version: what turns a store of that version into one of the next."""


def prepare(connection: Connection) -> int:
    """Make the tables, or bring them up to date; the version that was found.

    Raises:
        StoreError: the database is of a newer version, or holds something else.
    """
    present = set(inspect(connection).get_table_names())
    if not present:
        tables.create_all(connection)
        connection.execute(versions.insert().values(version=VERSION))
        return VERSION
    if versions.name not in present:
        raise StoreError("this database holds tables, but no tegaki store; name another one")
    found = int(connection.execute(versions.select()).scalar_one())
    if found > VERSION:
        raise StoreError(
            f"this store has version {found}, made by a newer tegaki; this one reads {VERSION}"
        )
    for version in range(found, VERSION):
        _MIGRATIONS[version](connection)
    if found < VERSION:
        connection.execute(versions.update().values(version=VERSION))
    return found
