import subprocess
import sys

import pytest

import tegaki
from tests.conftest import ROOT


def test_public_names() -> None:
    assert tegaki.__all__ == [
        "BundleError",
        "Claim",
        "CorpusError",
        "CropScore",
        "Detector",
        "ErrorInfo",
        "InputError",
        "Limits",
        "MissingExtra",
        "OutputError",
        "PictureError",
        "Result",
        "StoreError",
        "TegakiError",
        "__version__",
    ]
    assert dir(tegaki) == sorted(tegaki.__all__)
    for name in tegaki.__all__:
        assert getattr(tegaki, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'detector_'"):
        tegaki.detector_  # noqa: B018


def test_importing_tegaki_loads_nothing_heavy() -> None:
    heavy = ("numpy", "PIL", "onnxruntime", "c2pa", "sqlalchemy", "watchdog")
    code = f"import sys, tegaki; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_check_loads_what_it_needs_alone() -> None:
    """C2PA's library where a manifest is there, SQLAlchemy where a store is used."""
    code = (
        "import sys; from tegaki import Detector; Detector.load('fast').inspect(sys.argv[1])\n"
        "print([m for m in ('c2pa', 'sqlalchemy', 'watchdog') if m in sys.modules])"
    )
    picture = ROOT / "examples" / "ink.png"
    command = [sys.executable, "-c", code, str(picture)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
