"""Runs the ablation: cells side by side, one core each, whatever is missing and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tegaki.errors import CorpusError
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.build import build_from_items
from tegaki.lab.corpus.protocols import load_protocol
from tegaki.lab.corpus.splits import assign, split_name
from tegaki.lab.evaluation.report import read_report
from tegaki.lab.reproduction.cells import is_finished, run_cell
from tegaki.lab.reproduction.plan import Cell, cells
from tegaki.utils.packed import (
    FilePath,
    archive_of,
    children,
    open_folder,
    unpack,
    write_zip,
)

LogLine = Callable[[str], None]
_POLL_INTERVAL = 1.0  # seconds between two looks at the cells that run
_TAIL = 4096  # bytes of a log that hold its last line


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is. ``running``: the cells at work, each with the last line of its log."""

    done: int
    total: int
    running: tuple[tuple[str, str], ...]


StatusCallback = Callable[[RunStatus], None]
"""Called about once a second, and whenever a cell is done."""


def run(
    corpus: Path,
    work: Path,
    weights: Path,
    *,
    jobs: int,
    chosen: Iterable[Cell],
    log_line: LogLine,
    on_status: StatusCallback = lambda _: None,
) -> None:
    """Run every chosen cell that is not finished. ``work/cells.zip`` is unpacked first, if it is
    all that ``work`` holds of cells.

    Every cell runs on one thread of PyTorch, so its figures do not depend on ``jobs``.

    Raises:
        CorpusError: ``work`` belongs to another corpus.
    """
    folder = work / "cells"
    if not folder.exists() and archive_of(folder).exists():
        unpack(archive_of(folder), folder)
    waiting = [cell for cell in chosen if not is_finished(cell, folder / cell.name)]
    prepare(corpus, work, {cell.protocol for cell in waiting}, log_line)
    if not waiting:
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that are started here
    context = multiprocessing.get_context("spawn")
    tasks = [(cell, work, weights) for cell in waiting]
    # Leaving the pool by an error or Ctrl-C ends its processes, which save what they do.
    with context.Pool(jobs, _ignore_interrupts, maxtasksperchild=1) as pool:
        results = pool.imap_unordered(_run, tasks)
        done: list[str] = []
        while len(done) < len(waiting):
            on_status(_run_status(work, waiting, done, jobs))
            try:
                done.append(results.next(timeout=_POLL_INTERVAL))
            except multiprocessing.TimeoutError:
                continue
            log_line(f"{done[-1]} is done, {len(done)} of {len(waiting)}")


def _run_status(work: Path, waiting: Sequence[Cell], done: Sequence[str], jobs: int) -> RunStatus:
    """Cells begin in their order, so those at work are known by what is done."""
    begun = [cell.name for cell in waiting[: len(done) + jobs]]
    running = [(name, _last_line(work, name)) for name in begun if name not in done]
    return RunStatus(len(done), len(waiting), tuple(running))


def _last_line(work: Path, cell: str) -> str:
    """What a cell said last, without its name; nothing before its first line."""
    try:
        with (work / "cells" / cell / "log.txt").open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            lines = stream.read().decode("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line for line in reversed(lines) if line), "").removeprefix(f"{cell} ")


def prepare(corpus: Path, work: Path, protocols: Iterable[str], log_line: LogLine) -> None:
    """Write the shards of every split that the protocols need, once."""
    check_corpus(corpus, work)
    for name in sorted(protocols):
        folder = shards_of(work, name)
        if (folder / "shards.json").exists():
            continue
        log_line(f"writing shards for {name}")
        shutil.rmtree(folder, ignore_errors=True)  # half written when it was stopped
        protocol = load_protocol(name)
        items = assign(load_corpus(corpus).items, protocol)
        build_from_items(items, folder, made_by=split_name(protocol))


def check_corpus(corpus: Path, work: Path) -> None:
    """Raise :class:`CorpusError` where ``work`` belongs to another corpus."""
    found = load_corpus(corpus).manifest_sha256
    note = work / "corpus.sha256"
    if note.exists() and note.read_text() != found:
        raise CorpusError(f"{work} belongs to another corpus; name another folder")
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(found)


def shards_of(work: Path, protocol: str) -> Path:
    """Where the shards of a protocol's split stand; protocols with one split share them."""
    return work / "shards" / load_protocol(protocol).method


def _ignore_interrupts() -> None:
    """Ctrl-C is for the parent, which ends its processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(task: tuple[Cell, Path, Path]) -> str:
    cell, work, weights = task
    torch.set_num_threads(1)
    folder = work / "cells" / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    (test,) = load_protocol(cell.protocol).tests
    with (folder / "log.txt").open("a", encoding="utf-8") as log:

        def log_line(line: str) -> None:
            print(line, file=log, flush=True)

        # The parent's way to end its processes: a training run puts it off until it is saved.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            run_cell(cell, shards_of(work, cell.protocol), test, folder, weights, 2, log_line)
        except KeyboardInterrupt:
            sys.exit(1)
    return cell.name


def export(work: Path, out: Path) -> None:
    """Write ``out/cells.zip``: what a report is computed from, no pictures and no networks."""
    members: dict[str, bytes] = {}
    for cell in cells():
        folder = open_folder(work / "cells") / cell.name
        if is_finished(cell, folder):
            kept = _kept_files(folder)
            members |= {f"{cell.name}/{name}": path.read_bytes() for name, path in kept.items()}
    out.mkdir(parents=True, exist_ok=True)
    write_zip(out / "cells.zip", members)


def _kept_files(folder: FilePath) -> dict[str, FilePath]:
    """The files of a finished cell that its report is computed from, by name."""
    report = folder / "report.json"
    names = ["report.json", read_report(report)["predictions"]["file"]]
    names += [f"{part.name}/log.jsonl" for part in children(folder)]
    return {name: path for name in names if (path := folder / name).exists()}
