"""``tegaki watch``: files are scored as they arrive, and verdicts told to others."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Literal

import click

from tegaki.cli.options import (
    NumberRange,
    VerdictWord,
    detector_options,
    files_of,
    load_detector,
    max_seconds_option,
    model_option,
    open_store,
)
from tegaki.cli.selection_options import all_files_option
from tegaki.cli.watch_show import WatchOutput
from tegaki.detector import default_workers
from tegaki.results.result import Verdict
from tegaki.sources import Selection

if TYPE_CHECKING:
    from tegaki.detector import Detector
    from tegaki.store import Channel, Store
    from tegaki.watch import DeliveryWorker, RetryPolicy, Send, Watcher, WatchPlan
    from tegaki.watch.chat import MessageFormat

_LOCKED = 2.0  # seconds that a locked store is waited for, before that is said and tried again
_END = 6.0  # seconds beyond their grace that deliveries get to be left
_RESCAN, _POLL = 300.0, 10.0  # seconds


class _Verdicts(click.ParamType[frozenset[Verdict]]):
    name = "verdicts"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Verdict]:
        if isinstance(value, frozenset):
            return value
        word = VerdictWord()
        return frozenset(word.convert(one.strip(), param, ctx) for one in str(value).split(","))


_SECONDS = NumberRange(0, min_open=True)


@click.command(no_args_is_help=True)
@click.argument(
    "folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(readable=False)
)
@click.option("--store", required=True, metavar="STORE", help="Where results are kept: a file's "
              "path (SQLite) or postgresql://...")  # fmt: skip
@click.option("-r", "--recursive", is_flag=True, help="Go into folders of folders.")
@all_files_option
@click.option("--settle", type=NumberRange(0), default=2.0, show_default=True,
              metavar="SECONDS", help="A file is taken when it has not changed for so "
              "long.")  # fmt: skip
@click.option("--poll", is_flag=True, help="Do without events of the system, which network file "
              "systems do not send: look again and again.")  # fmt: skip
@click.option("--rescan", type=_SECONDS, metavar="SECONDS",
              help="Look at everything so often; 300, with --poll 10 by default.")  # fmt: skip
@click.option("--once", is_flag=True, help="Score what is new, deliver what is due, and end.")
@click.option("--on", "verdicts", type=_Verdicts(), default="generated", show_default=True,
              metavar="VERDICT,...", help="What --run and --webhook are told of: drawn, generated, "
              "unsure, error.")  # fmt: skip
@click.option("--each", type=click.Choice(["path", "content"]), default="path", show_default=True,
              help="What is told once for each verdict: a picture at each path where it turns up, "
              "or a picture however often it is copied or renamed.")  # fmt: skip
@click.option("--run", metavar="COMMAND", help="Run COMMAND PATH for a verdict, without a shell, "
              "with the row as a line of JSON on its standard input.")  # fmt: skip
@click.option("--webhook", metavar="URL", help="POST the row as JSON to URL.")
@click.option("--format", "form", type=click.Choice(["json", "discord", "slack"]), default="json",
              show_default=True, help="What --webhook is sent: the row, or a message as the "
              "incoming webhooks of Discord or Slack take it.")  # fmt: skip
@click.option("--secret-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Sign what is POSTed with the secret in FILE (whsec_...).")  # fmt: skip
@click.option("--timeout", type=_SECONDS, default=30.0, show_default=True, metavar="SECONDS",
              help="For one command or POST.")  # fmt: skip
@click.option("--attempts", type=click.IntRange(1), default=8, show_default=True,
              help="Then a delivery is given up; tegaki deliveries lists those.")  # fmt: skip
@click.option("--backoff", type=_SECONDS, default=10.0, show_default=True, metavar="SECONDS",
              help="Before the second attempt; then four times that, and so on.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines in place of the table.")
@click.option("--workers", type=click.IntRange(1), default=default_workers,
              show_default="one per core", help="Pictures worked on at a time.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No status line and no summary.")
@max_seconds_option
@model_option("auto", "fast alone keeps up with most files.")
@detector_options
def watch(
    folders: tuple[str, ...],
    store: str,
    recursive: bool,
    all_files: bool,
    settle: float,
    poll: bool,
    rescan: float | None,
    once: bool,
    verdicts: frozenset[Verdict],
    each: Literal["path", "content"],
    run: str | None,
    webhook: str | None,
    form: MessageFormat,
    secret_file: Path | None,
    timeout: float,
    attempts: int,
    backoff: float,
    as_json: bool,
    workers: int,
    quiet: bool,
    model: str,
    trust_anchors: Path | None,
    max_pixels: int,
    max_bytes: int,
    max_seconds: float,
) -> None:
    """Watch each DIR: score files as they arrive and change, and tell others of verdicts.

    What came while nothing watched is scored at the start; what the STORE knows already, from
    tegaki scan --store too, is not told again. A verdict is told once for each path and content,
    or with --each content for each content alone, after it is kept: what is owed is in the STORE
    until it is delivered or given up, whatever ends the process, and is tried again with growing
    pauses. Side-cars (.txt, .json and the like) are left alone. Rows go to the terminal as they
    are kept.

    \b
    Examples:
      tegaki watch uploads --store uploads.tegaki
      tegaki watch uploads --store uploads.tegaki --recursive --run 'notify-send Generated'
      tegaki watch uploads --store uploads.tegaki --webhook https://example.org/hook \\
        --secret-file secret.txt --on generated,unsure
      tegaki watch uploads --store uploads.tegaki --format discord \\
        --webhook https://discord.com/api/webhooks/...
      tegaki watch uploads --store uploads.tegaki --once --run ./report.sh --each content

    \b
    Exit codes:
      0    ended by SIGTERM; with --once: all is done
      1    with --once: a folder was not there, a file still grew, or a delivery failed
      2    wrong usage, a missing part, or the store cannot be opened
      130  stopped by Ctrl-C; what is owed stays owed
    """
    _check(folders, webhook, form, secret_file, once, poll)
    from tegaki.store import DeliveryPolicy
    from tegaki.watch import RetryPolicy, WatchPlan

    retry_policy = RetryPolicy(timeout, attempts, backoff)
    senders = _senders(run, webhook, form, secret_file, timeout)
    plan = WatchPlan(
        folders=tuple(os.path.abspath(folder) for folder in folders),
        recursive=recursive,
        skip=files_of(store),
        settle=settle,
        rescan=rescan or (_POLL if poll else _RESCAN),
        poll=poll,
        once=once,
        workers=workers,
        delivery_policy=DeliveryPolicy(verdicts, tuple(senders), each),
        selection=Selection(all_files=all_files),
    )
    detector = load_detector(model, max_pixels, max_bytes, trust_anchors, max_seconds)
    with open_store(store, wait=_LOCKED) as opened:
        sys.exit(_watch(opened, detector, plan, senders, retry_policy, as_json, quiet))


def _check(
    folders: tuple[str, ...],
    webhook: str | None,
    form: MessageFormat,
    secret_file: Path | None,
    once: bool,
    poll: bool,
) -> None:
    for folder in folders:
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise click.BadParameter(f"{folder} is no folder", param_hint="DIR")
    if secret_file and not webhook:
        raise click.UsageError("--secret-file needs --webhook.")
    if form != "json" and not webhook:
        raise click.UsageError("--format needs --webhook.")
    if form != "json" and secret_file:
        raise click.UsageError("Discord and Slack check no signature: leave out --secret-file.")
    if once and poll:
        raise click.UsageError("--once looks once, --poll again and again: choose one.")


def _watch(
    store: Store,
    detector: Detector,
    plan: WatchPlan,
    senders: dict[Channel, Send],
    retry_policy: RetryPolicy,
    as_json: bool,
    quiet: bool,
) -> int:
    from tegaki.store import Outbox
    from tegaki.watch import DeliveryWorker, Listeners, Watcher

    with WatchOutput(Outbox(store), as_json=as_json, quiet=quiet) as output:
        delivery_worker = DeliveryWorker(store, senders, retry_policy, output.notify)
        watcher = Watcher(
            store,
            detector.scorer,
            plan,
            delivery_worker,
            Listeners(output.on_result, output.notify),
        )
        output.show(watcher)
        with _signals(watcher) as stopped:
            delivery_worker.start()
            try:
                watcher.run()
            finally:
                _end(delivery_worker, stopped)
        output.summary(watcher, detector, bool(stopped))
    if stopped:
        return 130 if signal.SIGINT in stopped else 0
    return int(
        bool(
            watcher.missing()
            or watcher.unstable
            or delivery_worker.failures
            or delivery_worker.is_held()
        )
    )


def _senders(
    run: str | None,
    webhook: str | None,
    form: MessageFormat,
    secret_file: Path | None,
    limit: float,
) -> dict[Channel, Send]:
    from tegaki.watch import Command, Webhook, read_secret

    found: dict[Channel, Send] = {}
    if run is not None:
        found["run"] = Command(run, limit).send
    if webhook is not None:
        secret = read_secret(secret_file) if secret_file else None
        found["webhook"] = Webhook(webhook, secret, limit, form).send
    return found


@contextmanager
def _signals(watcher: Watcher) -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted, and end the watch; nothing is interrupted by them."""
    stopped: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        stopped.append(number)
        watcher.stop()

    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background
            before[number] = signal.signal(number, note)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(delivery_worker: DeliveryWorker, stopped: list[int]) -> None:
    """Wait for deliveries under way, not for long; at the second signal for none."""
    from tegaki.watch import GRACE

    delivery_worker.stop(GRACE)
    end = time.monotonic() + GRACE + _END
    while delivery_worker.is_alive() and time.monotonic() < end:
        if len(stopped) > 1:
            delivery_worker.stop(0)
        delivery_worker.join(0.1)
