"""The command's door: what becomes of errors."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from shlex import quote
from typing import Any

import click

import tegaki
from tegaki.cli.commands import ALIASES, COMMANDS
from tegaki.cli.cures import with_cure
from tegaki.cli.lazy import LazyGroup
from tegaki.errors import TegakiError
from tegaki.utils.text import printable


class _Failure(click.ClickException):
    exit_code = 2


class _Program(LazyGroup):
    """Turns what a command raises into a sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TegakiError as problem:
            said = with_cure(type(problem).__name__, str(problem))
            raise _Failure(printable(said)) from problem
        except OSError as problem:
            if problem.errno == errno.EPIPE:  # a closed pipe: click ends quietly
                raise
            _discard_output()
            raise _Failure(f"cannot go on: {printable(str(problem))}") from problem
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)

    def unknown(self, word: str) -> str:
        from tegaki.formats import PICTURE_SUFFIXES  # these load what --help does without
        from tegaki.sources import is_url

        command = "scan" if os.path.isdir(word) else "check"
        if is_url(word) or os.path.exists(word) or word.lower().endswith(PICTURE_SUFFIXES):
            return f"A command comes first. Did you mean: tegaki {command} {printable(quote(word))}"
        return super().unknown(word)


@click.group(
    cls=_Program,
    lazy=COMMANDS,
    aliases=ALIASES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
)
@click.version_option(tegaki.__version__, prog_name="tegaki")
def program() -> None:
    """Tell whether anime pictures were drawn by a person or made by a generator.

    tegaki looks at pixels on your CPU, says "not sure" when it is not sure, and shows why. A
    verdict is evidence, never proof: about one human-drawn picture in a hundred is expected to be
    called "likely generated" by mistake, and perhaps more among styles that it has never seen.

    Colours are for terminals; NO_COLOR=1 in the environment switches them off there too.

    \b
    Examples:
      tegaki check picture.png
      tegaki scan my-pictures --recursive --out results.csv

    \b
    Exit codes of every command:
      0    done, and nothing to complain of
      1    done, but something is amiss (the command's help says what); or the pipe that it
           prints into was closed
      2    wrong usage, or it cannot be done
      130  stopped by Ctrl-C
    """
    if os.environ.get("NO_COLOR"):
        click.get_current_context().color = False


def _discard_output() -> None:
    """What waits in standard output cannot be written: do not try again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main() -> None:
    """The entry point: names and verdicts in any script reach any terminal."""
    # What matters about a file is in its row.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open for the whole run
        getattr(sys, name).reconfigure(errors="backslashreplace")
    program(prog_name="tegaki")
