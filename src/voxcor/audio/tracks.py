"""Which of several sound tracks is decoded: the one in which somebody speaks.

Screen recorders put the desktop before the microphone, cameras an empty input before the one that
is used, films one language before another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from voxcor.audio.decoders import DecoderError, FloatArray, to_float
from voxcor.audio.ffmpeg import has_decoder, opened
from voxcor.audio.mixing import Mixer
from voxcor.audio.reader import Part
from voxcor.audio.vad import ONSET, SPEECH_RMS, WINDOW_S, WINDOW_SAMPLES, speech_probabilities
from voxcor.frames import SAMPLE_RATE

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

# So much speech makes a track one that is spoken in. The track that stands first, or is marked as
# the one to play, is taken as soon as it has it; another only when this one has had a minute.
_SPOKEN_S = 1.0
_PATIENCE_S = 60
_LONGEST_LOOK_S = 600

_ROUND_S = 10  # that are listened to at a time
_MOST_TRACKS = 8

_FAINT_RMS = 1e-4  # -80 dBFS: the noise of an open input lies above


@dataclass(slots=True)
class _Track:
    stream: "av.AudioStream"
    waiting: list[FloatArray] = field(default_factory=list)
    spoken_s: float = 0.0
    energy: float = 0.0
    resampler: "av.AudioResampler | None" = None
    mixer: Mixer = field(default_factory=Mixer)

    def listen(self) -> None:
        """To what waits, float32 `[n, C]` at 16 kHz, of which C may change."""
        samples = np.concatenate(
            [np.empty(0, np.float32)]
            + [
                self.mixer.mix(np.concatenate([*group]))
                for _, group in groupby(self.waiting, lambda block: block.shape[1])
            ]
        )
        self.waiting = []
        rms = float(np.sqrt(np.mean(samples**2, dtype=np.float64))) if len(samples) else 0.0
        if rms > _FAINT_RMS:
            self.energy += rms**2 * len(samples)
            windows = samples[: len(samples) // WINDOW_SAMPLES * WINDOW_SAMPLES] * np.float32(
                SPEECH_RMS / rms
            )
            is_speech = speech_probabilities([windows.clip(-1, 1)]) >= ONSET
            self.spoken_s += WINDOW_S * int(is_speech.sum())


def spoken_track(file: Part, first: int) -> int:
    """The track, from 1, with speech; `first` where that has it, or where none has.

    Looks at ten minutes at most, and at the first eight tracks.
    """
    try:
        with opened(file) as container:
            streams = [*container.streams.audio]
            tracks = [_Track(stream) for stream in streams[: max(first, _MOST_TRACKS)]]
            preferred = tracks[first - 1]
            for decoded_s in _rounds(container, tracks):
                for track in tracks:
                    track.listen()
                if preferred.spoken_s >= _SPOKEN_S or decoded_s >= _LONGEST_LOOK_S:
                    break
                is_spoken = any(track.spoken_s >= _SPOKEN_S for track in tracks)
                if is_spoken and decoded_s >= _PATIENCE_S:
                    break
    except DecoderError:
        return first
    if preferred.spoken_s >= _SPOKEN_S:
        return first
    best = max(tracks, key=lambda track: (track.spoken_s, track is preferred))
    if not best.spoken_s and not preferred.energy:
        best = max(tracks, key=lambda track: (track.energy, track is preferred))
    return 1 + tracks.index(best)


def _rounds(container: "InputContainer", tracks: list[_Track]) -> Iterator[int]:
    """Seconds from the start, ten more each time that so much waits in the tracks."""
    import av

    by_index = {track.stream.index: track for track in tracks if has_decoder(track.stream)}
    decoded_s = 0
    count = dict.fromkeys(by_index, 0)
    try:
        for packet in container.demux([track.stream for track in by_index.values()]):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            track = by_index[packet.stream.index]
            audio = [frame for frame in frames if isinstance(frame, av.AudioFrame)]
            for samples in _at_16_khz(track, audio):
                track.waiting.append(samples)
                count[packet.stream.index] += len(samples)
            if max(count.values()) >= (decoded_s + _ROUND_S) * SAMPLE_RATE:
                decoded_s += _ROUND_S
                yield decoded_s
    except av.FFmpegError:
        pass
    yield decoded_s


def _at_16_khz(track: _Track, frames: "list[av.AudioFrame]") -> Iterator[FloatArray]:
    import av

    for frame in frames:
        try:
            track.resampler = track.resampler or av.AudioResampler("flt", rate=SAMPLE_RATE)
            converted = track.resampler.resample(frame)
        except (av.FFmpegError, ValueError):  # its format changes, or cannot be converted
            track.resampler = None
            continue
        for part in converted:
            channels = part.layout.nb_channels
            yield to_float(part.to_ndarray()).reshape(-1, channels)
