"""From files to measurements: what every scan is made of, on this machine and on others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tegaki.concurrency.ordered_map import WithTimeout, ordered_calls
from tegaki.errors import PictureError
from tegaki.results.result import Measurement
from tegaki.scan.read_ahead import ReadAheadBuffer
from tegaki.scoring import Scorer, failed_measurement, file_gate, timeout_error
from tegaki.sources.expand import expand_archives
from tegaki.sources.selection import Selector
from tegaki.sources.walk import SourceFile


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """What came of one file, or of the member ``name`` of an archive: without its bytes, which the
    files behind it need the room of."""

    path: str
    name: bytes | None
    measurement: Measurement


class BatchScorer:
    """Facts of a batch of files, in the order of what was found, archives as their members.

    The local scan gives it all its files, a worker of a cluster those of one partition. Can be
    pickled: the scorer is loaded again where it is unpickled.

    Args:
        workers: files in hand at a time; measurements do not depend on it.
        cores: of these, pictures measured at a time while the others are read; all by default.
        select: which members of archives are judged; all of them by default.
    """

    def __init__(
        self,
        scorer: Scorer,
        workers: int = 1,
        cores: int | None = None,
        select: Selector | None = None,
    ) -> None:
        self.scorer = scorer
        self.select = select or Selector()
        self.read_ahead = ReadAheadBuffer(scorer.limits.max_seconds)
        self._workers, self._cores = workers, cores
        self._file_gate = file_gate(scorer.limits)
        self._free = threading.Semaphore(cores or workers)

    def __reduce__(self) -> tuple[type[BatchScorer], tuple[Scorer, int, int | None, Selector]]:
        select = Selector(self.select.selection)  # which counts on its own
        return BatchScorer, (self.scorer, self._workers, self._cores, select)

    def __call__(self, found: Iterable[SourceFile]) -> Generator[ScoredFile, None, None]:
        """Facts as they are ready; ``found`` may be endless."""
        return ordered_calls(self._calls(found), self._workers)

    def measurement(
        self, item: SourceFile, measure: Callable[[bytes], Measurement] | None = None
    ) -> Measurement:
        """The measurement of one file or member that has entered :attr:`read_ahead`; never raises
        for what the content is.

        Args:
            measure: from a content to its measurement, in place of the scorer.
        """
        with self._file_gate.acquire(item.bytes_to_read):
            try:
                data = item.read(self.scorer.limits.max_bytes)
            except PictureError as problem:
                return failed_measurement(problem)
            finally:
                self.read_ahead.release(item)
            with self._free:
                return (measure or self.scorer.measure)(data)

    def timed_out(self) -> Measurement:
        """The measurement of a file that took longer than the limit."""
        return failed_measurement(timeout_error(self.scorer.limits.max_seconds))

    def _calls(self, found: Iterable[SourceFile]) -> Iterator[WithTimeout[ScoredFile]]:
        for item in expand_archives(found, self.scorer.limits.max_bytes, self.select):
            self.read_ahead.acquire(item)
            name = item.member.name if item.member else None
            yield WithTimeout(
                partial(self._scored, item, name),
                self.scorer.limits.max_seconds,
                partial(self._timed_out, item.path, name),
            )

    def _scored(self, item: SourceFile, name: bytes | None) -> ScoredFile:
        return ScoredFile(item.path, name, self.measurement(item))

    def _timed_out(self, path: str, name: bytes | None) -> ScoredFile:
        return ScoredFile(path, name, self.timed_out())
