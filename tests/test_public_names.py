import subprocess
import sys

import pytest

import tegaki


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
    heavy = ("numpy", "PIL", "onnxruntime")
    code = f"import sys, tegaki; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
