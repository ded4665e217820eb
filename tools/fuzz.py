"""Coverage-guided fuzzing of one reader, its corpus kept.

    pip install atheris
    python -m tools.fuzz READER CORPUS [-max_total_time=1200 ...]

READER is one of the names below; CORPUS a folder that grows, seeded from files given there. What is
found is written to the working folder as crash-*, timeout-* or oom-*.
``tests/metadata/fuzz_corpus`` holds inputs that once mattered; the tests run every reader over
them.
"""

from __future__ import annotations

import sys

_LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=65536")


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["tegaki"]):
        from tools.fuzz_targets import TARGETS
    if len(sys.argv) < 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"python -m tools.fuzz {{{','.join(TARGETS)}}} CORPUS [libFuzzer options]")
    atheris.Setup([sys.argv[0], *_LIMITS, *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
