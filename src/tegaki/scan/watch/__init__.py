"""Folders that are watched: files are scored as they arrive, and verdicts told to others.

Needs the extras ``tegaki[store]`` and, but for polling, ``tegaki[watch]``.
"""

from tegaki.scan.watch.answers import Send
from tegaki.scan.watch.command import Command
from tegaki.scan.watch.courier import Courier, Patience
from tegaki.scan.watch.events import need_events
from tegaki.scan.watch.watcher import GRACE, Ears, Plan, Watcher
from tegaki.scan.watch.webhook import Webhook, read_secret

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
