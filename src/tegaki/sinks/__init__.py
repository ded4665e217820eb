"""Where rows go: JSON Lines, CSV, Parquet, HTML."""

from tegaki.sinks.sink import Format, Sink, open_sink

__all__ = ["Format", "Sink", "open_sink"]
