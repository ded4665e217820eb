"""Audits as tables and sentences for people, and as plain data for machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tegaki.lab.audit.crops import TRAINING, CropsAudit
from tegaki.lab.audit.dataset import FILE_ALONE, NO_DRAWING, Counts, DataAudit, Pair, Unreadable
from tegaki.lab.audit.predictability import FINE, PARTITIONS, WEAK, Estimate, Finding, Verdict
from tegaki.lab.audit.robustness import LEANS, ModelAudit
from tegaki.utils.tables import Table
from tegaki.utils.text import printable

Audit = DataAudit | CropsAudit | ModelAudit

_MOST_PAIRS = 20
_FEW_SOURCES = 10  # of a label; below, what a figure by source says hangs on single sources
_ORDER: tuple[Verdict, ...] = ("gives the label away", "weak", "tells sources apart", "fine")
_CONSTANT = "fine: the same for all"
_BY_RANDOM = "Random folds: the trees know other pictures of the same source. "
_BY_SOURCE = (
    "By source: the trees know no other picture of the same source (mean of "
    f"{PARTITIONS} partitions). "
)
_APART = ' "Tells sources apart": fine by source, but a random split is flattered.'


def as_plain(audit: Audit, name: str, manifest_sha256: str | None) -> dict[str, Any]:
    """The whole audit as plain data, ready for JSON.

    Args:
        name: what was audited: ``files``, ``originals``, ``views`` or ``model``.
    """
    head = {"audit": name, "manifest_sha256": manifest_sha256}
    return head | {"gives_away": list(audit.gives_away)} | asdict(audit)


def tables(audit: Audit) -> list[Table]:
    """The audit's tables, the main one first."""
    if isinstance(audit, ModelAudit):
        shown = [_moves_table(audit), _conditions_table(audit)]
    elif isinstance(audit, CropsAudit):
        shown = [_views_table(audit)]
    else:
        shown = [_findings_table(audit.findings)]
        shown += [_pairs_table(audit.pairs)] if audit.pairs else []
    return shown + ([_unreadable_table(audit.unreadable)] if audit.unreadable else [])


def sentences(audit: Audit) -> list[str]:
    """What the tables come to, in plain words; the last sentence is the outcome."""
    said = [_counted(audit.counts)]
    if isinstance(audit, ModelAudit):
        said += _of_model(audit)
    else:
        said += _of_sources(audit.counts)
    if isinstance(audit, DataAudit):
        combined = [f for f in audit.findings if f.property.name in (FILE_ALONE, NO_DRAWING)]
        said += [_alone(finding) for finding in combined if finding.varying]
        if audit.pairs is not None and not audit.pairs:
            said.append("No near-duplicates stand in two splits or under two labels.")
    return [*said, _outcome(audit)]


def _counted(counts: Counts) -> str:
    return (
        f"{counts.human:,} human pictures of {_sources(counts.human_sources)}, "
        f"{counts.generated:,} generated pictures of {_sources(counts.generated_sources)}."
    )


def _sources(count: int) -> str:
    return f"{count:,} source{'' if count == 1 else 's'}"


def _of_sources(counts: Counts) -> Iterator[str]:
    fewest = min(counts.human_sources, counts.generated_sources)
    if fewest < 2:
        yield (
            "One label has a single source, so figures by source cannot be had: what is found may "
            "be the look of that source. Verdicts go by random folds."
        )
    elif fewest < _FEW_SOURCES:
        yield f"One label has {fewest} sources only: figures by source are rough."


def _of_model(audit: ModelAudit) -> Iterator[str]:
    yield f"AUC of the pictures as they are: {audit.moves[0].auc_plain:.3f}."
    if audit.training_left_out:
        yield (
            f"{audit.training_left_out:,} pictures of split train were left out: a model may know "
            "them by heart."
        )


def _alone(finding: Finding) -> str:
    random, by_source = finding.random, finding.by_source
    if finding.property.kind == "file":
        subject, without = f"{_listed(finding.varying)} alone give", " without a look at one pixel"
    else:
        subject, without = "With the traces of handling in the pixels these give", ""
    said = f"{subject} {random.accuracy:.1%} accuracy (AUC {random.auc:.3f}){without}"
    if by_source:
        said += f"; for new sources {by_source.accuracy:.1%} (AUC {by_source.auc:.3f})"
    return said + "."


def _listed(features: Sequence[str]) -> str:
    kept = [name for name in features if name != "width x height" and " divisible by " not in name]
    if any(" divisible by " in name for name in features):
        kept.append("divisibility by 8 and 64")
    listed = ", ".join(kept)
    return listed[0].upper() + listed[1:]


def _outcome(audit: Audit) -> str:
    found = ", ".join(audit.gives_away)
    if isinstance(audit, ModelAudit):
        return f"The model leans on: {found}." if found else "The model leans on none of these."
    return f"Gives the label away: {found}." if found else "Nothing gives the label away."


def _findings_table(findings: Sequence[Finding]) -> Table:
    """Columns by source are left out where no figure by source can be had."""
    by_source = any(finding.by_source for finding in findings)
    header = ["Property", "Random folds: AUC", "accuracy"]
    header += ["By source: AUC", "accuracy"] if by_source else []
    rows = [
        (
            f.property.name,
            *_cells(f.random),
            *(_cells(f.by_source) if by_source else ()),
            _verdict(f),
        )
        for f in findings
    ]
    return Table(
        "How well single properties predict the label",
        (*header, "Verdict"),
        rows,
        note="AUC and accuracy of boosted trees on pictures held out; 0.5 is chance, and so is "
        f"less. {_BY_RANDOM}{_BY_SOURCE if by_source else ''}An AUC is taken over pairs in one "
        "fold; intervals are 95 %, drawn by source; in the accuracy both labels weigh alike. "
        f"{_verdicts(by_source)}{_APART if by_source else ''}",
        numbers=frozenset(range(1, len(header))),
    )


def _cells(estimate: Estimate | None) -> tuple[str, str]:
    if estimate is None:
        return "-", "-"
    interval = f"{estimate.auc:.3f} ({estimate.low:.2f}-{estimate.high:.2f})"
    return interval, f"{estimate.accuracy:.1%}"


def _verdicts(by_source: bool) -> str:
    return (
        f"Verdicts go by {'source' if by_source else 'random folds'}: fine up to {FINE:.2f}; weak "
        f"up to {WEAK:.2f}, or where the interval reaches chance."
    )


def _verdict(finding: Finding) -> str:
    return finding.verdict if finding.varying else _CONSTANT


def _views_table(audit: CropsAudit) -> Table:
    by_property: dict[str, list[Finding]] = defaultdict(list)
    for found in audit.findings.values():
        for finding in found:
            by_property[finding.property.name].append(finding)
    rows = [
        (
            name,
            *(f"{(f.by_source or f.random).auc:.3f}" for f in found),
            _worst(found),
        )
        for name, found in by_property.items()
    ]
    names = [f"{name}*" if name == TRAINING else name for name in audit.findings]
    by_source = any(finding.by_source for found in by_property.values() for finding in found)
    how = "by source" if by_source else "on random folds"
    return Table(
        f"What views of {audit.policy.size} pixels hand to a network: AUC {how}",
        ("Property", *names, "Verdict"),
        rows,
        note="* after augmentation, as training draws them. Content describes what is drawn: it "
        "is shown and counts for nothing. AUC of boosted trees on pictures held out, over pairs in "
        "one fold; 0.5 is chance, and so is less. "
        f"{_BY_SOURCE if by_source else _BY_RANDOM}{_verdicts(by_source)}",
        numbers=frozenset(range(1, len(names) + 1)),
    )


def _worst(found: Sequence[Finding]) -> str:
    """The gravest verdict among the views, or what kind of property needs none."""
    if found[0].property.kind == "content":
        return "content"
    if not any(finding.varying for finding in found):
        return _CONSTANT
    given = {finding.verdict for finding in found}
    return next(verdict for verdict in _ORDER if verdict in given)


def _moves_table(audit: ModelAudit) -> Table:
    header = (
        "Condition", "Logit", "Prob.", "Human", "Generated", "Verdicts", "AUC", "Change, 95 %",
        "Leans on it",
    )  # fmt: skip
    rows = [
        (
            move.condition,
            f"{move.logit:.3f}",
            f"{move.probability:.3f}",
            f"{move.human_logit:+.3f}",
            f"{move.generated_logit:+.3f}",
            f"{move.verdicts:.1%}",
            f"{move.auc:.3f}",
            f"{move.auc - move.auc_plain:+.3f} ({move.low:+.3f}, {move.high:+.3f})",
            "yes" if move.leans else "no",
        )
        for move in audit.moves
    ]
    return Table(
        f"How far scores of {printable(audit.model)} move with what is not drawing",
        header,
        rows,
        note="Means of absolute moves of logit and probability; means of signed moves of the logit "
        "of human and of generated pictures, + leans to generated; share of verdicts that change. "
        f"Intervals are drawn by source. A model leans on a condition that takes more than {LEANS} "
        "of AUC, surely; where nothing may move, on any move.",
        numbers=frozenset(range(1, 8)),
    )


def _conditions_table(audit: ModelAudit) -> Table:
    rows = [(move.condition, move.description) for move in audit.moves]
    return Table("The conditions", ("Name", "What is done"), rows)


def _pairs_table(pairs: Sequence[Pair]) -> Table:
    rows = [
        (
            printable(pair.first),
            printable(pair.second),
            " / ".join(dict.fromkeys(pair.labels)),
            " / ".join(dict.fromkeys(pair.splits)) or "-",
            f"{pair.alike:.3f}",
        )
        for pair in pairs[:_MOST_PAIRS]
    ]
    more = len(pairs) - len(rows)
    return Table(
        "Near-duplicates in two splits or under two labels",
        ("Picture", "Picture", "Labels", "Splits", "Alike"),
        rows,
        note=f"And {more:,} more: --json lists all." if more else "",
        numbers=frozenset((4,)),
    )


def _unreadable_table(unreadable: Sequence[Unreadable]) -> Table:
    by_error: dict[str, list[Unreadable]] = defaultdict(list)
    for each in unreadable:
        by_error[each.error].append(each)
    rows = [
        (error, f"{len(found):,}", printable(found[0].name), printable(found[0].message))
        for error, found in sorted(by_error.items())
    ]
    return Table(
        "Left out: could not be read",
        ("Error", "Pictures", "The first", "Why"),
        rows,
        numbers=frozenset((1,)),
    )
