"""Rows as flat records: the columns of CSV and Parquet."""

from __future__ import annotations

import json
from typing import Any

from tegaki.results.result import Result

COLUMNS = {
    "path": str,
    "path_bytes": str,
    "sha256": str,
    "size_bytes": int,
    "format": str,
    "width": int,
    "height": int,
    "alpha": bool,
    "animated": bool,
    "verdict": str,
    "probability": float,
    "logit": float,
    "views": str,
    "reasons": str,
    "claims": str,
    "claim_tool": str,
    "claim_kind": str,
    "claim_strength": str,
    "error_type": str,
    "error_message": str,
    "model": str,
    "recipe": str,
    "domain": str,
    "judged_area": float,
    "judged_frame": int,
}
"""The columns of CSV and Parquet, in order, and their types; any but the first can be empty."""


def flatten(result: Result) -> dict[str, Any]:
    """A row as :data:`COLUMNS`: reasons joined with spaces, views and claims as JSON text; what
    the first claim says has columns of its own."""
    plain = result.to_dict()
    first = result.claims[0] if result.claims else None
    for name in ("tool", "kind", "strength"):
        plain[f"claim_{name}"] = getattr(first, name, None)
    error = plain.pop("error") or {"type": None, "message": None}
    plain["error_type"], plain["error_message"] = error["type"], error["message"]
    plain["reasons"] = " ".join(plain["reasons"])
    for name in ("views", "claims"):
        plain[name] = json.dumps(plain[name], ensure_ascii=False)
    return {name: plain[name] for name in COLUMNS}
