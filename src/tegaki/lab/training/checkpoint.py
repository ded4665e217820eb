"""The files that hold a run's numbers: ``checkpoint.pt`` and ``network.pt``."""

from __future__ import annotations

import os
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from tegaki.errors import TrainingError


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What ``network.pt`` or ``checkpoint.pt`` holds, in the CPU's memory.

    Raises:
        TrainingError: it is missing, damaged or of another version.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not {"recipe", "corpus", "backbone", "name", "split", "network"} <= state.keys():
            raise KeyError("not a run")
    except OSError as problem:
        raise TrainingError(f"{path} cannot be read: {problem.strerror}") from problem
    except (RuntimeError, EOFError, KeyError, TypeError, UnpicklingError) as problem:
        raise TrainingError(f"{path} is damaged or of another version; remove it") from problem
    return state


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write such a file: the whole of it or, at whatever moment it is stopped, nothing."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)
