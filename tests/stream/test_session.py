"""Live sessions: what they say while somebody speaks is what the recording says afterwards."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_files import noise, speech, with_silence
from places import VOICE
from voxcor import Recognizer
from voxcor.audio import decode
from voxcor.audio.endpoint import Leveller
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.audio.vad import (
    LONGEST_SPEECH,
    WINDOW_S,
    WINDOW_SAMPLES,
    speech_probabilities,
    speech_spans,
)
from voxcor.errors import ConfigInvalid, InvalidAudioFrame, NoSuchPerson
from voxcor.frames import SAMPLE_RATE
from voxcor.labels import LABEL_IDS
from voxcor.people.baseline import relative_to
from voxcor.people.book import People, Utterance
from voxcor.rules.grammar import parse
from voxcor.settings import Settings
from voxcor.stream.events import (
    Measurement,
    RuleFired,
    SessionClosed,
    SessionEvent,
    UtteranceEnd,
    UtteranceStart,
)
from voxcor.stream.session import SPAN_S, Pace, Session, SessionOptions, samples_of
from voxcor.timeline import dimensions_of

Samples = np.ndarray


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer("small", threads=1)


@pytest.fixture(scope="module")
def voice() -> Samples:
    """The example: two sentences in 8.2 s, 16 kHz."""
    samples, rate = soundfile.read(VOICE, dtype="float32")
    assert rate == SAMPLE_RATE
    return np.asarray(samples, np.float32)


@pytest.fixture(scope="module")
def dialogue(corpora: Path) -> Samples:
    """Ten clips of acted speech with pauses between them, some too short to part utterances."""
    parts = []
    for index, path in enumerate(sorted((corpora / "emodb").glob("*.opus"))[::7][:10]):
        recording = decode(path)
        parts += [resample(mix_to_mono(recording.samples), recording.sample_rate)]
        parts += [np.zeros(round((0.2, 0.7, 1.5)[index % 3] * SAMPLE_RATE), np.float32)]
    samples = np.concatenate(parts)
    return (samples + noise(len(samples) / SAMPLE_RATE, rms=1e-3)[: len(samples)]).astype(
        np.float32
    )


def listen(
    recognizer: Recognizer, pieces: Sequence[Samples], options: SessionOptions | None = None
) -> list[SessionEvent]:
    session = Session(recognizer, options)
    events = [event for piece in pieces for event in session.feed(piece)]
    return events + session.close("end_of_audio")


def finals(events: Sequence[SessionEvent]) -> list[Measurement]:
    return [
        event
        for event in events
        if isinstance(event, Measurement) and event.trigger == "speech_ended"
    ]


def interims(events: Sequence[SessionEvent]) -> list[Measurement]:
    return [
        event for event in events if isinstance(event, Measurement) and event.trigger == "interval"
    ]


def heard_by_silero(samples: Samples) -> Samples:
    """The whole recording as a session levels it, its last window filled up with silence."""
    leveller = Leveller()
    padded = np.pad(samples, (0, -len(samples) % WINDOW_SAMPLES))
    return np.concatenate([leveller.push(window) for window in padded.reshape(-1, WINDOW_SAMPLES)])


@pytest.mark.parametrize("recording", ["voice", "dialogue"])
def test_every_final_result_is_the_offline_result_on_the_same_samples(
    recognizer: Recognizer, recording: str, request: pytest.FixtureRequest
) -> None:
    samples = request.getfixturevalue(recording)
    results = finals(listen(recognizer, [samples]))
    assert len(results) >= 2
    for final in results:
        part = samples[round(final.start * SAMPLE_RATE) : round(final.end * SAMPLE_RATE)]
        offline = recognizer.recognize((part, SAMPLE_RATE), trim=False)
        assert dict(final.scores) == pytest.approx(offline.scores, abs=1e-9)
        assert (final.emotion, final.confidence) == (offline.emotion, final.scores[final.emotion])
        assert final.dimensions == dimensions_of(final.scores)
        told = final.to_document()["dimensions"]
        assert (told and told.keys()) in (None, {"arousal", "valence", "origin"})


@pytest.mark.parametrize("recording", ["voice", "dialogue"])
def test_utterances_are_the_offline_spans_of_the_whole_recording(
    recognizer: Recognizer, recording: str, request: pytest.FixtureRequest
) -> None:
    samples = request.getfixturevalue(recording)
    online = [(final.start, final.end) for final in finals(listen(recognizer, [samples]))]
    offline = speech_spans(speech_probabilities([heard_by_silero(samples)]))
    end = len(samples) / SAMPLE_RATE
    expected = [(start, min(stop, end)) for start, stop in offline]
    assert all(stop - start <= LONGEST_SPEECH * WINDOW_S for start, stop in expected)
    assert np.array(online) == pytest.approx(np.array(expected))


def test_knowing_the_loudness_in_advance_hardly_moves_an_edge(
    recognizer: Recognizer, dialogue: Samples
) -> None:
    """`recognize` levels a recording as a whole, a session by what it has heard."""

    def is_speech(spans: Sequence[tuple[float, float]]) -> Samples:
        times = (np.arange(len(dialogue) // WINDOW_SAMPLES) + 0.5) * WINDOW_S
        return np.any([(start <= times) & (times < end) for start, end in spans], axis=0)

    online = [(final.start, final.end) for final in finals(listen(recognizer, [dialogue]))]
    segments = recognizer.recognize((dialogue, SAMPLE_RATE)).segments
    offline = [(segment.start, segment.end) for segment in segments]
    assert np.mean(is_speech(online) != is_speech(offline)) < 0.03


def test_speech_without_a_pause_is_cut_at_fifteen_seconds(recognizer: Recognizer) -> None:
    samples = with_silence(np.concatenate([speech(20.0), speech(20.0, seed=1)]), 1.0, 1.0)
    results = finals(listen(recognizer, [samples]))
    assert len(results) >= 3
    assert all(final.end - final.start <= 15.04 for final in results)
    assert all(a.end == b.start for a, b in itertools.pairwise(results))
    assert results[0].start == pytest.approx(1.0, abs=0.2)
    assert results[-1].end == pytest.approx(41.0, abs=0.2)


def grammar(events: Sequence[SessionEvent]) -> Iterator[str]:
    for event in events:
        yield event.trigger if isinstance(event, Measurement) else event.type


def test_events_come_in_the_order_of_the_protocol(
    recognizer: Recognizer, dialogue: Samples
) -> None:
    events = listen(recognizer, [dialogue])
    expected = ["utterance.start", "speech_ended", "utterance.end"]
    kinds = [kind for kind in grammar(events) if kind != "interval"]
    count = len(finals(events))
    assert kinds == [*(expected * count), "session.closed"]
    speaking = False
    for event in events:
        if isinstance(event, (UtteranceStart, UtteranceEnd)):
            speaking = isinstance(event, UtteranceStart)
        elif isinstance(event, Measurement):
            assert speaking
    assert [final.utterance for final in finals(events)] == [*range(1, count + 1)]


def test_interim_results_hear_the_last_seconds_every_half_second(
    recognizer: Recognizer, voice: Samples
) -> None:
    results = interims(listen(recognizer, [voice]))
    starts = {final.utterance: final.start for final in finals(listen(recognizer, [voice]))}
    assert len(results) >= 10
    for interim in results:
        start = starts[interim.utterance]
        assert (interim.end - start) / 0.5 == pytest.approx(round((interim.end - start) / 0.5))
        assert interim.start == pytest.approx(max(start, interim.end - SPAN_S))
        part = voice[round(interim.start * SAMPLE_RATE) : round(interim.end * SAMPLE_RATE)]
        assert interim.scores == recognizer.scores(part)


def test_an_interim_result_is_never_about_the_silence_after_speech(
    recognizer: Recognizer, dialogue: Samples
) -> None:
    events = listen(recognizer, [dialogue], SessionOptions(interval=0.1))
    ends = {final.utterance: final.end for final in finals(events)}
    assert all(interim.end <= ends[interim.utterance] for interim in interims(events))


@given(st.lists(st.integers(0, 30_000), max_size=12))
@settings(max_examples=15, deadline=None)
def test_any_cutting_of_the_audio_gives_the_same_events(cuts: list[int]) -> None:
    recognizer, samples = _shared()
    options = SessionOptions(rules=(parse("any of angry, neutral for 1 s"),))
    assert _comparable(listen(recognizer, np.split(samples, sorted(cuts)), options)) == _comparable(
        listen(recognizer, [samples], options)
    )


def test_one_sample_at_a_time_gives_the_same_events() -> None:
    recognizer, samples = _shared()
    once = listen(recognizer, [samples])
    assert _comparable(listen(recognizer, np.split(samples, len(samples)))) == _comparable(once)


def _shared() -> tuple[Recognizer, Samples]:
    """Not fixtures: hypothesis calls a test many times."""
    if not _SHARED:
        _SHARED.append((Recognizer("small", threads=1), with_silence(speech(1.2), 0.3, 0.8)))
    return _SHARED[0]


_SHARED: list[tuple[Recognizer, Samples]] = []


def _comparable(events: Sequence[SessionEvent]) -> list[dict[str, object]]:
    return [event.to_document() for event in events]


def test_who_falls_behind_loses_interim_results_and_no_final_one(
    recognizer: Recognizer, voice: Samples
) -> None:
    session = Session(recognizer)
    hurried = session.feed(voice, interims=False) + session.close("end_of_audio")
    calm = listen(recognizer, [voice])
    assert interims(hurried) == []
    assert finals(hurried) == finals(calm)
    assert isinstance(hurried[-1], SessionClosed)
    assert hurried[-1].skipped == len(interims(calm))


def test_a_microphone_that_resumes_after_minutes_of_silence_is_heard(
    recognizer: Recognizer, voice: Samples
) -> None:
    silence = np.zeros(150 * SAMPLE_RATE, np.float32)
    events = listen(recognizer, [voice, silence, voice])
    before, after = finals(events)[:2], finals(events)[2:]
    assert len(before) == len(after) == 2
    for first, second in zip(before, after, strict=True):
        shift = (len(voice) + len(silence)) / SAMPLE_RATE
        assert second.start == pytest.approx(first.start + shift, abs=0.1)
        assert second.emotion == first.emotion


def test_memory_stays_bounded_whether_somebody_speaks_or_not(recognizer: Recognizer) -> None:
    longest = (LONGEST_SPEECH + 20) * WINDOW_SAMPLES
    for sound in (speech(40.0), np.zeros(40 * SAMPLE_RATE, np.float32)):
        session = Session(recognizer, SessionOptions(interval=10.0))
        for piece in np.split(sound, 40):
            session.feed(piece)
            assert WINDOW_SAMPLES * len(session._windows) <= longest


def test_the_end_of_the_audio_ends_the_utterance(recognizer: Recognizer) -> None:
    sound = with_silence(speech(2.0), 0.5, 0.0)[: round(2.505 * SAMPLE_RATE)]
    events = listen(recognizer, [sound])
    (final,) = finals(events)
    assert final.end == len(sound) / SAMPLE_RATE
    assert isinstance(events[-1], SessionClosed)
    assert events[-1].duration == len(sound) / SAMPLE_RATE


def test_silence_and_nothing_at_all_are_no_utterance(recognizer: Recognizer) -> None:
    for samples in (np.zeros(0, np.float32), np.zeros(100, np.float32), noise(5.0, rms=3e-4)):
        (closed,) = listen(recognizer, [samples])
        assert isinstance(closed, SessionClosed)
        assert (closed.utterances, closed.measurements) == (0, 0)
        assert closed.duration == len(samples) / SAMPLE_RATE


def test_labels_restrict_every_measurement(recognizer: Recognizer, voice: Samples) -> None:
    events = listen(recognizer, [voice], SessionOptions(labels=("sad", "angry")))
    for event in events:
        if isinstance(event, Measurement):
            assert list(event.scores) == ["angry", "sad"]
            assert sum(event.scores.values()) == pytest.approx(1)


def test_a_rule_fires_while_the_utterance_lasts(recognizer: Recognizer, voice: Samples) -> None:
    rule = parse("early: any of neutral, happy > 0 for 1 s")
    events = listen(recognizer, [voice], SessionOptions(rules=(rule,)))
    (fired,) = [event for event in events if isinstance(event, RuleFired)]
    assert events.index(fired) < events.index(finals(events)[0])
    assert fired.firing.rule == rule
    assert fired.firing.time == pytest.approx(finals(events)[0].start + 1)


def test_rules_hear_each_moment_of_speech_once(recognizer: Recognizer, dialogue: Samples) -> None:
    """So a rule that always holds fires when as much speech has passed as it asks for."""
    events = listen(
        recognizer,
        [dialogue],
        SessionOptions(rules=(parse(f"any of {', '.join(LABEL_IDS)} for 5 s"),)),
    )
    (fired,) = [event for event in events if isinstance(event, RuleFired)]
    results = finals(events)
    spoken = sum(max(0.0, min(final.end, fired.firing.time) - final.start) for final in results)
    assert 5 <= spoken <= 5.5


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (SessionOptions(labels=("furious",)), "no label furious"),
        (SessionOptions(labels=()), "no label"),
        (SessionOptions(interval=0.05), "100 to 10000 ms"),
        (SessionOptions(interval=float("nan")), "100 to 10000 ms"),
        (SessionOptions(rules=(parse("x: sad"), parse("x: angry"))), "two rules are named x"),
    ],
)
def test_options_that_cannot_be_are_refused(
    recognizer: Recognizer, options: SessionOptions, reason: str
) -> None:
    with pytest.raises(ConfigInvalid, match=reason):
        Session(recognizer, options)
    with pytest.raises(ConfigInvalid, match=reason):
        Session(recognizer).update(options)


def test_options_change_before_the_first_audio_and_not_after(recognizer: Recognizer) -> None:
    session = Session(recognizer)
    updated = session.update(SessionOptions(labels=("happy", "sad"), interval=1.0))
    assert updated.to_document() == {
        "type": "session.update",
        "labels": ["happy", "sad"],
        "interval_ms": 1000,
        "rules": [],
        "relative_to": None,
    }
    session.feed(np.zeros(1, np.float32))
    with pytest.raises(ConfigInvalid, match="before the first audio"):
        session.update(SessionOptions())


def test_times_on_the_wire_are_whole_milliseconds(recognizer: Recognizer, voice: Samples) -> None:
    rules = (parse("any of neutral, angry"),)
    for event in listen(recognizer, [voice], SessionOptions(rules=rules)):
        document = event.to_document()
        times = [value for key, value in document.items() if key.endswith("_ms")]
        assert times
        assert all(isinstance(value, int) for value in times)
        assert document["type"] == event.type


def test_bytes_are_the_samples_that_decoding_a_file_gives(voice: Samples) -> None:
    data, _ = soundfile.read(VOICE, dtype="int16")
    assert np.array_equal(samples_of(data.astype("<i2").tobytes()), voice)
    assert len(samples_of(b"")) == 0
    with pytest.raises(InvalidAudioFrame, match="3 bytes"):
        samples_of(b"abc")


def test_live_audio_is_due_when_it_comes_and_a_file_when_it_would_be_spoken() -> None:
    live = Pace()
    assert [live.due(0.1, now) for now in (5.0, 5.1, 5.2)] == pytest.approx([5.0, 5.1, 5.2])
    assert live.due(0.1, 65.0) == 65.0  # muted for a minute
    file = Pace()
    assert [file.due(0.1, 5.0) for _ in range(3)] == pytest.approx([5.0, 5.1, 5.2])


def test_a_session_says_both_answers_and_watches_both(
    recognizer: Recognizer, voice: Samples
) -> None:
    people = People(Settings().home)
    usual = {label: 1 / len(LABEL_IDS) for label in LABEL_IDS} | {"neutral": 1e-3}
    people.add("Anna", recognizer.model, [Utterance("0123", None, 5.0, usual)] * 50)
    rules = (parse("neutral > 0.9"), parse("relative neutral > 0.9"))
    session = Session(recognizer, SessionOptions(rules=rules, relative_to="Anna"))
    events = [*session.feed(voice), *session.close("client_request")]
    measured = [event for event in events if isinstance(event, Measurement)]
    baseline = recognizer.baseline("Anna")
    assert measured
    for event in measured:
        assert event.relative == relative_to(baseline, event.scores)
        assert event.to_document()["relative"]["to"] == "Anna"
    fired = [event.firing.rule for event in events if isinstance(event, RuleFired)]
    assert {*fired} == {rules[1]}


def test_a_session_knows_whom_it_does_not_know(recognizer: Recognizer) -> None:
    with pytest.raises(NoSuchPerson):
        Session(recognizer, SessionOptions(relative_to="Ben"))
