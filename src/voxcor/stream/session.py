"""Emotion while somebody speaks: samples in, events out, for as long as it takes.

    session = Session(recognizer)
    for samples in microphone:                      # float32 [n] at 16 kHz, any n
        for event in session.feed(samples): ...
    for event in session.close("client_request"): ...

`voxcor.audio.endpoint` says where an utterance opens and closes. While it lasts, its last 3 s are
measured every 500 ms; when it has closed, all of it is, and that result is the one which
`Recognizer` gives of the same samples offline. A session holds 16 s of audio at most, runs in the
thread that feeds it, and does not care how the audio is cut into pieces.

`voxcor.stream.events` has the events; `docs/streaming.md` describes them.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.endpoint import Edge, Endpointer, Leveller
from voxcor.audio.vad import WINDOW_SAMPLES, VadState, continue_probabilities
from voxcor.errors import ConfigInvalid, EmbeddingsOnly, InvalidAudioFrame
from voxcor.frames import SAMPLE_RATE
from voxcor.labels import objection, own_labels
from voxcor.people.baseline import relative_to
from voxcor.recognizer import Recognizer
from voxcor.results import milliseconds
from voxcor.rules.watching import Reading, Rule, Watch
from voxcor.stream.events import (
    Measurement,
    Reason,
    RuleFired,
    SessionClosed,
    SessionCreated,
    SessionEvent,
    SessionUpdate,
    Trigger,
    UtteranceEnd,
    UtteranceStart,
)
from voxcor.timeline import dimensions_of, top

FloatArray = NDArray[np.float32]

INTERVAL_S = 0.5
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.1, 10.0

# What an interim measurement covers at most: models are trained on utterances of seconds, and
# more would hide a change for as long as it had been otherwise.
SPAN_S = 3.0


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What a session may be asked for: choose among `labels` only, measure every `interval`
    seconds, watch `rules`, give scores beside how the person `relative_to` usually sounds, too.
    """

    labels: tuple[str, ...] | None = None
    interval: float = INTERVAL_S
    rules: tuple[Rule, ...] = ()
    relative_to: str | None = None


class Session:
    """One live stream through a recognizer. Times are seconds of the audio that was fed.

    Raises:
        EmbeddingsOnly, ConfigInvalid: the model has no labels, or not these options.
        NoSuchPerson, NotEnrolled, NoNeutral, TooLittleSpeech: as `Recognizer.baseline`.
    """

    def __init__(self, recognizer: Recognizer, options: SessionOptions | None = None) -> None:
        if not recognizer.labels:
            raise EmbeddingsOnly(model=recognizer.model.id)
        self._recognizer = recognizer
        self._rest = np.zeros(0, np.float32)  # less than a window
        self._windows: deque[FloatArray] = deque()  # from the first that may still be needed
        self._dropped = 0  # windows before them
        self._leveller = Leveller()
        self._vad = VadState()
        self._endpointer = Endpointer()
        self._utterance = 0
        self._next_interim = 0  # the sample at which the next one ends
        self._spoken = 0.0  # up to here, rules have been told
        self._measurements = 0
        self._skipped = 0
        self._began = False
        self.id = uuid4().hex
        self._set(options or SessionOptions())

    @property
    def created(self) -> SessionCreated:
        """The event to begin with."""
        return SessionCreated(self.id, self._recognizer.model, self._labels, self.interval, SPAN_S)

    @property
    def interval(self) -> float:
        """Seconds between interim measurements."""
        return self._options.interval

    def update(self, options: SessionOptions) -> SessionUpdate:
        """Other options.

        Raises:
            ConfigInvalid: not these, or not any more, because audio has come.
        """
        if self._began:
            raise ConfigInvalid(
                reason_en="options come before the first audio.",
                reason_zh="选项须在第一段音频之前发送。",
            )
        self._set(options)
        return SessionUpdate(self._labels, options.interval, options.rules, options.relative_to)

    def feed(self, samples: FloatArray, *, interims: bool = True) -> list[SessionEvent]:
        """More audio.

        Args:
            samples: float32 `[n]` at 16 kHz, any `n`.
            interims: whether there is time for the interim measurements due in it. Who falls
                behind says no; final ones are always made.
        """
        self._began = True
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // WINDOW_SAMPLES * WINDOW_SAMPLES
        self._rest = samples[whole:]
        events: list[SessionEvent] = []
        for start in range(0, whole, WINDOW_SAMPLES):
            events += self._feed_window(samples[start : start + WINDOW_SAMPLES], interims)
        return events

    def close(self, reason: Reason) -> list[SessionEvent]:
        """No more audio: the end of an utterance that is open, and of the session."""
        fed = self._fed + len(self._rest)
        events: list[SessionEvent] = []
        if len(self._rest):
            # The last window is filled up with silence, as offline.
            window = np.pad(self._rest, (0, WINDOW_SAMPLES - len(self._rest)))
            events += self._feed_window(window, interims=False)
        for edge in self._endpointer.finish():
            events += self._pass(edge, fed)
        closed = SessionClosed(
            reason,
            fed / SAMPLE_RATE,
            self._utterance,
            self._measurements,
            self._skipped,
        )
        return [*events, closed]

    @property
    def _fed(self) -> int:
        return WINDOW_SAMPLES * self._endpointer.windows

    def _set(self, options: SessionOptions) -> None:
        wrong_en, wrong_zh = _objection(options, self._recognizer.labels)
        if wrong_en:
            raise ConfigInvalid(reason_en=wrong_en, reason_zh=wrong_zh)
        known, name = self._recognizer.labels, options.relative_to
        self._baseline = None if name is None else self._recognizer.baseline(name)
        self._options = options
        self._labels = known if options.labels is None else own_labels(options.labels, known)[0]
        self._watch = Watch(options.rules)

    def _feed_window(self, window: FloatArray, interims: bool) -> Iterator[SessionEvent]:
        levelled = self._leveller.push(window)
        probabilities, self._vad = continue_probabilities(levelled, self._vad)
        self._windows.append(window)
        for edge in self._endpointer.push(float(probabilities[0])):
            yield from self._pass(edge, self._fed)
        if self._endpointer.start is not None and self._next_interim <= self._fed:
            end = self._next_interim
            self._next_interim += round(self.interval * SAMPLE_RATE)
            if end <= WINDOW_SAMPLES * self._endpointer.reach:
                if interims:
                    start = max(self._start, end - round(SPAN_S * SAMPLE_RATE))
                    yield from self._measure(start, end, "interval")
                else:
                    self._skipped += 1
        while self._dropped < self._endpointer.earliest:
            self._windows.popleft()
            self._dropped += 1

    @property
    def _start(self) -> int:
        """The first sample of the utterance."""
        return WINDOW_SAMPLES * self._opened

    def _pass(self, edge: Edge, fed: int) -> Iterator[SessionEvent]:
        if edge.kind == "open":
            self._opened = edge.window
            self._utterance += 1
            interval = round(self.interval * SAMPLE_RATE)
            # After a cut, what has been fed already has been measured.
            done = (fed - self._start) // interval
            self._next_interim = self._start + (done + 1) * interval
            yield UtteranceStart(self._utterance, self._start / SAMPLE_RATE)
        else:
            end = min(WINDOW_SAMPLES * edge.window, fed)
            yield from self._measure(self._start, end, "speech_ended")
            yield UtteranceEnd(self._utterance, self._start / SAMPLE_RATE, end / SAMPLE_RATE)

    def _measure(self, start: int, end: int, trigger: Trigger) -> Iterator[SessionEvent]:
        origin = WINDOW_SAMPLES * self._dropped
        first, last = (start - origin) // WINDOW_SAMPLES, -(-(end - origin) // WINDOW_SAMPLES)
        kept = np.concatenate([self._windows[index] for index in range(first, last)])
        samples = kept[(start - origin) % WINDOW_SAMPLES :][: end - start]
        scores = self._recognizer.scores(samples, labels=self._labels)
        self._measurements += 1
        since, until = max(self._spoken, start / SAMPLE_RATE), end / SAMPLE_RATE
        usual = self._baseline
        beside = None if usual is None else relative_to(usual, scores)
        measured = (trigger, *top(scores), scores, dimensions_of(scores), beside)
        yield Measurement(self._utterance, start / SAMPLE_RATE, until, *measured)
        if since < until:
            self._spoken = until
            relative = None if beside is None else beside.scores
            reading = Reading(since, until, scores, relative)
            for firing in self._watch.push(reading):
                yield RuleFired(self._utterance, firing)


class Pace:
    """How late live audio is when its turn comes: it should not lag behind those who speak.

    Audio that comes as it is spoken is due when it comes. What comes faster, a file, is due when it
    would have been spoken, so it is late only where the work is slower than speech.
    """

    def __init__(self) -> None:
        self._due = float("-inf")

    def due(self, duration: float, now: float) -> float:
        """When audio of `duration` seconds that arrives `now` is due, on the clock of `now`."""
        self._due = max(self._due + duration, now)
        return self._due


def samples_of(data: bytes) -> FloatArray:
    """s16le bytes as float32 `[n]`, full scale 1: the numbers that decoding a 16-bit file gives.

    Raises:
        InvalidAudioFrame: an odd number of bytes.
    """
    if len(data) % 2:
        raise InvalidAudioFrame(bytes=len(data))
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def _objection(options: SessionOptions, known: tuple[str, ...]) -> tuple[str, str]:
    """What is wrong with options for a model with these labels, in both languages; or nothing."""
    if options.labels is not None and (wrong := objection(options.labels, known)) is not None:
        en, zh = wrong
        return f"the model {en}", f"模型{zh}"
    if not SHORTEST_INTERVAL_S <= options.interval <= LONGEST_INTERVAL_S:
        low, high = milliseconds(SHORTEST_INTERVAL_S), milliseconds(LONGEST_INTERVAL_S)
        return (
            f"an interval lasts {low} to {high} ms.",
            f"间隔应为 {low} 到 {high} 毫秒。",
        )
    names = [rule.name for rule in options.rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return f"two rules are named {twice}.", f"有两条规则名为 {twice}。"
    return "", ""
