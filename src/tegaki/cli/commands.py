"""Every command by name, with its sentence in the help. Nothing is imported for it but click."""

from __future__ import annotations

import click

from tegaki.cli.lazy import LazyCommand, LazyGroup


@click.group(
    cls=LazyGroup,
    short_help="Scan on many machines, with Ray.",
    lazy={
        "plan": LazyCommand(
            "tegaki.cli.cluster:plan", "List the files of a scan, and write the plan."
        ),
        "run": LazyCommand(
            "tegaki.cli.cluster:run", "Carry a plan out, or go on with it where it stopped."
        ),
        "import": LazyCommand(
            "tegaki.cli.cluster:import_", "Bring the results of a finished plan into a store."
        ),
    },
)
def cluster() -> None:
    """Scan on a Ray cluster, or with Ray on this machine's cores.

    A plan lists the files in partitions. A run scores partition after partition, into one Parquet
    file each. An import brings them into a store.

    \b
    Examples:
      tegaki cluster plan s3://bucket/pictures/ --recursive --out s3://bucket/results
      tegaki cluster run s3://bucket/results --address auto
      tegaki cluster import s3://bucket/results pictures.tegaki
    """


@click.group(
    cls=LazyGroup,
    short_help="List or retry the deliveries that tegaki watch gave up.",
    lazy={
        "list": LazyCommand(
            "tegaki.cli.deliveries:list_", "List the deliveries that were given up, and why."
        ),
        "retry": LazyCommand(
            "tegaki.cli.deliveries:retry", "Have the next tegaki watch deliver them again."
        ),
    },
)
def deliveries() -> None:
    """List or retry the deliveries that tegaki watch gave up.

    \b
    Examples:
      tegaki deliveries list uploads.tegaki
      tegaki deliveries retry uploads.tegaki
    """


@click.group(
    cls=LazyGroup,
    short_help="Fetch, build and describe data sets.",
    lazy={
        "fetch": LazyCommand(
            "tegaki.cli.corpus_fetch:fetch", "Download the originals that a manifest names."
        ),
        "build": LazyCommand("tegaki.cli.corpus:build", "Turn folders and manifests into shards."),
        "report": LazyCommand(
            "tegaki.cli.corpus:report", "Count a set by label, source and family."
        ),
    },
)
def corpus() -> None:
    """Make data sets and look at them.

    \b
    Examples:
      tegaki lab corpus build corpus --out shards
      tegaki lab corpus report shards --html report.html
    """


@click.group(
    cls=LazyGroup,
    short_help="Make and judge models: data sets, training, evaluation.",
    lazy={
        "corpus": corpus,
        "audit": LazyCommand(
            "tegaki.cli.audit:audit", "Show whether a data set gives its labels away."
        ),
        "train": LazyCommand("tegaki.cli.train:train", "Train a network on shards."),
        "ensemble": LazyCommand(
            "tegaki.cli.ensemble:ensemble", "Average the logits of several models in one bundle."
        ),
        "card": LazyCommand(
            "tegaki.cli.card:card", "Measure a model on a corpus, and write its card."
        ),
        "evaluate": LazyCommand(
            "tegaki.cli.evaluate:evaluate", "Measure a model under a protocol."
        ),
        "verify": LazyCommand(
            "tegaki.cli.evaluate:verify", "Compute every number of a report again."
        ),
        "gate": LazyCommand(
            "tegaki.cli.evaluate:gate", "Fail if a report falls below pinned floors."
        ),
        "reproduce": LazyCommand(
            "tegaki.cli.reproduce:reproduce", "Run the baseline paper's table of results again."
        ),
        "survival": LazyCommand(
            "tegaki.cli.survival:survival", "Measure which marks live through which tools."
        ),
    },
)
def lab() -> None:
    """Make and judge models. Most of it needs the extra tegaki[lab].

    \b
    Examples:
      tegaki lab corpus build corpus --out shards
      tegaki lab train --recipe finetune --corpus shards --weights start.pth --out runs/1
      tegaki lab evaluate --protocol unseen --model runs/1 --corpus corpus --out reports/unseen
    """


COMMANDS: dict[str, LazyCommand | LazyGroup] = {
    "check": LazyCommand(
        "tegaki.cli.check:check", "Judge a few pictures, and show all that led to each verdict."
    ),
    "scan": LazyCommand(
        "tegaki.cli.scan:scan", "Judge every picture in files, folders and archives."
    ),
    "results": LazyCommand("tegaki.cli.results:results", "Search the results that a store holds."),
    "watch": LazyCommand(
        "tegaki.cli.watch:watch", "Judge pictures as they arrive, and report verdicts."
    ),
    "metadata": LazyCommand(
        "tegaki.cli.metadata:metadata", "Print what each file says of how it was made."
    ),
    "cluster": cluster,
    "deliveries": deliveries,
    "lab": lab,
}
_NEW = ("ensemble", "reproduce", "survival")
ALIASES = {
    "provenance": "metadata",
    **{name: f"lab {name}" for name in lab.lazy if name not in _NEW},
    "blend": "lab ensemble",
    "ablate": "lab reproduce",
}
"""Earlier names, which keep working and are not listed."""
