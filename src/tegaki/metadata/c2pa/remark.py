"""What to say of a C2PA manifest that makes no claim: whose it is, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator

from tegaki.metadata.c2pa.interpret import BROKEN_NOTES, SIGNER_NOTES, Manifest


def remarks(found: Manifest) -> Iterator[str]:
    """Plain sentences; names in them come from the file."""
    details = dict(found.details)
    types = details.get("source types")
    content = f"it gives the source type {types}" if types else "it gives no source type"
    yield f"A C2PA manifest is there and does not say how the picture was made: {content}."
    yield _signed(details)
    broken = BROKEN_NOTES.get(details.get("integrity", ""))
    yield f"{broken[0].upper()}{broken[1:]}." if broken else "The file is as it was signed."


def _signed(details: dict[str, str]) -> str:
    organisation, name = details.get("signer organisation", ""), details.get("signer name", "")
    signer = organisation or name or "someone whom it does not name"
    if organisation and name not in ("", organisation):
        signer += f" ({name})"
    when = f" on {details['signed']}" if "signed" in details else " without a date"
    writer = f"written by {details['generator']} and " if "generator" in details else ""
    return f"It was {writer}signed by {signer}{when}: {SIGNER_NOTES[details['signer']]}."
