"""A group of commands that are imported when they are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command that is not imported yet.

    Attributes:
        target: where it is, as ``module:attribute``.
        summary: one sentence; the group's help and shell completion show it.
    """

    target: str
    summary: str

    def load(self) -> click.Command:
        module, name = self.target.split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


class LazyGroup(click.Group):
    """Help, completion and errors of the group import none of its commands.

    Args:
        lazy: names of commands and of groups, in the order of the help. The summary of a group is
            its ``short_help``.
        aliases: further names that work and are not listed, each with the words that it stands
            for: ``{"train": "lab train"}``.
    """

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, LazyCommand | LazyGroup],
        aliases: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy)
        self.aliases = dict(aliases or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        first, _, rest = self.aliases.get(cmd_name, cmd_name).partition(" ")
        found = self.lazy.get(first)
        if isinstance(found, LazyCommand):
            return found.load()
        return found.get_command(ctx, rest) if found and rest else found

    def summaries(self) -> dict[str, str]:
        """What each command does, in a sentence."""
        return {
            name: one.summary if isinstance(one, LazyCommand) else one.short_help or ""
            for name, one in self.lazy.items()
        }

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries().items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        names = [
            CompletionItem(name, help=summary)
            for name, summary in self.summaries().items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = args[0] in self.lazy or args[0] in self.aliases
        if not known and not args[0].startswith("-"):
            raise click.UsageError(self.unknown(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def unknown(self, word: str) -> str:
        """What to say of a word that is no command."""
        words = dict(self._suggestions())
        near = get_close_matches(word.lower(), words, n=1)
        return f"No such command {word!r}.{f' Did you mean {words[near[0]]!r}?' if near else ''}"

    def _suggestions(self) -> Iterator[tuple[str, str]]:
        """Words that may have been meant, each with what to type; those that count more last."""
        for name, one in self.lazy.items():
            if isinstance(one, LazyGroup):
                yield from ((word, f"{name} {path}") for word, path in one._suggestions())
        yield from self.aliases.items()
        yield from ((name, name) for name in self.lazy)
