"""What becomes of an attempt to deliver."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

POLL_INTERVAL = 0.2
"""Seconds between two looks at whether to leave."""


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """``ok``: it was delivered. ``again``: another attempt may go well, after ``wait`` seconds at
    least, as the other side asked. ``said``: what went wrong."""

    ok: bool
    said: str = ""
    again: bool = True
    wait: float = 0.0


class DeliveryAborted(Exception):
    """The attempt was left before its end."""


class Shutdown:
    """Whether the process ends, and attempts in hand are to be left."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._until = math.inf

    def ask(self, grace: float) -> None:
        """Begin nothing new; leave what is in hand after so many seconds."""
        self._until = min(self._until, time.monotonic() + grace)
        self.asked.set()

    def check(self) -> None:
        """
        Raises:
            DeliveryAborted: it is time.
        """
        if time.monotonic() >= self._until:
            raise DeliveryAborted


Send = Callable[[str, bytes, bytes, Shutdown], DeliveryResult]
"""Deliver: an id, the file's path, the body; raises :class:`DeliveryAborted`."""
