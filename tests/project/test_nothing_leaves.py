"""Nothing leaves this machine and nothing is left on it: watched call by call, by the kernel."""

import shlex
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile

from batches import write_calls
from places import VOICE
from serving import Server, serving, wait_until
from voxcor.exports import FORMATS
from voxcor.models.store import BUILT_IN_FOLDER
from watching import Seen, empty_home, read, require_strace, watch, watched

# What onnxruntime 1.32 did, it did 9, 14 and 23 s after its start.
LONG_ENOUGH_S = 30

VOXCOR = f"{shlex.quote(sys.executable)} -m voxcor"

# Every command and every option that works in another way, over recordings that lie beside `out`.
COMMANDS = (
    f"{VOXCOR} --help",
    f"{VOXCOR} doctor --json",
    f"{VOXCOR} models list",
    f"{VOXCOR} recognize {VOICE} --granularity frame --embedding --out ../out/recognized",
    *(
        f"{VOXCOR} export ../out/recognized/* --format {name} --out ../out/exported"
        for name in FORMATS
    ),
    f"{VOXCOR} batch ../recordings --out ../out/batch --workers 2",
    f"{VOXCOR} stream {VOICE}",
    f"{VOXCOR} evaluate ../recordings/list.csv --out ../out/evaluated",
    f"{VOXCOR} train ../recordings/list.csv --out ../out/mine",
    f"{VOXCOR} recognize {VOICE} --model ../out/mine --no-save",
    f"{VOXCOR} bench small --rounds 1",
)


@pytest.fixture(autouse=True)
def strace() -> None:
    require_strace()


def assert_nothing_left(seen: Seen, tmp_path: Path) -> None:
    assert seen.network == ()
    allowed = [tmp_path / name for name in ("voxcor", "out", "temporary")]
    assert seen.written_outside(*allowed) == set()


def write_list(folder: Path) -> Path:
    """Twelve recordings of four speakers with two labels."""
    rows = [
        f"{path},{('angry', 'sad')[number % 2]},speaker{number // 3}"
        for number, path in enumerate(write_calls(folder, 12))
    ]
    path = folder / "list.csv"
    path.write_text("\n".join(["path,label,speaker", *rows]), encoding="utf-8")
    return path


def use(server: Server) -> None:
    """What a server can be asked for."""
    document = server.recognize(granularity="frame", embedding="true").json()
    result = f"/v1/results/{document['id']}"
    for path in (
        *("/", "/docs", "/metrics", "/v1/models", "/v1/results", result, f"{result}/events"),
        *(f"{result}/export/{name}" for name in FORMATS),
    ):
        assert server.get(path).is_success, path
    server.post("/hf/audio-classification", content=VOICE.read_bytes()).raise_for_status()
    job = server.post("/v1/jobs", files=[("file", ("call.flac", VOICE.read_bytes()))])
    job.raise_for_status()
    address = job.headers["location"]
    wait_until(lambda: server.get(address).json()["state"] == "done", "the job")
    assert server.delete(address).is_success
    assert server.delete(result).is_success


def test_a_server_asks_nobody_anything(tmp_path: Path) -> None:
    log, home = tmp_path / "calls", tmp_path / "voxcor"
    with serving(home, under=lambda command: watched(log, command), **empty_home(tmp_path)) as run:
        use(run)
        time.sleep(LONG_ENOUGH_S)
        assert run.recognize().status_code == 200
    assert_nothing_left(read(log, Path.cwd()), tmp_path)
    assert [*(tmp_path / "home").rglob("*")] == []
    assert [*(tmp_path / "temporary").rglob("*")] == []


def test_recognising_an_hour_asks_nobody_anything(tmp_path: Path) -> None:
    samples, rate = soundfile.read(VOICE)
    hour = np.tile(samples, int(3600 * rate / len(samples)) + 1)
    soundfile.write(tmp_path / "hour.flac", hour, rate)
    seen = watch(
        tmp_path, f"{VOXCOR} recognize ../hour.flac --granularity segment --out ../out --json"
    )
    assert_nothing_left(seen, tmp_path)


def test_no_command_asks_anybody_anything(tmp_path: Path) -> None:
    write_list(tmp_path / "recordings")
    assert_nothing_left(watch(tmp_path, *COMMANDS), tmp_path)


def test_an_annotated_archive_in_parquet_asks_nobody_anything(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    write_list(tmp_path / "out" / "recordings")
    seen = watch(
        tmp_path,
        f"{VOXCOR} recognize ../out/recordings/*.wav --granularity segment --out ../out/recognized",
        f"{VOXCOR} export ../out/recognized/* --format textgrid --out ../out/recordings",
        f"{VOXCOR} evaluate ../out/recordings --out ../out/evaluated",
        f"{VOXCOR} batch ../out/recordings --out ../out/batch --format parquet",
    )
    assert_nothing_left(seen, tmp_path)


def test_openvino_asks_nobody_anything(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra `openvino` is not installed")
    seen = watch(
        tmp_path,
        f"{VOXCOR} recognize {VOICE} --out ../out",
        f"{VOXCOR} bench small --rounds 1",
        VOXCOR_PROVIDER="openvino",
    )
    assert_nothing_left(seen, tmp_path)


def test_a_pulled_model_and_fine_tuning_ask_nobody_anything(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    pytest.importorskip("peft", reason="the extra `train` is not installed")
    from checkpoints import write_checkpoint

    write_list(tmp_path / "recordings")
    write_checkpoint(tmp_path / "model.pt")
    full = "--method full --model base-finetuned --set epochs=1 --set lora_rank=4"
    seen = watch(
        tmp_path,
        f"{VOXCOR} models pull base-finetuned --from ../model.pt",
        f"{VOXCOR} recognize {VOICE} --model base-finetuned --no-save",
        f"{VOXCOR} train ../recordings/list.csv --out ../out/mine {full}",
        f"{VOXCOR} models remove base-finetuned",
    )
    assert_nothing_left(seen, tmp_path)


def test_ray_reaches_nobody(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    write_list(tmp_path / "recordings")
    # Its sockets need a short path.
    with TemporaryDirectory(dir="/tmp") as short:
        command = f"{VOXCOR} batch ../recordings --out ../out --engine ray"
        seen = watch(tmp_path, command, TMPDIR=short)
        assert [*Path(short).rglob("*")] == []
        allowed = [tmp_path / "voxcor", tmp_path / "out", Path(short)]
        assert seen.written_outside(*allowed) == set()
    # Its processes look this machine's own name up, which is in /etc/hosts.
    assert seen.reached == ()


def test_a_client_speaks_to_its_server_alone(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import sys
from voxcor import Client
with Client(sys.argv[1]) as client:
    print(client.recognize({str(VOICE)!r}).emotion)
"""
    )
    with serving(tmp_path / "served") as server:
        seen = watch(tmp_path, f"{shlex.quote(sys.executable)} {program} {server.url}")
    assert_nothing_left(seen, tmp_path)


@pytest.mark.parametrize(
    "first", ["from voxcor import Recognizer", "import voxcor.inference.session"]
)
def test_a_program_that_imports_voxcor_first_reports_nothing(tmp_path: Path, first: str) -> None:
    program = f"""{first}
import onnxruntime, sys
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
"""
    model = shlex.quote(str(BUILT_IN_FOLDER / "model.onnx"))
    seen = watch(tmp_path, f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} {model}")
    assert_nothing_left(seen, tmp_path)


def test_an_attempt_is_seen(tmp_path: Path) -> None:
    """What these tests rest on: a look-up, a connection and a file in HOME do not escape them."""
    program = """
import contextlib, pathlib, socket
with contextlib.suppress(OSError):
    socket.getaddrinfo("voxcor.invalid", 443)
with contextlib.suppress(OSError), socket.socket() as out:
    out.setblocking(False)
    out.connect(("192.0.2.1", 443))
pathlib.Path.home().joinpath("left").touch()
"""
    log, home = tmp_path / "calls", tmp_path / "home"
    subprocess.run(
        watched(log, [sys.executable, "-c", program]), check=True, env=empty_home(tmp_path)
    )
    seen = read(log, Path.cwd())
    assert seen.looked_up
    assert any("192.0.2.1" in call for call in seen.reached)
    assert home / "left" in seen.written_outside()
