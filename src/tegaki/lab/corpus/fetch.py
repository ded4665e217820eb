"""The originals of a manifest, from where they stand on the web into a folder.

originals/ab/abcd....png   each under its SHA-256, complete and checked
manifest.csv               the rows whose original is at hand; ``file`` leads to it
missing.csv                the others: id, url, reason, detail
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tegaki.concurrency.threads import Workers
from tegaki.errors import CorpusError, OutputError
from tegaki.formats import PICTURE_SUFFIXES
from tegaki.lab.corpus.addresses import Address, FetchError, find_address
from tegaki.lab.corpus.download import Downloader, Settings
from tegaki.utils.text import printable

NEEDED = ("id", "sha256", "label", "source", "split", "origin", "origin_path")
_CANONICAL = ("split", "label", "source", "id")
_STORED = ("offset", "bytes")  # where a picture stands in a shard: says nothing of the original
_MISSING = ("id", "url", "reason", "detail")
_LONGEST_DETAIL = 300  # characters: servers have a say in it
_SHA256 = re.compile(r"[0-9a-f]{64}")

ManifestRow = dict[str, str]


@dataclass(frozen=True, slots=True)
class Missing:
    """A picture that could not be had: a row of missing.csv. ``url`` is empty if it has none."""

    id: str
    url: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did: pictures fetched (and their bytes), at hand before, and missing."""

    fetched: int
    bytes: int
    present: int
    missing: tuple[Missing, ...]
    stopped: bool

    @property
    def reasons(self) -> dict[str, int]:
        """How many pictures are missing for which reason, most first."""
        return dict(Counter(picture.reason for picture in self.missing).most_common())


@dataclass(frozen=True, slots=True)
class _Original:
    """A row, where its original goes, and where it comes from or why it comes from nowhere."""

    row: ManifestRow
    target: Path
    address: Address | FetchError

    @property
    def sha256(self) -> str:
        return self.row["sha256"].lower()

    def missing(self, why: FetchError) -> Missing:
        url = self.address.url if isinstance(self.address, Address) else ""
        return Missing(self.row["id"], url, why.reason, printable(why.detail)[:_LONGEST_DETAIL])


_Outcome = int | Missing | None  # bytes fetched; why not; at hand before


def fetch(
    manifest: Path, out: Path, settings: Settings, progress: Callable[[int, int], None]
) -> Report:
    """Fetch the originals that a manifest names; what is at hand already is not asked for again.

    Files at hand are hashed again, which takes far less time than fetching them. That holds for
    files that were put there by hand too: the way for pictures without a URL. Ctrl-C stops the
    run; what was done is kept and reported, and the same call goes on from there.

    Args:
        manifest: a CSV file with the columns ``NEEDED``, or the folder of a ``manifest.csv``.
        out: the folder to write to.
        progress: called with the number of pictures done and of all.

    Raises:
        CorpusError: the manifest cannot be read.
        OutputError: the folder is of another corpus, or cannot be written.
    """
    source = manifest / "manifest.csv" if manifest.is_dir() else manifest
    columns, rows = _read(source)
    _prepare(out, source)
    originals = [_plan(row, out, settings.base) for row in rows]
    outcomes, stopped = _fetch_all(originals, out, settings, progress)
    missing = tuple(outcome for outcome in outcomes if isinstance(outcome, Missing))
    at_hand = [
        _row_of(original, out)
        for original, outcome in zip(originals, outcomes, strict=True)
        if not isinstance(outcome, Missing)
    ]
    at_hand.sort(key=lambda row: [row[name] for name in _CANONICAL])
    _write(out / "manifest.csv", columns, at_hand)
    _write(out / "missing.csv", _MISSING, map(asdict, missing))
    sizes = [outcome for outcome in outcomes if isinstance(outcome, int)]
    return Report(len(sizes), sum(sizes), len(at_hand) - len(sizes), missing, stopped)


def _read(manifest: Path) -> tuple[list[str], list[ManifestRow]]:
    """The manifest's columns, ``file`` among them, and its rows as they are."""
    try:
        text = manifest.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows = list(reader)
    except OSError as problem:
        raise CorpusError(f"{manifest} cannot be read: {problem.strerror}") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise CorpusError(f"{manifest} is not a CSV file in UTF-8: {problem}") from problem
    columns = list(reader.fieldnames or ())
    missing = [name for name in NEEDED if not rows or name not in columns]
    if missing:
        raise CorpusError(f"{manifest} lacks rows or columns: {', '.join(missing)}")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise CorpusError(f"{manifest}: row {number} has not as many fields as the header")
    return columns if "file" in columns else [*columns, "file"], rows


def _prepare(out: Path, source: Path) -> None:
    manifest, originals = out / "manifest.csv", out / "originals"
    if manifest.exists() and (manifest.samefile(source) or not originals.is_dir()):
        raise OutputError(f"{out} holds another corpus, which would be lost; name another folder")
    try:
        originals.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OutputError(f"{originals} cannot be made: {problem.strerror}") from problem


def _plan(row: ManifestRow, out: Path, base: str) -> _Original:
    address: Address | FetchError
    sha256 = row["sha256"].lower()
    if not _SHA256.fullmatch(sha256):  # it becomes a path: nothing else may
        return _Original(
            row, out, FetchError("no hash", "without a SHA-256 nothing can be checked")
        )
    try:
        address = find_address(row["origin"], row["origin_path"], base)
    except FetchError as why:
        address = why
    target = out / "originals" / sha256[:2] / f"{sha256}{_suffix(row)}"
    return _Original(row, target, address)


def _suffix(row: ManifestRow) -> str:
    by_content = f".{row.get('orig_format', '').lower()}"
    for suffix in (by_content, Path(row["origin_path"]).suffix.lower()):
        if suffix in PICTURE_SUFFIXES:
            return suffix
    return ".bin"


def _fetch_all(
    originals: list[_Original], out: Path, settings: Settings, progress: Callable[[int, int], None]
) -> tuple[list[_Outcome], bool]:
    """The outcome of each original, and whether Ctrl-C came before the end."""
    stop = threading.Event()
    downloader = Downloader(settings, stop)
    stopped_first = FetchError("stopped", "the run was stopped first")
    outcomes: list[_Outcome] = [original.missing(stopped_first) for original in originals]
    stopped = False

    def work(index: int, unfinished: Path) -> None:
        outcomes[index] = _outcome(originals[index], downloader, unfinished)

    with tempfile.TemporaryDirectory(prefix="partial-", dir=out) as folder:
        threads: Workers[None] = Workers(settings.workers)
        try:
            try:
                for index in range(len(originals)):
                    threads.submit(index, partial(work, index, Path(folder) / str(index)))
                for done in range(1, len(originals) + 1):
                    _, (_, problem) = threads.next_completed()
                    if problem is not None:
                        raise problem
                    progress(done, len(originals))
            finally:  # what runs is told to stop, what has not begun never does
                stop.set()
                threads.stop()
        except KeyboardInterrupt:
            stopped = True
    return outcomes, stopped


def _outcome(original: _Original, downloader: Downloader, partial: Path) -> _Outcome:
    if _has_hash(original.target, original.sha256):
        return None
    if isinstance(original.address, FetchError):
        return original.missing(original.address)
    try:
        return downloader.download(original.address, original.sha256, partial, original.target)
    except FetchError as why:
        return original.missing(why)


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _row_of(original: _Original, out: Path) -> ManifestRow:
    file = original.target.relative_to(out).as_posix()
    return original.row | {name: "" for name in _STORED if name in original.row} | {"file": file}


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    partial = path.with_name(f"{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(partial, path)
    except OSError as problem:
        raise OutputError(f"{path} cannot be written: {problem.strerror}") from problem
