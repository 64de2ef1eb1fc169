"""docs/streaming.md and docs/rules.md, in both languages: programs run, numbers are the code's."""

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest
import soundfile

from places import DOCS, VOICE
from receivers import receiving, sending
from serving import Server, server, wait_until
from voxcor.audio.vad import LONGEST_SPEECH, PADDING, SHORTEST_PAUSE, SHORTEST_SPEECH, WINDOW_S
from voxcor.rules.grammar import LONGEST_S, parse
from voxcor.rules.grammar import __doc__ as grammar
from voxcor.rules.watching import COOL_DOWN_S, NEAR
from voxcor.rules.webhooks import DELAYS_S, MOST_WAITING, Webhook, new_secret
from voxcor.server.recognition import streaming
from voxcor.server.rules import engine as rule_engine
from voxcor.settings import Settings
from voxcor.stream.session import INTERVAL_S, SPAN_S

__all__ = ["server"]

STREAMING, STREAMING_ZH, RULES, RULES_ZH = (
    (DOCS / name).read_text(encoding="utf-8")
    for name in ("streaming.md", "streaming.zh.md", "rules.md", "rules.zh.md")
)


def blocks(text: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", [STREAMING, STREAMING_ZH], ids=["en", "zh"])
def test_the_client_of_the_docs_hears_the_example(
    server: Server, tmp_path: Path, document: str
) -> None:
    samples, rate = soundfile.read(VOICE, dtype="int16")
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    (program,) = blocks(document, "python")
    program = program.replace("ws://127.0.0.1:7860", server.url.replace("http", "ws", 1))
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.count("speech_ended") == 2
    assert "angry" in printed.splitlines()[0]


@pytest.mark.parametrize("document", [RULES, RULES_ZH], ids=["en", "zh"])
def test_the_check_of_the_docs_knows_a_genuine_delivery(document: str) -> None:
    (program,) = blocks(document, "python")
    names: dict[str, object] = {}
    exec(program, names)
    is_genuine = names["is_genuine"]
    assert callable(is_genuine)
    hook_secret = new_secret()
    with receiving() as receiver, sending() as webhooks:
        webhooks.send(Webhook(receiver.url, hook_secret), "rule.fired", {})
        wait_until(lambda: receiver.requests)
    ((headers, body),) = receiver.requests
    assert is_genuine(hook_secret, headers, body)
    assert not is_genuine(new_secret(), headers, body)
    assert not is_genuine(hook_secret, headers, body + b" ")
    assert not is_genuine(hook_secret, headers, body, tolerance_s=-1)


@pytest.mark.parametrize("document", [RULES, RULES_ZH], ids=["en", "zh"])
def test_the_grammar_of_the_docs_is_the_one_that_is_read(document: str) -> None:
    first, written, *_ = blocks(document)
    assert grammar is not None
    assert [line.strip() for line in written.splitlines()] == [
        line.strip() for line in grammar.splitlines() if " = " in line
    ]
    for text in first.splitlines():
        parse(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (
            STREAMING,
            [
                f"{1000 * WINDOW_S:.0f} ms window",
                f"{1000 * SHORTEST_PAUSE * WINDOW_S:.0f} ms",
                f"{1000 * PADDING * WINDOW_S:.0f} ms before and after",
                f"cut at {LONGEST_SPEECH * WINDOW_S:.0f} s",
                f"every {1000 * INTERVAL_S:.0f} ms",
                f"last {SPAN_S:.0f} s",
                f"above {streaming.MOST_BYTES >> 20} MiB",
                f"for {Settings().stream_idle_s:.0f} s (`VOXCOR_STREAM_IDLE_S`)",
                f"{Settings().stream_sessions} sessions run (`VOXCOR_STREAM_SESSIONS`)",
            ],
        ),
        (
            STREAMING_ZH,
            [
                f"{1000 * WINDOW_S:.0f} 毫秒语音窗口",
                f"连续 {1000 * SHORTEST_PAUSE * WINDOW_S:.0f} 毫秒",
                f"前后各保留 {1000 * PADDING * WINDOW_S:.0f} 毫秒",
                f"最长 {LONGEST_SPEECH * WINDOW_S:.0f} 秒",
                f"每 {1000 * INTERVAL_S:.0f} 毫秒",
                f"最近 {SPAN_S:.0f} 秒",
                f"超过 {streaming.MOST_BYTES >> 20} MiB",
                f"{Settings().stream_idle_s:.0f} 秒没有消息（`VOXCOR_STREAM_IDLE_S`）",
                f"{Settings().stream_sessions} 个会话（`VOXCOR_STREAM_SESSIONS`）",
            ],
        ),
        (
            RULES,
            [
                f"until for {COOL_DOWN_S:.0f} s nothing",
                f"within {NEAR:g} of the limit",
                f"up to {rule_engine.KEPT}",
                f"after {DELAYS_S[0]:.0f}, 4, 8 … {DELAYS_S[-1]:.0f} s",
                f"({MOST_WAITING} at most)",
            ],
        ),
        (
            RULES_ZH,
            [
                f"连续 {COOL_DOWN_S:.0f} 秒没有接近",
                f"距界限 {NEAR:g} 以内",
                f"最多 {rule_engine.KEPT} 条",
                f"在 {DELAYS_S[0]:.0f}、4、8 … {DELAYS_S[-1]:.0f} 秒后",
                f"（最多 {MOST_WAITING} 条）",
            ],
        ),
    ],
    ids=["streaming", "streaming, zh", "rules", "rules, zh"],
)
def test_numbers_of_the_docs_are_those_of_the_code(text: str, numbers: list[str]) -> None:
    assert [number for number in numbers if number not in text] == []
    assert SHORTEST_SPEECH == 3  # "the third window"
    assert LONGEST_S == 3600  # "one hour"


@pytest.mark.parametrize("document", [STREAMING, STREAMING_ZH], ids=["en", "zh"])
def test_every_close_code_is_in_the_docs(document: str) -> None:
    codes = {*streaming._CODES.values()} | {streaming.NORMAL, streaming.GOING_AWAY}
    assert [code for code in codes if f"| {code} |" not in document] == []
