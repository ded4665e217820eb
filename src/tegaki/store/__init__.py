"""The store: what was measured of every content, and which files held it; SQLite or PostgreSQL.

Needs the extra ``tegaki[store]``.
"""

from tegaki.store.outbox import Channel, DeadLetter, Deliveries, Letter, NewsScan, Telling
from tegaki.store.query import Query, count_seen, results
from tegaki.store.records import Known, Record, shown
from tegaki.store.store import Scan, Store

__all__ = [
    "Channel",
    "DeadLetter",
    "Deliveries",
    "Known",
    "Letter",
    "NewsScan",
    "Query",
    "Record",
    "Scan",
    "Store",
    "Telling",
    "count_seen",
    "results",
    "shown",
]
