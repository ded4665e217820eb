"""C2PA manifests: real files, and pictures signed on the spot by certificates made on the spot."""

from __future__ import annotations

import csv
import io
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tegaki.metadata import checked_anchors, examine
from tegaki.metadata.c2pa import interpret, reader
from tegaki.metadata.c2pa.interpret import Manifest, read_manifest
from tegaki.results.claim import Claim, Location
from tests.metadata.c2pa.signing import (
    FIREFLY,
    TRAINED,
    TYPES,
    Chain,
    action,
    c2pa,
    chain,
    format_of,
    leaf,
    picture,
    sign,
)

PLACE = Location("PNG caBX", 33, 9000)
AI = {"generated", "edited-with-ai"}


@pytest.fixture(scope="module")
def signer() -> Chain:
    return chain("Test Signer")


@pytest.fixture(scope="module")
def stranger() -> Chain:
    return chain("A Stranger")


def read(data: bytes, *anchors: Chain) -> Manifest:
    return read_manifest(data, format_of(data), PLACE, "".join(a.root for a in anchors) or None)


def only(found: Manifest) -> Claim:
    assert found.problem == ""
    (claim,) = found.claims
    assert claim.details == found.details
    assert claim.carrier == "C2PA manifest"
    assert claim.place == PLACE
    return claim


def answers(found: Manifest) -> tuple[str, str]:
    details = dict(found.details)
    return details["integrity"], details["signer"]


# Real files


def _rows(shared: Path) -> list[dict[str, str]]:
    with (shared / "fixtures" / "MANIFEST.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if "c2pa_" in row["file"]]


def test_every_generated_fixture_names_its_tool(shared: Path) -> None:
    rows = [row for row in _rows(shared) if row["label"] == "ai"]
    assert len(rows) == 8
    for row in rows:
        claim = only(read((shared / "fixtures" / row["file"]).read_bytes()))
        assert (claim.tool, claim.strength) == (row["tool"], "declared"), row["file"]
        assert claim.kind in AI
        assert claim.prompt is None  # of the eight, one holds a prompt, and that is a placeholder


def test_no_control_is_called_generated(shared: Path) -> None:
    rows = [row for row in _rows(shared) if row["label"] == "control"]
    assert len(rows) == 8
    for row in rows:
        found = read((shared / "fixtures" / row["file"]).read_bytes())
        assert not {claim.kind for claim in found.claims} & AI, row["file"]


@pytest.mark.parametrize(
    ("file", "kind", "expected"),
    [
        ("c2pa_firefly.png", "generated", ("intact", "untrusted")),
        ("c2pa_flux_api.jpg", "generated", ("intact", "expired")),
        ("c2pa_microsoft_designer.jpeg", "generated", ("intact", "invalid")),
        ("c2pa_photoshop_firefly_composite.jpg", "edited-with-ai", ("intact", "untrusted")),
        ("c2pa_samsung_photoassist.png", "edited-with-ai", ("intact", "invalid")),
        ("ctl_c2pa_digitalCapture.jpg", "camera", ("intact", "untrusted")),
        ("ctl_c2pa_bad_signature.jpg", None, ("altered", "untrusted")),
        ("ctl_c2pa_hash_mismatch.jpg", None, ("altered", "untrusted")),
    ],
)
def test_three_answers_apart(
    shared: Path, file: str, kind: str | None, expected: tuple[str, str]
) -> None:
    found = read((shared / "fixtures" / file).read_bytes())
    assert answers(found) == expected
    assert [claim.kind for claim in found.claims] == ([kind] if kind else [])


def test_models_and_signers_of_fixtures(shared: Path) -> None:
    flux = only(read((shared / "fixtures" / "c2pa_flux_api.jpg").read_bytes()))
    assert flux.model == "Flux.2"
    assert dict(flux.details)["signer organisation"] == "Black Forest Labs Inc."
    openai = only(read((shared / "fixtures" / "c2pa_openai_dalle3.webp").read_bytes()))
    assert (openai.model, dict(openai.details)["signed"]) == (
        "DALL·E",
        "2024-03-08T20:22:53+00:00",
    )
    assert "an ingredient's manifest says so" in openai.note


def test_a_manifest_without_source_type_rests_on_its_agent(shared: Path) -> None:
    claim = only(read((shared / "fixtures" / "c2pa_bing_creator.jpg").read_bytes()))
    assert (claim.kind, claim.strength) == ("generated", "declared")
    assert "rests on the agent's name" in claim.note


# Integrity and signer


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_trust_makes_a_declaration_proof(format: str, signer: Chain, stranger: Chain) -> None:
    data = sign(picture(format), signer, FIREFLY, generator="Adobe_Firefly")
    for anchors, strength, answer in (
        ((), "declared", "untrusted"),
        ((stranger,), "declared", "untrusted"),
        ((signer,), "proof", "trusted"),
    ):
        found = read(data, *anchors)
        claim = only(found)
        assert (claim.tool, claim.kind, claim.strength) == ("Adobe Firefly", "generated", strength)
        assert answers(found) == ("intact", answer)
    assert dict(found.details)["signer organisation"] == "Test Signer"


@pytest.mark.parametrize(
    ("format", "marker"), [("PNG", b"IDAT"), ("JPEG", b"\xff\xda"), ("WEBP", b"VP8 ")]
)
def test_pixels_changed_after_signing(format: str, marker: bytes, signer: Chain) -> None:
    data = bytearray(sign(picture(format), signer, FIREFLY))
    data[data.rindex(marker) + 20] ^= 1
    found = read(bytes(data), signer)
    assert only(found).strength == "hint"
    assert "may be copied from another" in only(found).note
    assert answers(found) == ("altered", "trusted")


def test_a_transplanted_manifest_is_a_hint(signer: Chain) -> None:
    signed, other = sign(picture(), signer, FIREFLY), picture(colour=(1, 2, 3))
    start = signed.index(b"caBX") - 4
    size = int.from_bytes(signed[start : start + 4], "big") + 12
    first = other.index(b"IDAT") - 4
    data = other[:first] + signed[start : start + size] + other[first:]
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.convert("RGB").getpixel((0, 0)) == (1, 2, 3)
    claim = only(read(data, signer))
    assert (claim.kind, claim.strength) == ("generated", "hint")


def test_a_signers_own_certificate_makes_it_trusted(signer: Chain, stranger: Chain) -> None:
    """As C2PA 2.2, "Private Credential Store", has it; it makes nobody else trusted."""
    data = sign(picture(), signer, FIREFLY)
    own, others = leaf(signer), leaf(stranger)
    for anchors, strength, answer in (
        (own, "proof", "trusted"),
        (stranger.root + own, "proof", "trusted"),
        (others, "declared", "untrusted"),
        (others + stranger.root, "declared", "untrusted"),
    ):
        found = read_manifest(data, "PNG", PLACE, checked_anchors(anchors))
        assert (only(found).strength, answers(found)[1]) == (strength, answer)


def test_an_expired_certificate_is_told_in_full(shared: Path) -> None:
    note = only(read((shared / "fixtures" / "c2pa_flux_api.jpg").read_bytes())).note
    assert "has expired by now" in note
    assert "whether it was valid when the file was signed" in note


# What is said of a manifest that makes no claim


def test_a_manifest_without_a_claim_shows_whose_it_is(signer: Chain) -> None:
    made = action("c2pa.created", TYPES + "algorithmicMedia")
    data = sign(picture(), signer, made, generator="Some_Tool")
    whole = examine(data)
    assert whole.claims == ()
    assert whole.remarks == (
        "A C2PA manifest is there and does not say how the picture was made: "
        "it gives the source type algorithmicMedia.",
        "It was written by Some Tool and signed by Test Signer (Test Signer signing) without a "
        "date: no trust list given names the signer, so anyone may have made it.",
        "The file is as it was signed.",
    )
    changed = bytearray(data)
    changed[data.rindex(b"IDAT") + 20] ^= 1
    assert "The file was changed after signing" in examine(bytes(changed)).remarks[2]
    trusted = examine(data, trust_anchors=signer.root).remarks[1]
    assert trusted.endswith("without a date: a trusted signer vouches for it.")


def test_remarks_on_a_real_file(shared: Path) -> None:
    found = examine((shared / "fixtures" / "ctl_c2pa_hash_mismatch.jpg").read_bytes())
    assert "C2PA Test Signing Cert (C2PA Signer) on 2024-08-06T21:53:37+00:00" in found.remarks[1]
    assert found.remarks[2].startswith("The file was changed after signing")
    assert not any("integrity" in remark for remark in found.remarks)


# Content


@pytest.mark.parametrize(
    ("name", "source", "kind"),
    [
        ("c2pa.created", TRAINED, "generated"),
        ("c2pa.created", "https" + TRAINED[4:], "generated"),
        ("c2pa.created", "trainedAlgorithmicMedia", "generated"),
        ("c2pa.created", "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", "generated"),
        ("c2pa.created", TYPES + "trainedalgorithmicmedia", None),
        ("c2pa.created", TYPES + "notTrainedAlgorithmicMedia", None),
        ("c2pa.created", TYPES + "algorithmicMedia", None),
        ("c2pa.created", TYPES + "composite", None),
        ("c2pa.created", TYPES + "compositeWithTrainedAlgorithmicMedia", "edited-with-ai"),
        ("c2pa.edited", TRAINED, "edited-with-ai"),
        ("c2pa.placed", TRAINED, "edited-with-ai"),
        ("c2pa.created", " " + TYPES + "digitalCapture", "camera"),
        ("c2pa.created", TYPES + "negativeFilm", "camera"),
        ("c2pa.created", TYPES + "screenCapture", None),
        ("c2pa.created", TYPES + "digitalCreation", "human-editor"),
        ("c2pa.edited", TYPES + "humanEdits", "human-editor"),
        ("c2pa.created", "", None),
    ],
)
def test_source_types(name: str, source: str, kind: str | None, signer: Chain) -> None:
    found = read(sign(picture(), signer, action(name, source)))
    assert [claim.kind for claim in found.claims] == ([kind] if kind else [])
    assert found.problem == ""
    assert answers(found)[0] == "intact"


@pytest.mark.parametrize(
    ("agent", "generator", "tool"),
    [
        ("GPT-4o", "Some Tool", "OpenAI"),
        ("", "Google C2PA Core Generator Library", "Google"),
        ("", "Amazon_Bedrock", "Amazon Titan"),
        ("", "Ideogram/3.0", "Ideogram"),
        ("", "Some_Tool", "Some Tool"),
    ],
)
def test_tools_by_agent_then_writer(agent: str, generator: str, tool: str, signer: Chain) -> None:
    made = action("c2pa.created", TRAINED, agent)
    assert only(read(sign(picture(), signer, made, generator=generator))).tool == tool


@pytest.mark.parametrize(
    ("relationship", "kind"),
    [("parentOf", "generated"), ("componentOf", "edited-with-ai"), ("inputTo", "edited-with-ai")],
)
def test_ingredients(relationship: str, kind: str, signer: Chain) -> None:
    inner = sign(picture(), signer, FIREFLY, generator="Adobe_Firefly")
    outer = picture(colour=(9, 9, 9))
    data = sign(outer, signer, action("c2pa.edited"), ingredients={relationship: inner})
    claim = only(read(data))
    assert (claim.tool, claim.kind, claim.strength) == ("Adobe Firefly", kind, "declared")


def test_makers_of_generators_also_make_cameras(signer: Chain) -> None:
    taken = action("c2pa.created", TYPES + "computationalCapture")
    writer = "Google C2PA Core Generator Library"
    claim = only(read(sign(picture(), signer, taken, generator=writer)))
    assert (claim.tool, claim.kind) == (writer, "camera")


def test_a_camera_picture_placed_in_another_is_no_camera_claim(signer: Chain) -> None:
    photograph = sign(picture(), signer, action("c2pa.created", TYPES + "digitalCapture"))
    data = sign(picture(), signer, action("c2pa.edited"), ingredients={"componentOf": photograph})
    assert read(data).claims == ()
    edited = sign(photograph, signer, edit=True, generator="Adobe_Photoshop")
    assert (only(read(edited)).kind, only(read(edited)).tool) == ("camera", "Some Tool")


def test_proof_needs_every_signer_on_the_way(signer: Chain, stranger: Chain) -> None:
    data = sign(sign(picture(), stranger, FIREFLY), signer, edit=True)
    for anchors, strength in (
        ((), "declared"),
        ((signer,), "declared"),
        ((stranger,), "declared"),
        ((signer, stranger), "proof"),
    ):
        assert only(read(data, *anchors)).strength == strength
    assert dict(read(data, signer).details)["signer of the ingredient"] == "untrusted"


def test_an_ingredient_that_was_changed_before(signer: Chain) -> None:
    inner = bytearray(sign(picture(), signer, FIREFLY))
    inner[inner.rindex(b"IDAT") + 20] ^= 1
    data = sign(picture(), signer, action("c2pa.edited"), ingredients={"componentOf": bytes(inner)})
    assert only(read(data, signer)).strength == "hint"


def test_human_editors(signer: Chain) -> None:
    data = sign(picture(), signer, action("c2pa.created"), generator="Adobe_Photoshop")
    claim = only(read(data, signer))
    assert (claim.tool, claim.kind) == ("Adobe Photoshop", "human-editor")
    assert "never proves a human" in claim.note
    filled = action("c2pa.edited", agent="Adobe Firefly")
    claim = only(read(sign(picture(), signer, filled, generator="Adobe_Photoshop"), signer))
    assert (claim.tool, claim.kind, claim.strength) == ("Adobe Firefly", "edited-with-ai", "hint")


@pytest.mark.parametrize(
    ("name", "generator", "tool"),
    [
        ("c2pa.edited", "Adobe_Firefly", "Adobe Firefly"),
        ("c2pa.placed", "Adobe_Firefly/2.0 c2pa-rs/0.60", "Adobe Firefly"),
        ("c2pa.edited", "ChatGPT", "OpenAI"),
        ("c2pa.opened", "Adobe_Firefly", None),
        ("c2pa.edited", "Some_Tool", None),
        ("c2pa.edited", "Google C2PA Core Generator Library", None),
    ],
)
def test_a_generator_as_the_writer_of_a_change_is_a_hint(
    name: str, generator: str, tool: str | None, signer: Chain
) -> None:
    found = read(sign(picture(), signer, action(name), generator=generator), signer)
    said = [(claim.tool, claim.kind, claim.strength) for claim in found.claims]
    assert said == ([(tool, "edited-with-ai", "hint")] if tool else [])


def test_model_and_prompt(signer: Chain) -> None:
    said = {"model": "Flux.2", "prompt": "a heron in the reeds, woodcut", "ai_generated": True}
    extra = ({"label": "c2pa.ai_generated_content", "data": said},)
    made = action("c2pa.created", TRAINED, "Flux.2")
    claim = only(read(sign(picture(), signer, made, extra=extra)))
    assert (claim.tool, claim.model) == ("Black Forest Labs FLUX", "Flux.2")
    assert claim.prompt == said["prompt"]


# Network, absence, hostile stores


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A local server: its address, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/manifest.c2pa", asked
        http.shutdown()
        thread.join()


def test_nothing_is_fetched(server: tuple[str, list[str]], signer: Chain) -> None:
    address, asked = server
    remote = sign(picture(), signer, FIREFLY, remote=address, embed=False)
    both = sign(picture(), signer, FIREFLY, remote=address)
    assert "remote" in read(remote).problem
    assert only(read(both)).kind == "generated"
    assert asked == []
    with pytest.raises(c2pa.C2paError):  # as a control: without the switches a request is sent
        c2pa.Reader("image/png", io.BytesIO(remote))
    assert asked


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, signer: Chain) -> None:
    data = sign(picture(), signer, FIREFLY)
    assert reader.available()
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert not reader.available()
    assert read(data).claims == ()
    assert read(data).problem


def test_files_without_a_readable_manifest(signer: Chain) -> None:
    assert "ManifestNotFound" in read(picture()).problem
    signed = sign(picture(), signer, FIREFLY)
    cut = signed[: signed.index(b"caBX") + 300]
    assert read(cut).problem.startswith("The C2PA manifest cannot be read: ")
    large = Location("PNG caBX", 0, reader.STORE_BYTES + 1)
    assert "larger than 64 MiB" in read_manifest(signed, "PNG", large).problem


def told(monkeypatch: pytest.MonkeyPatch, store: str) -> Manifest:
    """What is read where the library gives this store."""
    monkeypatch.setattr(interpret, "store_text", lambda *_: (store, ""))
    return read_manifest(b"", "PNG", PLACE)


def _store(manifests: dict[str, Any], failure: str = "") -> str:
    success = ["claimSignature.validated", "assertion.dataHash.match", "signingCredential.trusted"]
    results = {
        "success": [{"code": code} for code in success],
        "failure": [{"code": failure}] if failure else [],
    }
    return json.dumps(
        {
            "active_manifest": "m0",
            "manifests": manifests,
            "validation_results": {"activeManifest": results},
        }
    )


def test_loops_and_crowds_of_ingredients_end(monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = {
        f"m{n}": {
            "ingredients": [
                {"relationship": "parentOf", "active_manifest": f"m{(n + step) % 1000}"}
                for step in range(5)
            ]
        }
        for n in range(1000)
    }
    found = told(monkeypatch, _store(manifests))
    assert (found.claims, found.problem) == ((), "")


@pytest.mark.parametrize(
    ("failure", "expected", "strength"),
    [
        ("", ("intact", "trusted"), "proof"),
        ("signingCredential.ocsp.revoked", ("intact", "revoked"), "declared"),
        ("assertion.action.malformed", ("intact", "trusted"), "declared"),
        ("assertion.action.ingredientMismatch", ("intact", "trusted"), "declared"),
        ("assertion.undeclared", ("altered", "trusted"), "hint"),
        ("cawg.x509.signature.mismatch", ("intact", "trusted"), "declared"),
    ],
)
def test_codes(
    failure: str, expected: tuple[str, str], strength: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = {"label": "c2pa.actions", "data": {"actions": [FIREFLY]}}
    found = told(monkeypatch, _store({"m0": {"assertions": [actions]}}, failure))
    assert answers(found) == expected
    assert only(found).strength == strength


def test_a_statement_without_checks_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"assertions": [{"label": "c2pa.actions", "data": {"actions": [FIREFLY]}}]}
    unbound = _store({"m0": said}).replace("assertion.dataHash.match", "general")
    found = told(monkeypatch, unbound)
    assert (answers(found)[0], only(found).strength) == ("not checked", "hint")
    parent = {"relationship": "parentOf", "active_manifest": "m1", "label": "c2pa.ingredient"}
    unchecked = told(monkeypatch, _store({"m0": {"ingredients": [parent]}, "m1": said}))
    assert (answers(unchecked), only(unchecked).strength) == (("intact", "trusted"), "declared")


def test_a_certificate_beside_a_broken_signature_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions = {"label": "c2pa.actions", "data": {"actions": [FIREFLY]}}
    store = _store({"m0": {"assertions": [actions]}}, "claimSignature.mismatch")
    found = told(monkeypatch, store.replace("claimSignature.validated", "general"))
    assert answers(found) == ("altered", "untrusted")
    assert only(found).strength == "hint"


@pytest.mark.parametrize("store", ["[" * 100_000, '{"a":' * 100_000, "{}", "[]", "null"])
def test_stores_that_are_none(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, store)
    assert found.claims == ()
    assert found.problem


@pytest.mark.parametrize("value", [None, 3, "x", [], [None], [[1]], {"a": 1}, {"a": []}])
def test_fields_of_any_type(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    action = {"action": value, "digitalSourceType": value, "softwareAgent": value}
    manifest = {
        "claim_generator": value,
        "claim_generator_info": value,
        "signature_info": value,
        "ingredients": [{"active_manifest": "m0", "label": value, "validation_results": value}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action, value]}}, value],
    }
    assert told(monkeypatch, _store({"m0": manifest})).claims == ()
