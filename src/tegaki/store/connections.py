"""Connections to SQLite and PostgreSQL, and their errors as ours."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tegaki.errors import MissingExtra, StoreError

WAIT = 30.0
"""Seconds that another process's write is waited for; one takes milliseconds."""
_WRITER = int.from_bytes(b"tegaki", "big")
"""The advisory lock of who writes to a PostgreSQL database."""
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL, appendix A; it says so in the server's language
_KINDS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def make_engine(where: str, *, must_exist: bool = False, wait: float = WAIT) -> Engine:
    """An engine for a file's path or a URL.

    Raises:
        StoreError: the URL is none, or of another database; the file does not exist.
        MissingExtra: PostgreSQL without its driver.
    """
    url = _url(where)
    if url.drivername == "sqlite":
        _check_file(url.database or "", must_exist)
        engine = create_engine(url)
        event.listen(engine, "connect", partial(_set_up_sqlite, wait))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        # Whoever waits for a lock has to see what was written meanwhile, whatever the server's
        # default is.
        engine = create_engine(url, isolation_level="READ COMMITTED")
    except ImportError as problem:
        raise MissingExtra("a store in PostgreSQL", "postgres") from problem
    event.listen(engine, "begin", partial(_begin_postgresql, wait))
    return engine


def _url(where: str) -> URL:
    if "://" not in where:
        return URL.create("sqlite", database=where)
    try:
        url = make_url(where)
    except ArgumentError as problem:
        raise StoreError(f"{where} is no database URL") from problem
    kind = url.drivername.partition("+")[0]
    if kind not in _KINDS:
        raise StoreError(f"stores are SQLite files or PostgreSQL databases, not {kind}")
    return url.set(drivername=_KINDS[kind])


def _check_file(path: str, must_exist: bool) -> None:
    if must_exist and not os.path.exists(path):
        raise StoreError(f"there is no store {path}")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise StoreError(f"{path} cannot be made: the folder {folder} does not exist")


def _set_up_sqlite(wait: float, connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun here, not guessed by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(1000 * wait)}")
    _use_wal(cursor, time.monotonic() + wait)
    cursor.execute("PRAGMA synchronous=NORMAL")  # with WAL, a killed process loses nothing
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor, until: float) -> None:
    """Let reads go on while a scan writes.

    Two processes that make one file switch it at once: each would wait for the other to stop
    reading, so SQLite fails one of them without waiting, whatever ``busy_timeout`` says.
    """
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:
            busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes would fail at once beside another writer.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(wait: float, connection: Connection) -> None:
    # As in SQLite: two that make the tables, or keep the same facts in another order, would fail.
    if connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, round(1000 * wait))}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection to read by: of a file in one snapshot, of PostgreSQL in one a statement."""
    with _translate_errors(), engine.connect() as connection:
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction: all of it is kept, or nothing."""
    with _translate_errors(), engine.execution_options(writes=True).begin() as connection:
        yield connection


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as problem:
        orig = getattr(problem, "orig", None)
        said = (str(orig or problem).strip().splitlines() or [type(problem).__name__])[0]
        late = getattr(orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE
        raise StoreError(_sentence(said, late)) from problem


def _sentence(said: str, late: bool) -> str:
    if late or "is locked" in said:
        return (
            "the store stayed locked by another process; what was committed is kept, and the same "
            "command goes on from there"
        )
    if "disk is full" in said or "disk I/O" in said:
        return f"the store could not be written ({said}); what was committed is kept"
    if "not a database" in said:
        return "this file is no SQLite database; name another one"
    return f"the store failed: {said}"
