"""From partitions into a store: what a scan of the same files into it would have put there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tegaki.cluster.partition import Partition
from tegaki.cluster.plan import Plan, partition_name
from tegaki.cluster.targets import Target

if TYPE_CHECKING:
    from tegaki.store import Scan


def import_into(scan: Scan, target: Target, plan: Plan) -> None:
    """Bring all partitions into a scan of a store, each in one commit.

    Raises:
        OutputError: one is missing or damaged.
        StoreError: the store cannot be written.
    """
    from tegaki.store import FileRecord

    for number in range(plan.partitions):
        name = partition_name(number)
        partition = Partition(name, target.get(name) or b"")
        records = [
            FileRecord(file_stat, measurement, measurement.sha256 is not None)
            for file_stat, measurement in partition.measurements()
        ]
        ends = partition.finished()
        records += [
            FileRecord(end.file_stat, None, False, plan.asked.all_files)
            for end in ends
            if end.whole
        ]
        scan.put(records, finished=[end.file_stat.raw for end in ends])
