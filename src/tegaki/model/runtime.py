"""ONNX Runtime, with its reports to its makers switched off: tegaki runs offline."""

from __future__ import annotations

import os
from typing import Any

_OFF = "ORT_DISABLE_TELEMETRY"


def load_runtime() -> Any:
    """The module ``onnxruntime``. Slow to import, so only when something is scored.

    Since 1.29 its builds write an identifier of the device below the home folder and send events
    as soon as they are loaded, unless the environment says otherwise by then
    (microsoft/onnxruntime pull request 27379). A value that is set already is left alone. On
    Windows a call after loading is what there is.
    """
    os.environ.setdefault(_OFF, "1")
    import onnxruntime

    if os.environ[_OFF] == "1":
        onnxruntime.disable_telemetry_events()
    return onnxruntime
