"""The scan on many machines: a plan, partitions committed one by one, Ray between them.

Needs the extra ``tegaki[cluster]``; places in S3 ``tegaki[s3]`` too.
"""

from tegaki.cluster.inputs import list_items, refuse_out_inside
from tegaki.cluster.plan import PARTITION_SIZE, Plan, PlanRequest, committed, make_plan, read_plan
from tegaki.cluster.runs import Committed, Run, needs_ray
from tegaki.cluster.store_import import import_into
from tegaki.cluster.targets import Target, open_target

__all__ = [
    "PARTITION_SIZE",
    "Committed",
    "Plan",
    "PlanRequest",
    "Run",
    "Target",
    "committed",
    "import_into",
    "list_items",
    "make_plan",
    "needs_ray",
    "open_target",
    "read_plan",
    "refuse_out_inside",
]
