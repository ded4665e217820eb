"""Running one tool on one file, within limits, in a folder of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tegaki.lab.survival.canvas import page
from tegaki.lab.survival.registry import SUFFIXES, Tool

TIME_LIMIT = 60.0
"""Seconds that a tool may take for one small picture."""
MOST_BYTES = 64 << 20
"""Of an output; those of the samples are under 1 MiB."""


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    stdout: bytes


def version_of(tool: Tool) -> str | None:
    """The version that a tool says it has; ``None`` where it is absent or says none."""
    absent = tool.module is not None and importlib.util.find_spec(tool.module) is None
    if absent or not tool.is_present:
        return None
    with tempfile.TemporaryDirectory(prefix="tegaki-") as folder:
        done = _run(list(tool.version), Path(folder), errors_too=True)
    return tool.version_in(done.stdout.decode(errors="replace"))


def convert(tool: Tool, data: bytes, source: str, target: str) -> bytes:
    """The file that a tool makes of a file; empty where it fails or takes too long."""
    with tempfile.TemporaryDirectory(prefix="tegaki-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        input, output = (
            folder / f"{stem}.{SUFFIXES[form]}"
            for stem, form in (("input", source), ("output", target))
        )
        input.write_bytes(data)
        if tool.in_place:
            shutil.copyfile(input, output)
        html = folder / "page.html"
        html.write_text(page(data, source.lower(), target.lower()), encoding="utf-8")
        values = {
            "input": input, "output": output, "page": html.as_uri(), "profile": folder / "profile",
        }  # fmt: skip
        done = _run([word.format_map(values) for word in tool.command], folder)
        if done.code != 0:
            return b""
        if tool.from_stdout is not None:
            return tool.from_stdout(done.stdout)
        if not output.is_file() or output.stat().st_size > MOST_BYTES:
            return b""
        return output.read_bytes()


def _run(command: list[str], folder: Path, errors_too: bool = False) -> _Done:
    """Run a program and everything that it starts, within the time limit."""
    with (folder / "stdout").open("w+b") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out if errors_too else subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            code = process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            _end(process)
        out.seek(0)
        return _Done(code, out.read(MOST_BYTES))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a program and of what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
