"""Certificates that the user trusts, and what is said where nothing can read manifests."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tegaki.errors import AnchorsError
from tegaki.metadata import MANIFEST_NOT_READ, checked_anchors, examine
from tests.conftest import painting
from tests.metadata.c2pa.signing import TYPES, Chain, action, chain, picture, sign


@pytest.fixture(scope="module")
def signer() -> Chain:
    return chain("Test Signer")


@pytest.fixture(scope="module")
def stranger() -> Chain:
    return chain("A Stranger")


def test_anchors_are_the_certificates_alone(signer: Chain, stranger: Chain) -> None:
    around = f"# Émile's list\n{signer.root}# O=Someone\n{stranger.root} end"
    assert checked_anchors(around) == signer.root + stranger.root
    assert checked_anchors(signer.certificates) == signer.certificates


def test_a_damaged_certificate_is_named(signer: Chain, stranger: Chain) -> None:
    lines = stranger.root.splitlines(keepends=True)
    for damaged in ("".join(lines[:3] + lines[4:]), "".join(lines[:4]), lines[0] + lines[-1]):
        with pytest.raises(AnchorsError) as caught:
            checked_anchors(signer.root + damaged + signer.root)
        line = signer.root.count("\n") + 1
        assert (
            str(caught.value) == f"certificate 2 of the trust anchors, in line {line}, is damaged"
        )


@pytest.mark.parametrize("anchors", ["", "certificates.pem", "/etc/ssl", "AAAA"])
def test_what_holds_no_certificate_is_refused(anchors: str) -> None:
    for refuse in (checked_anchors, lambda text: examine(picture(), trust_anchors=text)):
        with pytest.raises(AnchorsError, match="the text of a file is wanted, not its name"):
            refuse(anchors)


@pytest.mark.parametrize("anchors", [Path("certificates.pem"), b"", 3])
def test_anchors_are_a_text(anchors: Any) -> None:
    with pytest.raises(AnchorsError, match=f"this is {type(anchors).__name__}"):
        examine(picture(), trust_anchors=anchors)


def test_a_space_that_is_no_space_is_damage(signer: Chain) -> None:
    """As a web page hands it on."""
    with pytest.raises(AnchorsError, match=r"certificate 1 .* is damaged"):
        checked_anchors(signer.root.replace("\n", "\u00a0\n", 2))


def test_anchors_without_the_library_are_no_silence(signer: Chain, tmp_path: Path) -> None:
    """In a process of its own, where there is no module of that name."""
    (tmp_path / "anchors.pem").write_text(signer.root)
    (tmp_path / "a.png").write_bytes(picture())
    code = (
        "import sys; sys.modules['c2pa'] = None\n"
        "from pathlib import Path\n"
        "from tegaki.errors import MissingLibrary\n"
        "from tegaki.metadata import checked_anchors, examine\n"
        "data, anchors = Path('a.png').read_bytes(), Path('anchors.pem').read_text()\n"
        "for asked in (lambda: checked_anchors(anchors), "
        "lambda: examine(data, trust_anchors=anchors)):\n"
        "    try: asked()\n"
        "    except MissingLibrary as problem: print(problem.library)\n"
        "assert examine(data).claims == ()\n"
        "from tegaki.cli.main import main\n"
        "sys.argv = ['tegaki', 'provenance', '--trust-anchors', 'anchors.pem', 'a.png']\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stdout == "c2pa-python\nc2pa-python\n"
    assert done.returncode == 2
    assert (
        "trusting signers of C2PA manifests needs c2pa-python, which is not installed"
        in done.stderr
    )


def test_a_scan_without_the_library_tells_what_it_did_not_read(
    tmp_path: Path, signer: Chain
) -> None:
    (tmp_path / "pictures").mkdir()
    data = sign(picture(), signer, action("c2pa.created", TYPES + "trainedAlgorithmicMedia"))
    (tmp_path / "pictures" / "a.png").write_bytes(data)
    code = (
        "import sys; sys.modules['c2pa'] = None\n"
        "from tegaki.cli.main import main\n"
        "sys.argv = ['tegaki', 'scan', 'pictures', *sys.argv[1:]]\n"
        "main()"
    )
    for options in ((), ("--store", "s.tegaki")):
        done = subprocess.run(
            [sys.executable, "-c", code, *options],
            capture_output=True, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
        assert "1 file has a C2PA manifest that was not read: reading it needs" in done.stderr
        assert "-m pip install c2pa-python\n" in done.stderr


def test_each_result_says_that_its_manifest_was_not_read(tmp_path: Path, signer: Chain) -> None:
    """In check and in a scan into a store; what has no manifest says nothing of it."""
    made = io.BytesIO()
    painting().save(made, "PNG")  # large enough to be judged
    signed = sign(
        made.getvalue(), signer, action("c2pa.created", TYPES + "trainedAlgorithmicMedia")
    )
    (tmp_path / "signed.png").write_bytes(signed)
    (tmp_path / "plain.png").write_bytes(made.getvalue())
    code = "import sys; sys.modules['c2pa'] = None; from tegaki.cli.main import main; main()"

    def rows(*command: str) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *command],
            capture_output=True, text=True, cwd=tmp_path, check=True,
        )  # fmt: skip
        found = map(json.loads, done.stdout.splitlines())
        return {Path(row["path"]).name: " ".join(row["reasons"]) for row in found}

    names = ("signed.png", "plain.png")
    rows("scan", *names, "--store", "s.tegaki", "--json", "--quiet")
    for said in (rows("check", *names, "--json"), rows("results", "s.tegaki", "--json")):
        assert MANIFEST_NOT_READ in said["signed.png"]
        assert "C2PA" not in said["plain.png"]
