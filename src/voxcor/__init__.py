"""Voxcor（心声）：speech emotion recognition on your own machine.

Importing this package starts nothing: names load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from voxcor import telemetry as _  # noqa: F401 - before anything that it tells to be silent
from voxcor.version import __version__ as __version__

if TYPE_CHECKING:
    from voxcor.client.client import Client
    from voxcor.errors import VoxcorError
    from voxcor.labels import LABELS, Label
    from voxcor.recognizer import Recognizer
    from voxcor.results import Failure, Result

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
    "Client": "voxcor.client.client",
    "Failure": "voxcor.results",
    "Label": "voxcor.labels",
    "Recognizer": "voxcor.recognizer",
    "Result": "voxcor.results",
    "VoxcorError": "voxcor.errors",
}


def __dir__() -> list[str]:
    return [*__all__]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
