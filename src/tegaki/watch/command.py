"""Deliveries to a command: one process each, without a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time

from tegaki.errors import OutputError
from tegaki.watch.delivery_result import POLL_INTERVAL, DeliveryResult, Shutdown

_TERM = 2.0  # seconds between the request to end and the end


class Command:
    """Runs ``words`` and the file's path, with the row as one line of JSON on standard input and
    the delivery's id in ``TEGAKI_DELIVERY``. What it prints goes to standard error.

    Args:
        command: split as a shell would; nothing else of a shell is done.
        limit: seconds for one run.

    Raises:
        OutputError: it cannot be split, or there is no such program.
    """

    def __init__(self, command: str, limit: float) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as problem:
            raise OutputError(f"the command {command} cannot be read: {problem}") from problem
        if not self._words or shutil.which(self._words[0]) is None:
            name = self._words[0] if self._words else command
            raise OutputError(f"the command {command}: there is no program {name!r} to run")
        self._limit = limit

    def send(self, delivery: str, path: bytes, body: bytes, shutdown: Shutdown) -> DeliveryResult:
        try:
            # In a session of its own: Ctrl-C is for us, and all it starts can be ended.
            process = subprocess.Popen(
                [*map(os.fsencode, self._words), path],
                stdin=subprocess.PIPE,
                stdout=2,
                env=os.environ | {"TEGAKI_DELIVERY": delivery},
                start_new_session=True,
            )
        except OSError as problem:
            return DeliveryResult(False, f"it could not be run: {problem.strerror or problem}")
        try:
            return self._wait(process, body + b"\n", shutdown)
        finally:
            if process.poll() is None:
                _end(process)

    def _wait(
        self, process: subprocess.Popen[bytes], body: bytes, shutdown: Shutdown
    ) -> DeliveryResult:
        end = time.monotonic() + self._limit
        given: bytes | None = body
        while (left := end - time.monotonic()) > 0:
            shutdown.check()
            try:
                process.communicate(given, timeout=min(left, POLL_INTERVAL))
            except subprocess.TimeoutExpired:
                given = None  # it is being written
                continue
            code = process.returncode
            if code < 0:
                return DeliveryResult(False, f"the command was ended by signal {-code}")
            return DeliveryResult(code == 0, f"the command ended with exit code {code}")
        return DeliveryResult(
            False, f"the command took longer than {self._limit:g} s and was ended"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """It, and what it started: first by request."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        try:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            process.wait(_TERM)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        return
