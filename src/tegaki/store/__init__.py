"""The store: what was measured of every content, and which files held it; SQLite or PostgreSQL.

Importing it loads SQLAlchemy, so others import it where they use a store.
"""

from tegaki.store.outbox import Channel, DeadLetter, Delivery, DeliveryPolicy, Outbox, OutboxScan
from tegaki.store.query import Query, count_seen, results
from tegaki.store.records import FileRecord, StoredFile, display_path
from tegaki.store.store import Scan, Store

__all__ = [
    "Channel",
    "DeadLetter",
    "Delivery",
    "DeliveryPolicy",
    "FileRecord",
    "Outbox",
    "OutboxScan",
    "Query",
    "Scan",
    "Store",
    "StoredFile",
    "count_seen",
    "display_path",
    "results",
]
