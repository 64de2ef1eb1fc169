"""`voxcor doctor`: does everything work here, tried rather than asked."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxcor.invocation import voxcor
from voxcor.language import say

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from rich.table import Table

HELP = say(
    "Try what is installed: decoders, models, and recognition without a network.",
    "检查安装情况：解码器、模型，并在断网条件下试识别。",
)

# How Python reaches a network; the names are those of its table of audit events.
_NETWORK_EVENTS = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
    }
)

# Format and subtype as libsndfile names them; it decodes these.
_SNDFILE_FORMATS: Mapping[str, tuple[str, str]] = {
    "WAV": ("WAV", "PCM_16"),
    "FLAC": ("FLAC", "PCM_16"),
    "OGG Vorbis": ("OGG", "VORBIS"),
    "OGG Opus": ("OGG", "OPUS"),
}

# Container and codec as FFmpeg names them; it decodes these.
_FFMPEG_FORMATS: Mapping[str, tuple[str, str]] = {
    "MP3": ("mp3", "libmp3lame"),
    "M4A": ("mp4", "aac"),
    "AAC": ("adts", "aac"),
    "WebM": ("webm", "libopus"),
}

_TONE_S = 0.5
_TONE_RATE = 48_000


def doctor(
    as_json: Annotated[
        bool,
        typer.Option("--json", help=say("Print one JSON document.", "输出一个 JSON 文档。")),
    ] = False,
) -> None:
    report = examine()
    if as_json:
        from voxcor.result_folder import to_json

        print(to_json(report))
    else:
        from voxcor.cli.console import open_console

        open_console().print(_view(report))
    if not _is_healthy(report):
        raise typer.Exit(1)


def examine() -> dict[str, Any]:
    """Everything the command reports; a `problem` is None where there is none."""
    import platform
    import shutil

    from voxcor.inference.session import available_cores
    from voxcor.settings import Settings

    settings = Settings()
    home = settings.home
    existing = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    return {
        "versions": _versions(),
        "platform": platform.platform(),
        "cores": available_cores(),
        "home": {"path": str(home), "free_bytes": shutil.disk_usage(existing).free},
        "unreadable": _unreadable(home),
        "models": {name: _problem(partial(_try_model, name)) for name in _installed()},
        "decoders": {
            **_try_decoders(_encode_with_sndfile, _SNDFILE_FORMATS),
            **_try_decoders(_encode_with_ffmpeg, _FFMPEG_FORMATS),
        },
        "telemetry": _telemetry(),
        "offline": _try_offline(),
    }


def _is_healthy(report: Mapping[str, Any]) -> bool:
    problems = [*report["models"].values(), *report["decoders"].values()]
    problems += [report["telemetry"]["problem"], report["offline"]["problem"]]
    return not any(problems) and not report["offline"]["network_calls"]


def _versions() -> dict[str, str]:
    import platform

    import av
    import onnxruntime
    import soundfile
    import soxr

    from voxcor.version import __version__

    return {
        "voxcor": __version__,
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
        "ffmpeg": av.ffmpeg_version_info,
        "soxr": soxr.__version__,
    }


def _installed() -> tuple[str, ...]:
    from voxcor.models.store import installed

    return installed()


def _unreadable(home: "Path") -> dict[str, str]:
    """What lies there and cannot be read, and why; what was set aside is no problem any more."""
    from voxcor.disk.unreadable import set_aside_below
    from voxcor.rules.book import FILE, RuleBook

    aside = say("damaged, and set aside", "已损坏并移开")
    found = dict.fromkeys(set_aside_below(home), aside)
    problem = _problem(RuleBook(home).all)
    return found | ({FILE: problem} if problem else {})


def _problem(attempt: Callable[[], object]) -> str | None:
    """What goes wrong, whatever it is: a broken library must not end the examination."""
    try:
        attempt()
    except Exception as error:
        return str(error) or type(error).__name__
    return None


def _try_model(name: str) -> None:
    from voxcor.models.store import find_model, open_network

    open_network(find_model(name))


def _try_decoders(
    encode: Callable[[str, str], bytes], formats: Mapping[str, tuple[str, str]]
) -> dict[str, str | None]:
    """Writes a tone in each format and hears it again; what goes wrong, by format."""
    from voxcor.audio import decode

    def attempt(container: str, codec: str) -> None:
        recording = decode(encode(container, codec))
        # Some formats keep the padding of their last packet.
        if not 0 <= recording.duration - _TONE_S < 0.1:
            raise ValueError(f"{_TONE_S} s came back as {recording.duration:.3f} s")

    return {name: _problem(partial(attempt, *codec)) for name, codec in formats.items()}


def _tone() -> "NDArray[np.int16]":
    import numpy as np

    phase = 2 * np.pi * 440 * np.arange(int(_TONE_S * _TONE_RATE)) / _TONE_RATE
    return (8000 * np.sin(phase)).astype(np.int16)


def _encode_with_sndfile(kind: str, subtype: str) -> bytes:
    from io import BytesIO

    import soundfile

    file = BytesIO()
    soundfile.write(file, _tone(), _TONE_RATE, format=kind, subtype=subtype)
    return file.getvalue()


def _encode_with_ffmpeg(container: str, codec: str) -> bytes:
    from io import BytesIO

    import av

    file = BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=_TONE_RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(_tone()[None], format="s16", layout="mono")
        frame.sample_rate = _TONE_RATE
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def _telemetry() -> dict[str, Any]:
    """Whether what can report to its maker was told not to, in time."""
    import os

    from voxcor import telemetry

    found: dict[str, Any] = {"onnxruntime_can_send": None, "came_too_late": None}

    def look() -> None:
        found["onnxruntime_can_send"] = telemetry.onnxruntime_can_send()
        found["came_too_late"] = telemetry.reporting()
        if names := ", ".join(telemetry.reporting()):
            raise RuntimeError(
                say(
                    f"{names} came before voxcor and may report to its maker; import voxcor first"
                    ", or set ORT_DISABLE_TELEMETRY=1 before the program starts",
                    f"{names} 先于 voxcor 导入，可能会向其开发商发送遥测数据；请先导入 voxcor"
                    "，或在程序启动前设置 ORT_DISABLE_TELEMETRY=1",
                )
            )

    problem = _problem(look)
    switches = {name: os.environ.get(name) for name in telemetry.SWITCHES}
    return {**found, "switches": switches, "problem": problem}


def _try_offline() -> dict[str, Any]:
    """Recognises the example, and listens for attempts of Python to reach a network."""
    from voxcor.recognizer import Recognizer
    from voxcor.sources import EXAMPLE

    found: dict[str, Any] = {"model": None, "emotion": None, "milliseconds": None}
    with _network_calls() as calls:

        def recognize() -> None:
            result = Recognizer("auto").recognize(EXAMPLE)
            found["model"], found["emotion"] = result.model.id, result.emotion
            found["milliseconds"] = result.timings_ms["total"]

        problem = _problem(recognize)
    return {**found, "network_calls": calls, "not_seen": _not_seen(), "problem": problem}


def _not_seen() -> str:
    """What the look for network calls can miss."""
    command = f"strace -f -e trace=network {voxcor()} serve"
    return say(
        "Only Python's own calls are seen here, in this one run. Native code (ONNX Runtime, "
        f"FFmpeg) can call the system past Python; on Linux strace sees it all: {command}",
        "此处只能看到本次运行中 Python 自身的调用。原生代码（ONNX Runtime、FFmpeg）可绕过 Python "
        f"直接调用系统；在 Linux 上用 strace 可看到全部：{command}",
    )


@contextmanager
def _network_calls() -> Iterator[list[str]]:
    """The network calls of this process while the block runs."""
    calls: list[str] = []
    listening = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event in _NETWORK_EVENTS:
            calls.append(f"{event}{arguments!r}")

    # A hook cannot be taken away again; it can stop listening.
    sys.addaudithook(hook)
    try:
        yield calls
    finally:
        listening = False


def _view(report: Mapping[str, Any]) -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")

    def rows(title: str, lines: Mapping[str, str | None]) -> None:
        for name, problem in lines.items():
            table.add_row(title, f"✗ {name}: {problem}" if problem else f"✓ {name}")
            title = ""

    versions = " · ".join(f"{name} {version}" for name, version in report["versions"].items())
    table.add_row(say("Versions", "版本"), versions)
    count = report["cores"]
    cores = say(f"{count} core{'s' * (count != 1)}", f"{count} 核")
    table.add_row(say("Machine", "机器"), f"{report['platform']} · {cores}")
    home = report["home"]
    free = f"{home['free_bytes'] / 1e9:.1f} GB"
    table.add_row("VOXCOR_HOME", f"{home['path']} · " + say(f"{free} free", f"可用 {free}"))
    rows(say("Unreadable", "无法读取"), report["unreadable"])
    rows(say("Models", "模型"), report["models"])
    rows(say("Decoders", "解码器"), report["decoders"])
    telemetry = report["telemetry"]
    told = say("switched off in time", "及时关闭")
    if not telemetry["problem"]:
        can_send = telemetry["onnxruntime_can_send"]
        told = say(
            "switched off before onnxruntime was imported; this build "
            f"{'can send' if can_send else 'has nothing to send with'}",
            f"已在导入 onnxruntime 之前关闭；此版本{'含' if can_send else '不含'}上传功能",
        )
    rows(say("Telemetry", "遥测"), {told: telemetry["problem"]})
    offline = report["offline"]
    calls = ", ".join(offline["network_calls"])
    attempt = say("recognition of the example", "识别示例")
    if not offline["problem"]:
        attempt = say(
            f"recognised the example with {offline['model']} in {offline['milliseconds']} ms: "
            f"{offline['emotion']}; Python asked for no network",
            f"用 {offline['model']} 识别示例，耗时 {offline['milliseconds']} 毫秒："
            f"{offline['emotion']}；Python 未访问网络",
        )
    rows(say("Offline", "离线"), {attempt: offline["problem"] or calls or None})
    table.add_row("", offline["not_seen"])
    return table
