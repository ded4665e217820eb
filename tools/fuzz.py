"""Coverage-guided fuzzing of one reader, its corpus kept.

    pip install atheris
    python -m tools.fuzz READER CORPUS [-max_total_time=1200 ...]

READER is one of the names below; CORPUS a folder that grows. If it does not exist, it is made from
``tests/metadata/fuzz_corpus.zip``: inputs that once mattered, which the tests give to every reader.
What is found is written to the working folder as crash-*, timeout-* or oom-*.

To add inputs to the archive, put the files into ``tests/metadata/fuzz_corpus/``, each under a name
that says what it is, and run ``python -m tools.pack``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tegaki.utils.packed import unpack

SEEDS = Path(__file__).parents[1] / "tests" / "metadata" / "fuzz_corpus.zip"
_LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=65536")


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["tegaki"]):
        from tools.fuzz_targets import TARGETS
    if len(sys.argv) < 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"python -m tools.fuzz {{{','.join(TARGETS)}}} CORPUS [libFuzzer options]")
    corpus = Path(sys.argv[2])
    if not corpus.exists():
        unpack(SEEDS, corpus)
    atheris.Setup([sys.argv[0], *_LIMITS, *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
