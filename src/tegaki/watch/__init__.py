"""Folders that are watched: files are scored as they arrive, and verdicts told to others.

Needs the extras ``tegaki[store]`` and, but for polling, ``tegaki[watch]``.
"""

from tegaki.watch.answers import Send
from tegaki.watch.command import Command
from tegaki.watch.delivery_worker import Courier, Patience
from tegaki.watch.events import need_events
from tegaki.watch.watcher import GRACE, Ears, Plan, Watcher
from tegaki.watch.webhook import Webhook, read_secret

__all__ = [
    "GRACE",
    "Command",
    "Courier",
    "Ears",
    "Patience",
    "Plan",
    "Send",
    "Watcher",
    "Webhook",
    "need_events",
    "read_secret",
]
