"""A data set: its manifest, its shards, and where near-duplicates stand. No PyTorch here."""

from tegaki.lab.corpus.manifest import (
    LABELS,
    SPLITS,
    Corpus,
    Item,
    Original,
    load_corpus,
    write_manifest,
)
from tegaki.lab.corpus.shards import AS_MADE, Sample, ShardSet, load_shards, write_shards

__all__ = [
    "AS_MADE",
    "LABELS",
    "SPLITS",
    "Corpus",
    "Item",
    "Original",
    "Sample",
    "ShardSet",
    "load_corpus",
    "load_shards",
    "write_manifest",
    "write_shards",
]
