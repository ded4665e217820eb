"""What the command line adds to what the library says is wrong: the option or command that helps.

The library's texts name none, for whoever imports it has neither.
"""

from __future__ import annotations

import re
import sys
from shlex import quote

_CURES = (
    ("FileTooLarge", r"over the limit", "raise --max-bytes"),
    ("TooManyPixels", r"over the limit", "raise --max-pixels"),
    ("TimedOut", r"it took longer than", "raise --max-seconds"),
    ("IsAFolder", r"^a folder, not a file$", "tegaki scan goes into folders"),
    ("BundleError", r"its recipe makes none$", "such a run is for tegaki lab evaluate"),
    ("BundleError", r"has no card to check", "write it without --check"),
    ("StoreError", r"^there is no store ", "tegaki scan --store makes one"),
    ("ClusterError", r"begun with another limit on bytes", "--max-bytes sets it"),
    ("ClusterError", r"begun with another time limit", "--max-seconds sets it"),
    ("ClusterError", r"begun with other trusted", "--trust-anchors and --max-pixels set them"),
    ("ClusterError", r"begun with partitions of another", "--partition-size sets it"),
    ("ClusterError", r"begun with another treatment of side-cars", "--all-files takes them in"),
    ("ClusterError", r" is inside of ", "name another --out"),
    ("CorpusError", r"^there are no shards ", "make them: tegaki lab corpus build CORPUS "
     "--out SHARDS"),
    ("CorpusError", r"^there is no file of floors", "--raise makes it from a report"),
    ("CorpusError", r"^the report was measured on other data", "--lower moves them to its data"),
    ("CorpusError", r"that it may have learnt from", "tegaki lab corpus build --protocol builds "
     "shards to train on"),
    ("TrainingError", r"^a training run that is not finished", "finish it with tegaki lab train"),
    ("TrainingError", r"fewer than one batch", "--set batch=N"),
    ("TrainingError", r"starts from weights", "give them with --weights"),
    ("TrainingError", r"learns from a teacher", "give it with --teacher"),
    ("TrainingError", r"one a process$", "torchrun --nproc-per-node sets how many processes, and "
     "CUDA_VISIBLE_DEVICES= keeps them on CPUs"),
)  # fmt: skip
"""The name of an error, what its text has, and what helps."""
_MISSING = re.compile(r"needs (?:the extra (tegaki\[\w+\])|([\w-]+), which is not installed)")


def with_cure(kind: str, message: str) -> str:
    """An error's text, and what helps where the command line has it.

    Args:
        kind: the error's name, as rows have it.
    """
    message = with_install(message)
    cures = (cure for of, sign, cure in _CURES if of == kind and re.search(sign, message))
    return "; ".join([message, *cures])


def with_install(text: str) -> str:
    """A text, and behind an extra or a library that it names the command that brings it to the
    Python that runs."""
    return _MISSING.sub(lambda found: f"{found[0]}: {install(found[1] or found[2])}", text)


def install(what: str) -> str:
    """The command that installs a package for the Python that runs."""
    return f"{quote(sys.executable or 'python')} -m pip install {quote(what)}"
