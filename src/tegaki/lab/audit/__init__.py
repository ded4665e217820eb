"""The audit: whether a data set gives its labels away, and how far a model goes by such things."""

from tegaki.lab.audit.crops import CropsAudit, audit_crops
from tegaki.lab.audit.dataset import (
    DataAudit,
    Progress,
    audit_files,
    audit_originals,
    folder_items,
    sampled,
)
from tegaki.lab.audit.predictability import FEWEST, Estimate, Finding
from tegaki.lab.audit.properties import Property
from tegaki.lab.audit.report import Audit, as_plain, sentences, tables
from tegaki.lab.audit.robustness import ModelAudit, audit_model, not_trained_on

__all__ = [
    "FEWEST",
    "Audit",
    "CropsAudit",
    "DataAudit",
    "Estimate",
    "Finding",
    "ModelAudit",
    "Progress",
    "Property",
    "as_plain",
    "audit_crops",
    "audit_files",
    "audit_model",
    "audit_originals",
    "folder_items",
    "not_trained_on",
    "sampled",
    "sentences",
    "tables",
]
