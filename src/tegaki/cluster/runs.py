"""Ray: the partitions that are not there yet, each scored and committed by some worker."""

from __future__ import annotations

import json
import logging
import os
import pickle
import socket
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tegaki.cluster.partition import Partition, score
from tegaki.cluster.plan import SUCCESS, Plan, items_of, partition_name
from tegaki.cluster.targets import Target
from tegaki.concurrency.ordered_map import ordered_map
from tegaki.errors import ClusterError, MissingExtra, TegakiError
from tegaki.scan.local import Summary
from tegaki.scan.scorer import BatchScorer

_RETRIES = 5  # a file that kills whoever reads it must not do so for ever
_STORE_BYTES = 100 << 20  # for Ray's objects: numbers of partitions, and counts
_READ_AT_ONCE = 8
_CONNECT_TIMEOUT = 10.0  # seconds for a cluster to take a connection


@dataclass(frozen=True, slots=True)
class Committed:
    """A partition that is there. ``before``: it was when this run began."""

    number: int
    files: int
    summary: Summary
    before: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a plan.

    Attributes:
        address: of a Ray cluster; a local one is started, and ended, without.
        workers: pictures measured at a time; by default one for each CPU of the cluster.
    """

    target: Target
    plan: Plan
    batch: BatchScorer
    address: str | None = None
    workers: int | None = None

    def partitions(self) -> Generator[Committed, None, None]:
        """Every partition once it is committed, those first that were before; then the marker of
        success is written.

        Raises:
            ClusterError: the cluster cannot be had, or failed.
            TegakiError: what a worker met.
        """
        there = self.target.names()
        names = [partition_name(number) for number in range(self.plan.partitions)]
        yield from ordered_map(
            self._before, [n for n, name in enumerate(names) if name in there], _READ_AT_ONCE
        )
        missing = [n for n, name in enumerate(names) if name not in there]
        if missing:
            yield from self._scored(missing)
        if SUCCESS not in there:
            self.target.put(SUCCESS, b"")

    def files(self, number: int) -> int:
        """How many files and archives a partition has."""
        size = self.plan.asked.partition_size
        return min(size, self.plan.files - number * size)

    def _before(self, number: int) -> Committed:
        name = partition_name(number)
        summary = Partition(name, self.target.get(name) or b"").summary()
        return Committed(number, self.files(number), summary, before=True)

    def _scored(self, missing: list[int]) -> Iterator[Committed]:
        import ray

        with _connected(self.address, self.workers), _translate_errors():
            # One that grows when it is asked to can have none yet.
            workers = self.workers or max(int(ray.cluster_resources().get("CPU", 0)), 1)
            for row in self._data(missing, min(workers, len(missing))).iter_rows():
                if row["problem"]:
                    raise ClusterError(row["problem"])
                yield Committed(
                    int(row["partition"]),
                    self.files(int(row["partition"])),
                    _summary(row["counts"]),
                    before=False,
                )

    def _data(self, missing: list[int], workers: int) -> Any:
        """A block for each partition, since a block is what is tried again as a whole."""
        import ray.data

        numbers = [{"partition": number} for number in missing]
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers)
        with warnings.catch_warnings():
            # Ray means to name each setting of its actors; this one has no name of its own yet.
            warnings.simplefilter("ignore", DeprecationWarning)
            return ray.data.from_items(numbers, override_num_blocks=len(numbers)).map_batches(
                Worker,
                fn_constructor_args=(pickle.dumps(self.batch), self.target, self.plan),
                batch_size=1,
                num_cpus=1,
                compute=pool,
                max_task_retries=_RETRIES,
            )


class Worker:
    """What Ray runs: partition numbers in, counts out; rows go to the target.

    Args:
        batch: a pickled :class:`BatchScorer`; its scorer is loaded with the first partition, so
            that what is amiss there is told as what is amiss with a partition is.
    """

    def __init__(self, batch: bytes, target: Target, plan: Plan) -> None:
        self._pickled, self._target, self._plan = batch, target, plan
        self._batch: BatchScorer | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        numbers = [int(number) for number in batch["partition"]]
        done = [self._outcome(number) for number in numbers]
        counts, problems = zip(*done, strict=True)
        return {"partition": numbers, "counts": list(counts), "problem": list(problems)}

    def _outcome(self, number: int) -> tuple[str, str]:
        try:
            return _counts(self._commit(number)), ""
        except TegakiError as problem:  # as words: not every one survives being pickled
            return "", str(problem)

    def _commit(self, number: int) -> Summary:
        name = partition_name(number)
        if not self._target.has(name):
            data, summary = score(self._loaded(), items_of(self._target, self._plan, number))
            if self._target.put(name, data):
                return summary
        # A worker died between its commit and its answer, or another driver's was quicker.
        return Partition(name, self._target.get(name) or b"").summary()

    def _loaded(self) -> BatchScorer:
        if self._batch is None:
            loaded: BatchScorer = pickle.loads(self._pickled)
            different = self._plan.asked.difference(loaded.scorer)
            if different:
                raise ClusterError(
                    f"a worker would score {different} of tegaki or of an extra; install the same "
                    "on every machine"
                )
            self._batch = loaded
        return self._batch


def needs_ray(address: str | None) -> None:
    """See that Ray is there, and have it come up as it is to be.

    Args:
        address: of the cluster that will be used; ``None``: one that is started here.

    Raises:
        MissingExtra: Ray is not installed.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is sent to Ray's makers
    # Else each start prints an error that is none (ray-project/ray issue 53727).
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if address is None:
        # Off Windows and macOS Ray listens on all networks unless this tells it, on its import,
        # that there will be no other machines.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import pyarrow  # noqa: F401
        import ray.data  # noqa: F401
    except ImportError as problem:
        raise MissingExtra("a cluster scan", "cluster") from problem


@contextmanager
def _connected(address: str | None, workers: int | None) -> Iterator[None]:
    """Ray, as quiet as it can be; one that was connected to before is used and left."""
    import ray
    import ray.data

    if ray.is_initialized():
        yield
        return
    local = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        if address:
            _reach(address)
        with _silenced():
            ray.init(
                address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else local),
            )
    except (OSError, RuntimeError, ValueError) as problem:
        where = f"the cluster at {address}" if address else "a Ray cluster on this machine"
        raise ClusterError(f"{where} cannot be had: {_first_line(problem)}") from problem
    try:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield
    finally:
        ray.shutdown()


@contextmanager
def _silenced() -> Iterator[None]:
    """Standard error goes nowhere: Ray's libraries say there, quiet or not, how much they log."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _reach(address: str) -> None:
    """Ray itself would try for minutes."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT).close()


@contextmanager
def _translate_errors() -> Iterator[None]:
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RayError as problem:
        raise ClusterError(
            f"the cluster failed: {_first_line(problem)}; what was committed is kept, the same "
            "command goes on from there"
        ) from problem


def _first_line(problem: BaseException) -> str:
    said = getattr(problem, "strerror", None) or str(problem)
    return (said.strip().splitlines() or [type(problem).__name__])[0]


def _counts(summary: Summary) -> str:
    return json.dumps([summary.verdicts, summary.errors, summary.manifests, summary.skipped])


def _summary(counts: str) -> Summary:
    verdicts, errors, manifests, skipped = json.loads(counts)
    summary = Summary(manifests=manifests)
    summary.verdicts.update(verdicts)
    summary.errors.update(errors)
    summary.skipped.update(skipped)
    return summary
