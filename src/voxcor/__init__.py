"""Voxcor (心声): speech emotion recognition on your own machine.

Importing this package starts nothing: names load on first use.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voxcor.client import Client
    from voxcor.errors import VoxcorError
    from voxcor.labels import LABELS, Label
    from voxcor.recognizer import Recognizer
    from voxcor.results import Failure, Result

__version__ = "0.1.0"

# Dependencies that report to their makers unless told not to read these when they are imported,
# and never again. onnxruntime uploads by default since 1.29 (microsoft/onnxruntime#27379).
os.environ.update(
    ORT_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    RAY_USAGE_STATS_ENABLED="0",
)

__all__ = [
    "LABELS",
    "Client",
    "Failure",
    "Label",
    "Recognizer",
    "Result",
    "VoxcorError",
    "__version__",
]

_HOME = {
    "LABELS": "voxcor.labels",
    "Client": "voxcor.client",
    "Failure": "voxcor.results",
    "Label": "voxcor.labels",
    "Recognizer": "voxcor.recognizer",
    "Result": "voxcor.results",
    "VoxcorError": "voxcor.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
