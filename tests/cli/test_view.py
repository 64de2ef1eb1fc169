"""The terminal view, read as a person reads it."""

import io
import re
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from results_by_hand import happy_then_sad, with_frames
from voxcor.cli import view
from voxcor.labels import LABELS
from voxcor.results import Quality, Result
from voxcor.timeline import summary_view


def shown(renderable: Any, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def card(width: int = 80, **changes: Any) -> str:
    return shown(view.card(happy_then_sad(**changes), width), width)


def test_the_first_line_is_that_of_the_system_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert view.headline(happy_then_sad()) == "😊 Happy (快乐) Confidence: 85.3%"
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    assert view.headline(happy_then_sad()) == "😊 快乐 (Happy) 置信度: 85.3%"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_nine_have_a_bar_with_name_and_share(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    text = card()
    for label in LABELS:
        assert re.search(rf"{label.emoji}.*{re.escape(label.both_names)} .*\d\.\d%", text)


def test_the_longest_bar_belongs_to_the_highest_score() -> None:
    lengths = {line.split()[1]: line.count("▇") for line in card().splitlines() if "·" in line}
    assert lengths["Happy"] == max(lengths.values())
    assert lengths["Happy"] == pytest.approx(0.853 * 40, abs=1)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("granularity", ["utterance", "segment", "frame"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_line_is_wider_than_the_terminal(
    width: int, granularity: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    result = with_frames() if granularity == "frame" else happy_then_sad(granularity=granularity)
    # A line that were wider would be wrapped, and its bar or ribbon torn.
    text = shown(view.card(result, width), width)
    ribbon = [line for line in text.splitlines() if "██" in line]
    assert len(ribbon) == (0 if granularity == "utterance" else 1)
    assert sum("%" in line and ("▇" in line or "▏" in line) for line in text.splitlines()) == (
        11 if granularity == "segment" else 9
    )


def test_the_ribbon_shows_who_leads_and_where_nobody_speaks() -> None:
    text = card(granularity="segment")
    (ribbon,) = [line for line in text.splitlines() if "██" in line]
    assert ribbon.index("😊") < ribbon.index("😢")
    assert "    " in ribbon[ribbon.index("😊") : ribbon.index("😢")]  # the pause
    assert "╵0 s" in text
    assert "😊 Happy" in text
    assert "😢 Sad" in text


def test_segments_are_listed_with_their_times() -> None:
    text = card(granularity="segment")
    assert re.search(r"0:00\.1 +– +0:01\.5 +😊 Happy", text)
    assert re.search(r"0:01\.9 +– +0:03\.1 +😢 Sad", text)


def test_the_facts_name_audio_quality_and_model() -> None:
    text = card(quality=Quality(24.3, 0.0, 8000, 2.6, ("noisy",)))
    assert "call.m4a · 3.20 s · 44.1 kHz · stereo" in text
    assert "2.60 s of speech · SNR 24 dB" in text
    assert "⚠" in text
    assert "plus-large · fp32" in text


def test_many_inputs_have_a_line_each() -> None:
    line = shown(view.line(happy_then_sad(), "in/call.m4a", None), 100)
    assert re.fullmatch(r"😊 Happy \(快乐\) Confidence: 85\.3% +in/call\.m4a\n", line)
    quality = Quality(24.3, 0.0, 8000, 2.6, ("noisy", "truncated"))
    warned = happy_then_sad(quality=quality)
    assert "in/call.m4a · ⚠ noisy · ⚠ truncated\n" in shown(
        view.line(warned, "in/call.m4a", None), 100
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (3.25, "0:03.2"), (59.96, "1:00.0"), (3723.4, "1:02:03.4")],
)
def test_clock(seconds: float, text: str) -> None:
    assert view.clock(seconds) == text


def spoken(**changes: Any) -> Result:
    """The same recording, the one of them happy, the other sad."""
    result = happy_then_sad()
    voices = ("Agent", "a customer with quite a long name")
    segments = tuple(
        replace(segment, speaker=voice)
        for segment, voice in zip(result.segments, voices, strict=True)
    )
    summary = summary_view(segments, result.transitions, result.emotion)
    return replace(result, segments=segments, summary=summary, **changes)


@pytest.mark.parametrize("granularity", ["utterance", "segment"])
def test_where_speakers_are_known_each_segment_names_its_own(granularity: str) -> None:
    text = shown(view.card(spoken(granularity=granularity), 80))
    assert re.search(r"0:00\.1 +– +0:01\.5 +Agent +😊 Happy", text)
    assert re.search(r"0:01\.9 +– +0:03\.1 +a customer with q… +😢 Sad", text)


def test_who_spoke_how_much_and_how_stands_below() -> None:
    text = shown(view.card(spoken(), 80))
    assert re.search(r"^  Agent +1\.40 s +54% 😊 Happy 100%", text, re.MULTILINE)
    assert re.search(r"^  a customer with q… +1\.20 s +46% 😢 Sad 100%", text, re.MULTILINE)
    assert "Agent 1.40 s 😊" in shown(view.line(spoken(), "call.m4a", None), 200)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_speakers_fit_narrow_terminals(width: int) -> None:
    text = shown(view.card(spoken(), width), width)
    rows = [line for line in text.splitlines() if "–" in line]
    assert len(rows) == 2
    assert all("0:0" in row and "%" in row for row in rows)
    assert "Ag" in rows[0]
    assert "a " in rows[1]
