"""What dependencies would report to their makers, and how they are told not to.

This module comes before anything else of the package: a switch that is set later is not seen.
"""

import os
import sys
from collections.abc import Mapping

# The variables that packages read when they are imported, and never again. onnxruntime uploads by
# default since 1.29 (microsoft/onnxruntime#27379); its `disable_telemetry_events` stops nothing.
SWITCHES: Mapping[str, str] = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}

# What a program imported before Voxcor and had not told: nothing helps then. Hugging Face's client
# can be told later (models/hub.py), and Ray asks when it is started.
CAME_TOO_LATE: tuple[str, ...] = tuple(
    name
    for name, was_told in (
        ("onnxruntime", os.environ.get("ORT_DISABLE_TELEMETRY", "") not in ("", "0")),
        ("openvino", False),
    )
    if name in sys.modules and not was_told
)

os.environ.update(SWITCHES)

# OpenVINO reports each import to Google Analytics through this package, which no variable stops; it
# does without where the package is missing, and so it is: None is Python's word for that.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# Where onnxruntime's uploader sends to.
_UPLOADER = b"events.data.microsoft.com"


def reporting() -> tuple[str, ...]:
    """The packages that may report from this process, because they came before Voxcor."""
    return tuple(name for name in CAME_TOO_LATE if name != "onnxruntime" or onnxruntime_can_send())


def onnxruntime_can_send() -> bool:
    """Whether the installed onnxruntime is a build that can send, by what its libraries contain."""
    import mmap
    from pathlib import Path

    import onnxruntime

    for path in Path(onnxruntime.__file__).with_name("capi").iterdir():
        if path.suffix in (".so", ".dylib", ".pyd", ".dll") or ".so." in path.name:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as m:
                if m.find(_UPLOADER) >= 0:
                    return True
    return False
