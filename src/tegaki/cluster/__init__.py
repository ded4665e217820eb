"""The scan on many machines: a plan, partitions committed one by one, Ray between them.

Needs the extra ``tegaki[cluster]``; places in S3 ``tegaki[s3]`` too.
"""

from tegaki.cluster.inputs import listed, refuse_out_inside
from tegaki.cluster.plan import PARTITION_SIZE, Asked, Plan, committed, planned, read_plan
from tegaki.cluster.runs import Committed, Run, needs_ray
from tegaki.cluster.store_import import bring_into
from tegaki.cluster.targets import Target, open_target

__all__ = [
    "PARTITION_SIZE",
    "Asked",
    "Committed",
    "Plan",
    "Run",
    "Target",
    "bring_into",
    "committed",
    "listed",
    "needs_ray",
    "open_target",
    "planned",
    "read_plan",
    "refuse_out_inside",
]
