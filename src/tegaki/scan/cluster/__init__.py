"""The scan on many machines: a plan, partitions committed one by one, Ray between them.

Needs the extra ``tegaki[cluster]``; places in S3 ``tegaki[s3]`` too.
"""

from tegaki.scan.cluster.imports import bring_into
from tegaki.scan.cluster.inputs import listed, refuse_out_inside
from tegaki.scan.cluster.plan import PARTITION_SIZE, Asked, Plan, planned
from tegaki.scan.cluster.runs import Committed, Run, needs_ray
from tegaki.scan.cluster.targets import Target, open_target

__all__ = [
    "PARTITION_SIZE",
    "Asked",
    "Committed",
    "Plan",
    "Run",
    "Target",
    "bring_into",
    "listed",
    "needs_ray",
    "open_target",
    "planned",
    "refuse_out_inside",
]
