"""Coverage-guided fuzzing of the checkpoint reader: bytes in, tensors or one of our errors out.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install . torch atheris
    /tmp/fuzz/bin/python fuzz/checkpoint.py corpus FOLDER        # valid files of every container
    /tmp/fuzz/bin/python fuzz/checkpoint.py run FOLDER -runs=1000000

Whatever follows FOLDER goes to libFuzzer. An input is a failure when reading it raises anything but
the reader's own errors, takes more than a second, or takes more than 64 MB beside the bytes of the
tensors that come out. Every tensor is read to its last element. Half of the time what is mutated is
the pickle inside a zip, so that its offsets and sizes stay right and the pickle is looked at.
"""

import io
import resource
import sys
import tempfile
import time
import zipfile
from pathlib import Path

MOST_BYTES = 64 << 20
MOST_SECONDS = 1.0


def write_corpus(folder: Path) -> None:
    """Small valid files: zip and stream, each protocol, layout and type of number."""
    import torch

    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    from fairseq_layout import fairseq_document

    folder.mkdir(parents=True, exist_ok=True)
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    dtypes = (
        *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    )
    state = {"blocks.0.norm1.bias": base, "proj.bias": base[1]}
    layouts = {
        "flat": {"a": base},
        "views": {"model": {"t": base.T, "w": base[1:, 1:3], "e": base[:1, :1].expand(5, 6)}},
        "empty": {"model": {"none": torch.zeros(0, 7), "scalar": torch.tensor(3.5)}},
        "module": torch.nn.Linear(3, 2).state_dict(),
        "parameter": {"model": {"p": torch.nn.Parameter(torch.ones(3))}},
        "types": {"model": {str(dtype): torch.ones(2, 2).to(dtype) for dtype in dtypes}},
        "fairseq": fairseq_document(state),
        "fairseq-args": fairseq_document(state, with_args=True),
    }
    opaque = {"model": {"a": base}, "extra_state": {"b": b"abc", "s": {1, 2}, "f": frozenset("a")}}
    for name, content in (*layouts.items(), ("opaque", opaque)):
        for protocol in (4, 5) if name == "opaque" else (2, 3, 4, 5):
            torch.save(content, folder / f"{name}-zip-{protocol}", pickle_protocol=protocol)
            torch.save(
                content,
                folder / f"{name}-stream-{protocol}",
                pickle_protocol=protocol,
                _use_new_zipfile_serialization=False,
            )
    (folder / "tar").write_bytes(bytes(257) + b"ustar" + bytes(250))


def run(folder: Path, options: list[str]) -> None:
    """Fuzzes until libFuzzer's options end it; new inputs go to `folder`."""
    import atheris

    with atheris.instrument_imports(include=["voxcor.models"]):
        from voxcor.models import checkpoint, containers, pickles
        from voxcor.models.families import emotion2vec
    import numpy as np

    from voxcor.errors import CheckpointInvalid, CheckpointUnsafe

    assert checkpoint
    assert containers
    assert pickles
    path = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)) / "m.pt"
    done = 0
    peak = _peak_bytes()

    def one_input(data: bytes) -> None:
        nonlocal done, peak
        done += 1
        path.write_bytes(data)
        started = time.process_time()
        tensor_bytes = 0
        try:
            tensors = checkpoint.read_tensors(path, family="checkpoint", under="model")
            for array in tensors.values():
                assert not array.flags.writeable
                tensor_bytes += array.nbytes
                np.array(array)
            emotion2vec.FAMILY.read_checkpoint(path)
        except (CheckpointInvalid, CheckpointUnsafe) as error:
            str(error).encode()
        assert time.process_time() - started < MOST_SECONDS, "too slow"
        now = _peak_bytes()
        assert now - peak < MOST_BYTES + tensor_bytes, "too much memory"
        peak = now if done == 1000 else peak  # what libFuzzer and its corpus take by themselves
        if done % 100_000 == 0:
            print(f"{done} executions, peak {now >> 20} MB", flush=True)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        whole: bytes = atheris.Mutate(data, len(data))
        if seed % 2:
            return whole
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = {info.filename: archive.read(info) for info in archive.infolist()}
        except Exception:
            return whole
        rewritten = io.BytesIO()
        with zipfile.ZipFile(rewritten, "w") as archive:
            for name, part in parts.items():
                if name.endswith("data.pkl"):
                    part = atheris.Mutate(part, len(part) + 64)
                archive.writestr(name, part)
        return rewritten.getvalue()[:most]

    atheris.Setup([sys.argv[0], str(folder), *options], one_input, custom_mutator=mutated)
    atheris.Fuzz()


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    command, target, *rest = sys.argv[1:]
    if command == "corpus":
        write_corpus(Path(target))
    else:
        run(Path(target), rest)
