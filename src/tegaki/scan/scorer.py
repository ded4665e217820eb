"""From files to facts: what every scan is made of, on this machine and on others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tegaki.concurrency.ordered_map import Timed, ordered_calls
from tegaki.errors import PictureError
from tegaki.results.result import Facts
from tegaki.scan.read_ahead import Waiting
from tegaki.scoring import Scorer, too_late, turns_for_files, unread
from tegaki.sources.expand import entered
from tegaki.sources.selection import Selector
from tegaki.sources.walk import Found


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of one file, or of the member ``name`` of an archive: without its bytes, which the
    files behind it need the room of."""

    path: str
    name: bytes | None
    facts: Facts


class ScoreBatch:
    """Facts of a batch of files, in the order of what was found, archives as their members.

    The local scan gives it all its files, a worker of a cluster those of one partition. Can be
    pickled: the scorer is loaded again where it is unpickled.

    Args:
        workers: files in hand at a time; facts do not depend on it.
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
        self.waiting = Waiting(scorer.limits.max_seconds)
        self._workers, self._cores = workers, cores
        self._files = turns_for_files(scorer.limits)
        self._free = threading.Semaphore(cores or workers)

    def __reduce__(self) -> tuple[type[ScoreBatch], tuple[Scorer, int, int | None, Selector]]:
        select = Selector(self.select.selection)  # which counts on its own
        return ScoreBatch, (self.scorer, self._workers, self._cores, select)

    def __call__(self, found: Iterable[Found]) -> Generator[Scored, None, None]:
        """Facts as they are ready; ``found`` may be endless."""
        return ordered_calls(self._calls(found), self._workers)

    def facts(self, item: Found, measure: Callable[[bytes], Facts] | None = None) -> Facts:
        """The facts of one file or member that has entered :attr:`waiting`, whatever befalls it.

        Args:
            measure: from a content to its facts, in place of the scorer.
        """
        with self._files.of(item.bytes_to_read):
            try:
                data = item.read(self.scorer.limits.max_bytes)
            except PictureError as problem:
                return unread(problem)
            finally:
                self.waiting.leave(item)
            with self._free:
                return (measure or self.scorer.measure)(data)

    def late(self) -> Facts:
        """The facts of a file that took longer than the limit."""
        return unread(too_late(self.scorer.limits.max_seconds))

    def _calls(self, found: Iterable[Found]) -> Iterator[Timed[Scored]]:
        for item in entered(found, self.scorer.limits.max_bytes, self.select):
            self.waiting.enter(item)
            name = item.member.name if item.member else None
            yield Timed(
                partial(self._scored, item, name),
                self.scorer.limits.max_seconds,
                partial(self._late, item.path, name),
            )

    def _scored(self, item: Found, name: bytes | None) -> Scored:
        return Scored(item.path, name, self.facts(item))

    def _late(self, path: str, name: bytes | None) -> Scored:
        return Scored(path, name, self.late())
