"""How long each reader was fuzzed and what came of it: docs/fuzz.json, from libFuzzer's logs.

    python -m tools.fuzz_report FOLDER

FOLDER holds READER.log of each run of ``python -m tools.fuzz``, and what was found, if anything
(READER-crash-*, READER-timeout-*, READER-oom-*, at any depth; libFuzzer's -artifact_prefix).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tools.fuzz_targets import TARGETS
from tools.tables import ROOT

_DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.M)
_SEEN = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")
_FOUND = re.compile(r"(?:crash|timeout|oom|slow-unit)-[0-9a-f]{40}\Z")


def of_log(text: str) -> dict[str, int] | None:
    """Seconds, inputs tried, lines covered and inputs kept; ``None``: the run did not end well."""
    done, seen = _DONE.search(text), _SEEN.findall(text)
    if done is None or not seen:
        return None
    lines, _, kept = seen[-1]
    return {"seconds": int(done[2]), "inputs": int(done[1]), "covered": int(lines),
            "kept": int(kept)}  # fmt: skip


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("python -m tools.fuzz_report FOLDER")
    folder = Path(sys.argv[1])
    runs = {}
    for name in TARGETS:
        log = folder / f"{name}.log"
        if log.exists():
            ran = of_log(log.read_text(encoding="utf-8", errors="replace"))
            found = [p for p in folder.rglob(f"{name}-*") if _FOUND.search(p.name)]
            runs[name] = {**(ran or {"seconds": 0}), "found": len(found) + (ran is None)}
    target = ROOT / "docs" / "fuzz.json"
    target.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    print(f"{len(runs)} of {len(TARGETS)} readers are in {target}")


if __name__ == "__main__":
    main()
