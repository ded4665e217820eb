"""``tegaki deliveries``: those that ``tegaki watch`` gave up."""

from __future__ import annotations

import click

from tegaki.cli.options import open_store
from tegaki.cli.watch_show import dead_line

_store_argument = click.argument("store", metavar="STORE")


@click.command("list", no_args_is_help=True)
@_store_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
def list_(store: str, as_json: bool) -> None:
    """List the deliveries in STORE that tegaki watch gave up, the oldest first.

    STORE is a file's path or postgresql://... Each line has the time, command or webhook, the
    verdict, the path, and why the last attempt failed.

    \b
    Examples:
      tegaki deliveries list uploads.tegaki
      tegaki deliveries list uploads.tegaki --json | jq -r .said

    \b
    Exit codes:
      0    they were listed; there may be none
      2    the store cannot be read
      130  stopped by Ctrl-C
    """
    with open_store(store, must_exist=True) as opened:
        from tegaki.store import Outbox

        for letter in Outbox(opened).dead():
            click.echo(dead_line(letter, as_json))


@click.command(no_args_is_help=True)
@_store_argument
def retry(store: str) -> None:
    """Have the next tegaki watch of STORE make the deliveries again that were given up.

    \b
    Examples:
      tegaki deliveries retry uploads.tegaki

    \b
    Exit codes:
      0    the next tegaki watch delivers them; there may be none
      2    the store cannot be written
      130  stopped by Ctrl-C
    """
    with open_store(store, must_exist=True) as opened:
        from tegaki.store import Outbox

        count = Outbox(opened).retry_dead()
    click.echo(f"{count:,} owed again; the next tegaki watch delivers them", err=True)
