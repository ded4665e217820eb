"""Delivers what the store owes, beside the scan."""

from __future__ import annotations

import math
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tegaki.errors import StoreError
from tegaki.store import Channel, Delivery, Outbox, Store, display_path
from tegaki.utils.text import printable
from tegaki.watch.delivery_result import DeliveryAborted, Send, Shutdown

_CONCURRENCY: dict[Channel, int] = {
    "run": 1,  # people's scripts are seldom made to run beside themselves
    "webhook": 4,
}
"""Deliveries under way at a time."""

_BACKOFF_FACTOR = 4  # times the last wait: by default eight attempts take about 15 hours
_MAX_PAUSE = 12 * 3600.0
_MAX_RETRY_AFTER = 24 * 3600.0  # by the other side
_MARGIN = 5.0  # seconds beyond the time limit that a letter in hand is ours
_IDLE = 1.0  # seconds between two looks into the store: others may owe, too
_STORE_RETRY = 2.0  # likewise when the store fails


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``limit``: seconds for one attempt; ``attempts``: until it is given up; ``backoff``: seconds
    before the second attempt, then four times that, and so on."""

    limit: float = 30.0
    attempts: int = 8
    backoff: float = 10.0

    def pause(self, failed: int) -> float | None:
        """Seconds before the next attempt, after so many that failed; ``None``: there is none."""
        if failed >= self.attempts:
            return None
        longest = min(_MAX_PAUSE, self.backoff * math.pow(_BACKOFF_FACTOR, min(failed - 1, 30)))
        return longest * random.uniform(0.5, 1)  # lest what failed together comes back together


class DeliveryWorker:
    """Threads that deliver until they are told to stop.

    Args:
        senders: how to deliver, by channel.
        notify: gets a sentence on each attempt that failed; called from any thread.
    """

    def __init__(
        self,
        store: Store,
        senders: Mapping[Channel, Send],
        retry_policy: RetryPolicy,
        notify: Callable[[str], None],
    ) -> None:
        self._outbox = Outbox(store)
        self._senders, self._retry_policy, self._notify = dict(senders), retry_policy, notify
        self._shutdown = Shutdown()
        self._guard = threading.Lock()
        self._in_hand: set[str] = set()
        self._held: dict[Channel, float] = {}  # until when the other side asked us to wait
        self._busy = 0
        self._store_failed = False  # that the store fails
        self._wake = {channel: threading.Event() for channel in self._senders}
        self.failures = 0
        self._threads = [
            threading.Thread(target=self._work, args=(channel,), daemon=True)
            for channel in self._senders
            for _ in range(_CONCURRENCY[channel])
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There may be something to deliver."""
        for event in self._wake.values():
            event.set()

    def is_idle(self) -> bool:
        """Nothing is under way, and nothing due that could be."""
        free = [channel for channel in self._senders if not self._is_held(channel)]
        # In this order: what is taken in between is busy.
        return not self._outbox.due(free) and not self._busy

    def is_held(self) -> bool:
        """Whether somebody asked us to wait, and the time is not over."""
        return any(map(self._is_held, self._senders))

    def stop(self, grace: float) -> None:
        """Begin nothing new, and leave what is under way after so many seconds."""
        self._shutdown.ask(grace)
        self.wake()

    def join(self, seconds: float) -> None:
        """Wait for the threads, so long at most: one may be inside of the system."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))

    def is_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _work(self, channel: Channel) -> None:
        while not self._shutdown.asked.is_set():
            self._wake[channel].clear()
            try:
                delivered = not self._is_held(channel) and self._deliver_one(channel)
                self._store_failed = False
            except StoreError as problem:
                self._report_store_error(problem)
                self._shutdown.asked.wait(_STORE_RETRY)
                continue
            if not delivered:
                self._wake[channel].wait(_IDLE)

    def _deliver_one(self, channel: Channel) -> bool:
        """Whether there was one."""
        with self._guard:  # one takes at a time: no two wait for the same
            self._busy += 1
            try:
                until = time.time_ns() + int(1e9 * (self._retry_policy.limit + _MARGIN))
                delivery = self._outbox.take(channel, until, tuple(self._in_hand))
                if delivery:
                    self._in_hand.add(delivery.id)
            except BaseException:
                self._busy -= 1
                raise
        try:
            if delivery is None:
                return False
            self._deliver(channel, delivery)
            return True
        finally:
            with self._guard:
                self._busy -= 1
                if delivery:
                    self._in_hand.discard(delivery.id)

    def _deliver(self, channel: Channel, delivery: Delivery) -> None:
        try:
            send = self._senders[channel]
            path = os.fsencode(display_path(delivery.raw))
            answer = send(delivery.id, path, delivery.body.encode(), self._shutdown)
        except DeliveryAborted:
            self._keep(lambda: self._outbox.give_back(delivery))
            return
        if answer.ok:
            self._keep(lambda: self._outbox.done(delivery))
            return
        asked = min(answer.wait, _MAX_RETRY_AFTER)
        wait = self._retry_policy.pause(delivery.attempts + 1) if answer.again else None
        again_ns = None if wait is None else time.time_ns() + int(1e9 * max(wait, asked))
        with self._guard:
            if asked:  # it is asked of us, not of one letter
                self._held[channel] = time.monotonic() + asked
            self.failures += 1
        self._keep(lambda: self._outbox.failed(delivery, answer.said, again_ns))
        what = f"{channel} {printable(display_path(delivery.raw))}: {answer.said}"
        left = "given up" if again_ns is None else "it is tried again"
        self._notify(f"{what} ({left}, attempt {delivery.attempts + 1})")

    def _is_held(self, channel: Channel) -> bool:
        return time.monotonic() < self._held.get(channel, 0.0)

    def _keep(self, write: Callable[[], None]) -> None:
        """Write an outcome. While the store fails it is tried again: forgotten, a delivery that
        was made would be made twice."""
        while True:
            try:
                return write()
            except StoreError as problem:
                self._report_store_error(problem)
                try:
                    self._shutdown.check()
                except DeliveryAborted:
                    return None
                time.sleep(_STORE_RETRY)

    def _report_store_error(self, problem: StoreError) -> None:
        if not self._store_failed:
            self._store_failed = True
            self._notify(f"deliveries wait: {problem}")
