"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tegaki.detector import Detector
from tegaki.pictures import MAX_BYTES, MAX_PIXELS, Limits

F = TypeVar("F", bound=Callable[..., Any])


def detector_options(command: F) -> F:
    """``--model``, ``--max-pixels`` and ``--max-bytes``."""
    for option in (
        click.option(
            "--max-bytes",
            type=click.IntRange(1),
            default=MAX_BYTES,
            show_default=True,
            help="Refuse files with more bytes.",
        ),
        click.option(
            "--max-pixels",
            type=click.IntRange(1),
            default=MAX_PIXELS,
            show_default=True,
            help="Refuse pictures with more pixels (width times height).",
        ),
        click.option(
            "--model",
            type=click.Path(readable=False),
            metavar="DIR",
            help="Folder of a model bundle; the shipped one by default.",
        ),
    ):
        command = option(command)
    return command


def load_detector(model: str | None, max_pixels: int, max_bytes: int) -> Detector:
    """The detector that the shared options describe."""
    return Detector.load(model, limits=Limits(max_pixels, max_bytes))
