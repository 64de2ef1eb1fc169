"""ONNX Runtime sessions: the one place that imports the runtime and chooses its settings."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime


def available_cores() -> int:
    """Cores this process may run on; a container's limit counts, the machine's total does not."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(path: Path, *, threads: int | None = None) -> "onnxruntime.InferenceSession":
    """A session on the CPU for the graph at `path`.

    Args:
        path: the `.onnx` file; external weights are found beside it.
        threads: threads within one pass; None takes all cores this process may use.
    """
    # Imported here: 70 MB of runtime are not needed for `--help` or for reading a result.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Lengths differ from call to call: memory patterns of one length do not fit the next, and the
    # arena would keep the largest ever asked for.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    # Waiting threads sleep instead of spinning, for the sake of whatever else runs here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
