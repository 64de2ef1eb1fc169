"""ONNX Runtime sessions: the one place that imports the runtime and chooses its settings."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray


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
    # Lengths differ from call to call: memory patterns of one length do not fit the next.
    options.enable_mem_pattern = False
    # Waiting threads sleep instead of spinning, for the sake of whatever else runs here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(
    session: "onnxruntime.InferenceSession", inputs: Mapping[str, "NDArray[Any]"]
) -> "list[NDArray[np.float32]]":
    """All outputs of one pass.

    The arena serves the pass, then gives back what it grew by: without an arena 30 s of audio take
    half as long again, and one that keeps the longest recording's gigabyte never forgets it.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    outputs: list[NDArray[np.float32]] = session.run(None, dict(inputs), options)
    return outputs
