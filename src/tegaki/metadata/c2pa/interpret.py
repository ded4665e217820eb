"""What a C2PA manifest says.

Three answers are kept apart (C2PA 2.2, chapter "Validation"): whether the hashes and the
signature hold (integrity), who signed (signer), and what the actions say of how the picture was
made (content). The library's overall state joins the first two and calls many a genuine file
Invalid, for a lapsed certificate or one of another profile: so the validation codes decide.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tegaki.metadata.c2pa.reader import STORE_BYTES, store_text
from tegaki.metadata.parsers.json_text import parsed_object
from tegaki.metadata.parsers.source_types import SOURCE_KINDS, code_of
from tegaki.results.claim import AI, KINDS, Claim, Kind, Location, Strength
from tegaki.utils.text import printable

MANIFESTS = 256  # walked along the ingredients of one store; the library takes chains of 200
SHOWN = 300  # characters of a name or a sentence from the file

# Codes of contentauth/c2pa-rs:sdk/src/validation_status.rs.
HARD_BINDINGS = {f"assertion.{kind}Hash.match" for kind in ("data", "bmff", "boxes")}
TRUSTED, UNTRUSTED = "signingCredential.trusted", "signingCredential.untrusted"
VALIDATED = "claimSignature.validated"  # without it a certificate says nothing of who signed
SIGNER_FAILURES = (  # the first that occurs is the answer
    ("signingCredential.ocsp.revoked", "revoked"),
    ("signingCredential.revoked", "revoked"),
    ("signingCredential.invalid", "invalid"),
    ("signingCredential.expired", "expired"),
    ("claimSignature.outsideValidity", "expired"),
)
SIGNER_NOTES = {
    "untrusted": "no trust list given names the signer, so anyone may have made it",
    "expired": "the signer's certificate has expired by now; without a trust list and a time stamp "
    "it cannot be told whether it was valid when the file was signed",
    "invalid": "the signer's certificate does not fit C2PA's profile",
    "revoked": "the signer's certificate was revoked",
    "trusted": "a trusted signer vouches for it",
}
BROKEN_NOTES = {
    "altered": "the file was changed after signing, or the manifest may be copied from another",
    "not checked": "its hashes could not be checked, so it may be copied from another file",
}

EDITORS = re.compile(r"(?i)photoshop|lightroom|illustrator|gimp\b|krita|clip studio|procreate")

# Tool, what its software agent is called, what its claim generator or signer is called.
TOOLS = tuple(
    (tool, re.compile(agent, re.I), re.compile(writer, re.I))
    for tool, agent, writer in (
        ("Adobe Firefly", r"\bfirefly", r"adobe firefly"),
        ("Microsoft Designer", r"\b(creator from|microsoft) designer", r"microsoft responsible ai"),
        ("OpenAI", r"dall.e\b|\bgpt-4o|\bgpt-image|\bchatgpt", r"\bopenai\b|\bchatgpt\b"),
        ("Black Forest Labs FLUX", r"\bflux", r"black forest labs"),
        ("Samsung Galaxy AI", r"\bphoto assist", r"samsung galaxy"),
        ("Google", r"google generative ai|\bgemini\b|\bimagen\b", r"\bgoogle (llc|c2pa)"),
        ("Amazon Titan", r"\btitan\b", r"amazon (bedrock|web services)"),
        ("Ideogram", r"\bideogram", r"\bideogram"),
    )
)
GENERATORS = re.compile(r"(?i)adobe firefly|\bchatgpt|\bideogram")
"""Writers that do nothing but generate: changes without agent and type are theirs."""
_CHANGES = ("c2pa.edited", "c2pa.placed")
PLACEHOLDER = "AI generated image"  # the BFL API writes it for every prompt


_Details = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was read.

    ``claims``: one, or none where the manifest says nothing of AI, a camera or a human editor.
    ``details``: the three answers, with the signer's names, also where there is no claim.
    ``problem``: one sentence on why nothing was read, or empty.
    """

    claims: tuple[Claim, ...] = ()
    details: _Details = ()
    problem: str = ""


_Path = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One manifest on the walk. ``path``: the ingredients that led here, with their addresses."""

    manifest: dict[str, Any]
    origin: bool  # the active manifest, or reached from it through parentOf alone
    path: _Path


@dataclass(frozen=True, slots=True)
class _Finding:
    """One action that says how the picture was made. ``named``: by its agent's name alone, or by
    its writer's where it has none."""

    kind: Kind
    step: _Step
    action: str
    source: str
    agent: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class _Checked:
    """``ingredient``: who signed the ingredients' manifests on the way. ``clean``: no failure."""

    integrity: str
    signer: str
    ingredient: str
    clean: bool


def read_manifest(
    data: bytes, format: str, place: Location, trust_anchors: str | None = None
) -> Manifest:
    """Read the manifest store that stands at ``place``; call it only where there is one.

    Args:
        data: the whole file: its hashes are checked.
        format: ``PNG``, ``JPEG``, ``WEBP``, ``AVIF`` or ``GIF``, as the first bytes say.
        trust_anchors: certificates (PEM) that make a signer trusted, an authority's or the
            signer's own; none by default.
    """
    if place.end - place.start > STORE_BYTES:
        return Manifest(problem=f"The C2PA manifest is larger than {STORE_BYTES >> 20} MiB.")
    text, error = store_text(data, f"image/{format.lower()}", trust_anchors)
    if error:
        return Manifest(problem=f"The C2PA manifest cannot be read: {printable(error)[:SHOWN]}.")
    store = parsed_object(text)
    if store is None:
        return Manifest(problem="The C2PA manifest is too large or too deeply nested.")
    return interpret_store(store, place)


def interpret_store(store: dict[str, Any], place: Location) -> Manifest:
    """What a manifest store says, from the JSON that c2pa-python makes of it."""
    steps = _walk(store)
    findings = [finding for step in steps for finding in _findings(step)]
    if not steps:
        return Manifest(problem="The C2PA manifest store names no active manifest.")
    if not findings:
        types = ", ".join(_source_types(steps))
        details = _details(steps[0], _check(store, steps[0]), None)
        return Manifest(details=details + ((("source types", types[:SHOWN]),) if types else ()))
    # What says most; then a known generator, rather than the editor which placed its work.
    chosen = min(findings, key=lambda f: (KINDS.index(f.kind), not _known(f)))
    checked = _check(store, chosen.step)
    details = _details(steps[0], checked, chosen)
    model, prompt = _generation(chosen)
    # Signers such as Google and Samsung also make cameras: no generator's name for those.
    known = _known(chosen) if chosen.kind in AI else ""
    tool = known or _generator(chosen.step.manifest) or chosen.agent or "unnamed C2PA writer"
    said = (tool[:SHOWN], "C2PA manifest", chosen.kind, _strength(chosen, checked), place)
    claim = Claim(*said, _note(chosen, checked), model, prompt, details=details)
    return Manifest((claim,), details)


def _walk(store: dict[str, Any]) -> list[_Step]:
    """The active manifest and those of its ingredients, nearest first (C2PA 2.2, "Ingredient")."""
    manifests = _object(store.get("manifests"))
    steps: list[_Step] = []
    seen: set[tuple[str, bool]] = set()
    queue: deque[tuple[str, bool, _Path]] = deque([(_text(store.get("active_manifest")), True, ())])
    while queue and len(steps) < MANIFESTS:
        label, origin, path = queue.popleft()
        manifest = _object(manifests.get(label))
        if not manifest or (label, origin) in seen:
            continue
        seen.add((label, origin))
        steps.append(_Step(manifest, origin, path))
        for ingredient in _objects(manifest.get("ingredients")):
            inner = _text(ingredient.get("active_manifest"))
            parent = ingredient.get("relationship") == "parentOf"
            url = f"self#jumbf=/c2pa/{label}/c2pa.assertions/{_text(ingredient.get('label'))}"
            queue.append((inner, origin and parent, (*path, (url, ingredient))))
    return steps


def _findings(step: _Step) -> Iterator[_Finding]:
    for assertion in _assertions(step.manifest, "c2pa.actions"):
        agents = _objects(assertion.get("softwareAgents"))
        for action in _objects(assertion.get("actions")):
            name = _text(action.get("action"))
            source = code_of(_text(action.get("digitalSourceType")))
            agent = _agent(action, agents)
            if name in _CHANGES and not agent and not source:
                agent = "".join(GENERATORS.findall(_generator(step.manifest))[:1])
            kind, named = _kind(name, source, agent, step.origin)
            if kind is not None:
                yield _Finding(kind, step, name, source, agent, named)
    generator = _generator(step.manifest)
    if step.origin and EDITORS.search(generator):
        yield _Finding("human-editor", step, "", "", generator)


def _source_types(steps: list[_Step]) -> list[str]:
    """The codes of all actions, each once."""
    actions = (
        action
        for step in steps
        for assertion in _assertions(step.manifest, "c2pa.actions")
        for action in _objects(assertion.get("actions"))
    )
    codes = (code_of(_text(action.get("digitalSourceType"))) for action in actions)
    return list(dict.fromkeys(filter(None, codes)))


def _kind(action: str, source: str, agent: str, origin: bool) -> tuple[Kind | None, bool]:
    """What one action says, and whether only its agent's name says so."""
    created = action == "c2pa.created" and origin
    kind = SOURCE_KINDS.get(source)
    if kind in AI:
        return (kind if created else "edited-with-ai"), False
    changing = action in {"c2pa.created", "c2pa.edited", "c2pa.placed"}
    if not source and changing and any(agents.search(agent) for _, agents, _ in TOOLS):
        # Microsoft's manifests of 2023 and 2024 give no source type.
        return ("generated" if created else "edited-with-ai"), True
    return (kind if origin else None), False


def _check(store: dict[str, Any], step: _Step) -> _Checked:
    """Integrity and signers by the codes of the active manifest and of the way to this one."""
    results = _object(store.get("validation_results"))
    success, failure = _codes(results.get("activeManifest"))
    signer, ingredient = _signer(success, failure), ""
    deltas = {
        _text(delta.get("ingredientAssertionURI")): _codes(delta.get("validationDeltas"))
        for delta in _objects(results.get("ingredientDeltas"))
    }
    for url, recorded in step.path:
        inner, failed = _codes(_object(recorded.get("validation_results")).get("activeManifest"))
        failed |= _statuses(recorded.get("validation_status"))
        now, now_failed = deltas.get(url, (set(), set()))
        if TRUSTED in now:  # with these anchors; whoever took the ingredient in had others
            failed.discard(UNTRUSTED)
        failure |= failed | now_failed
        answer = _signer(inner | now, failed | now_failed)
        ingredient = answer if ingredient in ("", "trusted") else ingredient
    return _Checked(_integrity(success, failure), signer, ingredient, clean=not failure)


def _signer(success: set[str], failure: set[str]) -> str:
    answer = next((answer for code, answer in SIGNER_FAILURES if code in failure), "")
    trusted = {TRUSTED, VALIDATED} <= success and UNTRUSTED not in failure
    return answer or ("trusted" if trusted else "untrusted")


def _integrity(success: set[str], failure: set[str]) -> str:
    # The time stamp and CAWG's identity do not cover the picture.
    covering = {code for code in failure if not code.startswith(("timeStamp.", "cawg."))}
    if any(code.endswith(".mismatch") for code in covering) or "assertion.undeclared" in covering:
        return "altered"
    if VALIDATED in success and success & HARD_BINDINGS:
        return "intact"
    return "not checked"


def _strength(finding: _Finding, checked: _Checked) -> Strength:
    if checked.integrity != "intact" or (finding.named and finding.kind == "edited-with-ai"):
        return "hint"
    trusted = checked.signer == "trusted" and checked.ingredient in ("", "trusted")
    return "proof" if trusted and checked.clean and not finding.named else "declared"


def _note(finding: _Finding, checked: _Checked) -> str:
    held = f"the hashes hold; {SIGNER_NOTES[checked.signer]}"
    parts = [BROKEN_NOTES.get(checked.integrity, held)]
    if finding.named:
        parts.append("it rests on the agent's name: no source type is given")
    if finding.step.path:
        parts.append(f"an ingredient's manifest says so, of {checked.ingredient} signature")
    if checked.integrity == "intact" and checked.signer == "trusted" and not checked.clean:
        parts.append("not every check of it passes")
    if finding.kind not in AI:
        parts.append("this never proves a human")
    note = "; ".join(parts)
    return note[0].upper() + note[1:] + "."


def _generation(finding: _Finding) -> tuple[str | None, str | None]:
    """Model and prompt: ``c2pa.ai_generated_content`` of Black Forest Labs, or the agent."""
    said = next(_assertions(finding.step.manifest, "c2pa.ai_generated_content"), {})
    prompt = said.get("prompt")
    known = isinstance(prompt, str) and prompt and prompt != PLACEHOLDER
    model = _text(said.get("model"))
    if not model and _known(finding) in ("OpenAI", "Black Forest Labs FLUX"):
        model = finding.agent
    return model[:SHOWN] or None, prompt if known else None


def _details(active: _Step, checked: _Checked, finding: _Finding | None) -> _Details:
    content = "nothing of AI, a camera or a human editor"
    if finding is not None:
        where = "in an ingredient" if finding.step.path else "in the active manifest"
        content = " ".join(filter(None, (finding.kind, finding.action, finding.source, where)))
    signature = _object(active.manifest.get("signature_info"))
    pairs = (
        ("integrity", checked.integrity),
        ("signer", checked.signer),
        ("signer of the ingredient", checked.ingredient),
        ("signer organisation", _text(signature.get("issuer"))),
        ("signer name", _text(signature.get("common_name"))),
        ("algorithm", _text(signature.get("alg"))),
        ("signed", _text(signature.get("time"))),
        ("content", content),
        ("agent", finding.agent if finding else ""),
        ("generator", _generator(active.manifest)),
    )
    return tuple((name, value[:SHOWN]) for name, value in pairs if value)


def _known(finding: _Finding) -> str:
    """The generator's name as people call it: by the agent, then the writer, then the signer."""
    manifest = finding.step.manifest
    names = _generator(manifest), _text(_object(manifest.get("signature_info")).get("issuer"))
    by_agent = [tool for tool, agents, _ in TOOLS if agents.search(finding.agent)]
    by_writer = [tool for name in names for tool, _, writer in TOOLS if writer.search(name)]
    return next(iter(by_agent + by_writer), "")


def _generator(manifest: dict[str, Any]) -> str:
    """The claim generator's name: of v2's ``claim_generator_info``, or v1's first product."""
    for info in _objects(manifest.get("claim_generator_info")):
        if name := _text(info.get("name")):
            return name.replace("_", " ")
    # Like an HTTP user agent (C2PA 1.4, "Claims"): Adobe_Photoshop/26.9.0 c2pa-rs/0.43.0
    products = _text(manifest.get("claim_generator"))
    return re.split(r"\s(?=\S+/)|/", products, maxsplit=1)[0].strip().replace("_", " ")


def _agent(action: dict[str, Any], agents: list[dict[str, Any]]) -> str:
    """``softwareAgent``: a string in v1; in v2 an object, or an index into ``softwareAgents``."""
    agent = action.get("softwareAgent")
    index = action.get("softwareAgentIndex")
    if agent is None and isinstance(index, int) and 0 <= index < len(agents):
        agent = agents[index]
    return _text(agent) or _text(_object(agent).get("name"))


def _assertions(manifest: dict[str, Any], label: str) -> Iterator[dict[str, Any]]:
    """The data of every assertion of this label, of any version (``.v2``) or instance (``__1``)."""
    versions = re.compile(re.escape(label) + r"(\.v\d+)?(__\d+)?")
    for assertion in _objects(manifest.get("assertions")):
        if versions.fullmatch(_text(assertion.get("label"))):
            yield _object(assertion.get("data"))


def _codes(results: Any) -> tuple[set[str], set[str]]:
    """The codes of what holds and of what fails."""
    return _statuses(_object(results).get("success")), _statuses(_object(results).get("failure"))


def _statuses(value: Any) -> set[str]:
    return {_text(status.get("code")) for status in _objects(value)}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
