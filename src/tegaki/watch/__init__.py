"""Folders that are watched: files are scored as they arrive, and verdicts told to others.

Needs the extras ``tegaki[store]`` and, but for polling, ``tegaki[watch]``.
"""

from tegaki.watch.command import Command
from tegaki.watch.delivery_result import Send
from tegaki.watch.delivery_worker import DeliveryWorker, RetryPolicy
from tegaki.watch.watcher import GRACE, Listeners, Watcher, WatchPlan
from tegaki.watch.webhook import Webhook, read_secret

__all__ = [
    "GRACE",
    "Command",
    "DeliveryWorker",
    "Listeners",
    "RetryPolicy",
    "Send",
    "WatchPlan",
    "Watcher",
    "Webhook",
    "read_secret",
]
