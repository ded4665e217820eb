"""``tegaki results`` on a store of a million rows.

    python tools/bench_results.py            in a temporary folder
    python tools/bench_results.py STORE      in STORE, which is filled if it is not there

One content in twenty has a claim by AUTOMATIC1111, and one in twenty thousand one by ComfyUI. To
compare two commits, fill a store by the earlier one and give a copy of it to the later one.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tegaki import Detector
from tegaki.results.claim import Claim, Location
from tegaki.results.result import CropScore, ErrorInfo, Measurement
from tegaki.sources.file_stat import FileStat
from tegaki.store import FileRecord, Store

ROWS = 1_000_000
_A1111 = Claim(
    "AUTOMATIC1111", "A1111 text", "generated", "declared",
    Location("PNG tEXt parameters", 33, 900),
    model="some-model", prompt="1girl, solo, " * 20, seed=11, sampler="Euler a",
)  # fmt: skip
_COMFYUI = Claim("ComfyUI", "ComfyUI graph", "generated", "declared", Location("PNG tEXt", 33, 900))


_KINDS: dict[str, tuple[tuple[Claim, ...], ErrorInfo | None]] = {
    "plain": ((), None),
    "a1111": ((_A1111,), None),
    "comfyui": ((_COMFYUI,), None),
    "error": ((), ErrorInfo("NotAPicture", "not a picture")),
}
_COPIES = """
CREATE TEMP TABLE copies AS
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows} - 1)
SELECT n, randomblob(32) AS content, abs(random()) % 8000 / 1000.0 - 4 AS logit,
       CASE WHEN n % 20000 = 7 THEN 'comfyui' WHEN n % 20 = 3 THEN 'a1111'
            WHEN n % 100 = 50 THEN 'error' ELSE 'plain' END AS kind
FROM numbers;
CREATE TEMP TABLE kinds AS SELECT path AS kind, scores.* FROM files JOIN scores USING (sha256);
INSERT INTO scores (sha256, scorer, logit, pull, error, facts)
SELECT content, scorer, CASE WHEN kinds.logit IS NULL THEN NULL ELSE copies.logit END, pull, error,
       replace(facts, '0.123', copies.logit)
FROM copies JOIN kinds USING (kind);
INSERT INTO files (raw, path, size, mtime_ns, sha256, scan, gone)
SELECT CAST(printf('/pictures/%03d/%06d.png', n / 1000, n) AS BLOB),
       printf('/pictures/%03d/%06d.png', n / 1000, n), n, 1, content, 1, 0 FROM copies;
"""
_CLAIMS = """
INSERT INTO score_claims (label, scorer, sha256)
SELECT label, score_claims.scorer, content
FROM copies JOIN kinds USING (kind) JOIN score_claims USING (sha256);
"""


def fill(where: str) -> None:
    """Make a store of a million rows: one of each kind by the library, and copies of them."""
    detector = Detector.load("fast")
    with Store.open(where) as store:
        scan = store.begin_scan(detector.context, detector.scorer.reader_version)
        for kind, (claims, error) in _KINDS.items():
            views = () if error else (CropScore("squashed", 0.123),)
            facts = Measurement(
                hashlib.sha256(kind.encode()).hexdigest(), 1_000_000, "PNG", 1024, 1024, False,
                False, views, claims, (), error, -1.0,
            )  # fmt: skip
            scan.put([FileRecord(FileStat(kind.encode(), 9, 1), facts, True)])
    with closing(sqlite3.connect(where)) as connection:
        connection.executescript(_COPIES.format(rows=ROWS))
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "score_claims" in tables:
            connection.executescript(_CLAIMS)
        connection.executescript("PRAGMA wal_checkpoint(TRUNCATE)")


def whole_process(words: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and peak resident memory in MB of a command."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tegaki", "results", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    processor = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - started, processor, usage.ru_maxrss / 1024


def measure(where: str, out: Path) -> None:
    """Each question once, after one that warms up, and brings an earlier store up to date."""
    header = f"results on {ROWS:,} rows"
    print(f"{header:<60}{'seconds':>9}{'CPU s':>9}{'peak MB':>9}")
    for label, words in (
        ("(the first command)", ["--limit", "1"]),
        ("--claim ComfyUI --limit 50", ["--claim", "ComfyUI", "--limit", "50"]),
        ("--claim AUTOMATIC1111 --limit 50", ["--claim", "AUTOMATIC1111", "--limit", "50"]),
        ("--path '/pictures/900/*' --limit 50", ["--path", "/pictures/900/*", "--limit", "50"]),
        ("--verdict generated --limit 50", ["--verdict", "generated", "--limit", "50"]),
        ("--at-least 0.99 --sort probability --reverse --limit 50",
         ["--at-least", "0.99", "--sort", "probability", "--reverse", "--limit", "50"]),
        ("--out all.jsonl", ["--out", str(out)]),
    ):  # fmt: skip
        seconds, processor, memory = whole_process([where, *words])
        print(f"{label:<60}{seconds:>9.2f}{processor:>9.2f}{memory:>9.0f}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        where = sys.argv[1] if len(sys.argv) > 1 else str(Path(folder) / "pictures.tegaki")
        if not os.path.exists(where):
            fill(where)
        measure(where, Path(folder) / "all.jsonl")


if __name__ == "__main__":
    main()
