"""Options that say which of the files in folders and archives are judged."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tegaki.sources import TYPES, Selection

F = TypeVar("F", bound=Callable[..., Any])

all_files_option = click.option(
    "--all-files",
    is_flag=True,
    help="Judge side-cars too (.txt, .json, .xml, .npz and the like), which are passed over.",
)


def selection_options(command: F) -> F:
    """``--include``, ``--exclude``, ``--type`` and ``--all-files``, joined as ``selection``."""

    @click.option("--include", metavar="GLOB", multiple=True,
                  help="Only files that match GLOB: by name, or by path where GLOB has a /. Quote "
                  "it. Can be given more than once.")  # fmt: skip
    @click.option("--exclude", metavar="GLOB", multiple=True,
                  help="No files, and no archives, that match GLOB.")  # fmt: skip
    @click.option("--type", "types", type=click.Choice(list(TYPES), case_sensitive=False),
                  multiple=True, help="Only files whose names end as this format's do. Can be "
                  "given more than once.")  # fmt: skip
    @all_files_option
    @functools.wraps(command)
    def joined(
        *args: Any,
        include: tuple[str, ...],
        exclude: tuple[str, ...],
        types: tuple[str, ...],
        all_files: bool,
        **rest: Any,
    ) -> Any:
        selection = Selection(include, exclude, types, all_files)
        return command(*args, selection=selection, **rest)

    return joined  # type: ignore[return-value]  # it takes other keywords than the command
