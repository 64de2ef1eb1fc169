"""The libraries that run graphs, each opened here and nowhere else, with the settings it gets.

ONNX Runtime runs everything. `VOXCOR_PROVIDER` puts models elsewhere: `cuda` on an NVIDIA GPU,
`openvino` through OpenVINO, which on CPUs is faster on long recordings (docs/speed.md).
"""

import os
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voxcor import telemetry
from voxcor.errors import UsageError
from voxcor.extras import installing, require_extra
from voxcor.inference import denormals
from voxcor.inference.onnx_files import Metadata, entries_of, read_model
from voxcor.invocation import pip
from voxcor.language import say
from voxcor.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray


# A pass of so many samples, 16 s of audio, works in up to 250 MB (plus-large, fp32).
_KEPT_SAMPLES = 1 << 18


class ModelSession(Protocol):
    """A model's graph, ready to run; safe to share among threads."""

    metadata: Metadata

    def run(self, inputs: Mapping[str, "NDArray[Any]"]) -> "list[NDArray[np.float32]]":
        """All outputs of one pass."""


def available_cores() -> int:
    """Cores this process may run on; a container's limit counts, the machine's total does not."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_model(path: Path, *, threads: int | None = None) -> ModelSession:
    """A session for the model graph at `path`, by the provider that the settings name.

    Args:
        path: the `.onnx` file; external weights are found beside it.
        threads: threads within one pass; None takes all cores this process may use.

    Raises:
        UsageError: the provider is not installed.
    """
    provider = Settings().provider
    if provider == "openvino" and not _is_onnxruntime_s_own(path):
        return _OpenVino(path, threads or available_cores())
    return _OnnxRuntime(path, threads, cuda=provider == "cuda")


class _OnnxRuntime:
    def __init__(self, path: Path, threads: int | None, *, cuda: bool) -> None:
        self._session = open_session(path, threads=threads, cuda=cuda)
        self.metadata = Metadata.of(self._session.get_modelmeta().custom_metadata_map)

    def run(self, inputs: Mapping[str, "NDArray[Any]"]) -> "list[NDArray[np.float32]]":
        return run(self._session, inputs)


class _OpenVino:
    """A compiled model; a request for each pass, so that threads do not wait for each other."""

    def __init__(self, path: Path, threads: int) -> None:
        provider = "VOXCOR_PROVIDER=openvino"
        require_extra("openvino", ("openvino",), provider, f"{provider} ")
        import openvino

        self.metadata = Metadata.of(entries_of(read_model(path)))
        core = openvino.Core()
        self._model = core.compile_model(
            core.read_model(path),
            "CPU",
            {
                # Where the CPU has bfloat16 that is the default, and three digits are gone.
                "INFERENCE_PRECISION_HINT": "f32",
                "INFERENCE_NUM_THREADS": threads,
                "PERFORMANCE_HINT": "LATENCY",
            },
        )

    def run(self, inputs: Mapping[str, "NDArray[Any]"]) -> "list[NDArray[np.float32]]":
        request = self._model.create_infer_request()
        request.infer(dict(inputs))
        return [request.get_output_tensor(i).data.copy() for i in range(len(self._model.outputs))]


def _is_onnxruntime_s_own(path: Path) -> bool:
    """Whether the graph has operators that only ONNX Runtime knows, as int8 ones have."""
    return any(opset.domain == "com.microsoft" for opset in read_model(path).opset_import)


@cache
def _warn_of_telemetry() -> None:
    if names := " and ".join(telemetry.reporting()):
        warnings.warn(
            say(
                f"{names} came before voxcor and may report to its maker. Import voxcor first"
                ", or set ORT_DISABLE_TELEMETRY=1 before the program starts.",
                f"{names} 先于 voxcor 导入，可能会向其开发商发送遥测数据。请先导入 voxcor"
                "，或在程序启动前设置 ORT_DISABLE_TELEMETRY=1。",
            ),
            RuntimeWarning,
            stacklevel=1,
        )


def open_session(
    path: Path, *, threads: int | None = None, cuda: bool = False
) -> "onnxruntime.InferenceSession":
    """An ONNX Runtime session for the graph at `path`; arguments and errors as `open_model`."""
    # Imported here: 70 MB of runtime are not needed for `--help` or for reading a result.
    import onnxruntime

    _warn_of_telemetry()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or available_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Lengths differ from call to call: memory patterns of one length do not fit the next.
    options.enable_mem_pattern = False
    # Waiting threads sleep instead of spinning, for the sake of whatever else runs here.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    if cuda:
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            command = f"{pip('uninstall', 'onnxruntime')}; {installing('gpu')}"
            raise UsageError(
                reason_en="VOXCOR_PROVIDER=cuda needs ONNX Runtime for GPUs in the place of the "
                f"plain one: {command}",
                reason_zh=f"VOXCOR_PROVIDER=cuda 需要以 GPU 版替换普通的 ONNX Runtime：{command}",
            )
        providers.insert(0, "CUDAExecutionProvider")
    # The session tells its own threads, and the one that makes it: which is therefore another.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    with ThreadPoolExecutor(1) as maker:
        return maker.submit(
            onnxruntime.InferenceSession, str(path), options, providers=providers
        ).result()


def run(
    session: "onnxruntime.InferenceSession", inputs: Mapping[str, "NDArray[Any]"]
) -> "list[NDArray[np.float32]]":
    """All outputs of one pass.

    The arena of a long pass gives back what it grew by, so that the longest recording's gigabyte is
    not kept for ever. That of a short one is kept: the next pass would take a tenth longer to get
    it again.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    if max(value.size for value in inputs.values()) > _KEPT_SAMPLES:
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    with denormals.taken_as_zero():
        outputs: list[NDArray[np.float32]] = session.run(None, dict(inputs), options)
    return outputs
