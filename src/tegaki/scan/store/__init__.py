"""The store: what was measured of every content, and which files held it; SQLite or PostgreSQL.

Needs the extra ``tegaki[store]``.
"""

from tegaki.scan.listing import Entry
from tegaki.scan.store.deliveries import (
    Channel,
    DeadLetter,
    Deliveries,
    Letter,
    NewsScan,
    Telling,
)
from tegaki.scan.store.query import Query, count_seen, results
from tegaki.scan.store.records import Known, Record, shown
from tegaki.scan.store.scanning import How, Outcome, scan_into
from tegaki.scan.store.store import Scan, Store

__all__ = [
    "Channel",
    "DeadLetter",
    "Deliveries",
    "Entry",
    "How",
    "Known",
    "Letter",
    "NewsScan",
    "Outcome",
    "Query",
    "Record",
    "Scan",
    "Store",
    "Telling",
    "count_seen",
    "results",
    "scan_into",
    "shown",
]
