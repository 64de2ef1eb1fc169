"""Music is told from speech: both made on the spot, and real speech of every kind."""

from pathlib import Path

import numpy as np
import pytest

from audio_files import Samples, noise, speech
from voxcor.audio import decode, prepare
from voxcor.audio.augmentation import add_noise, transcode
from voxcor.audio.music import MusicMeter
from voxcor.audio.resample import mix_to_mono, resample

RATE = 16_000

# I vi IV V in C, as steps of the equally tempered scale from A = 440 Hz.
CHORDS = ((-9, -5, -2), (-12, -9, -5), (-16, -12, -9), (-14, -10, -7))
MELODY = (3, 7, 10, 7, 0, 3, 7, 3, -4, 0, 3, 0, -2, 2, 5, 10)

# The share of each harmonic: a reed, a string, a flute.
REED, STRING, FLUTE = (
    (1, 0.1, 0.7, 0.1, 0.5, 0.1, 0.3),
    (1, 0.6, 0.4, 0.3, 0.2, 0.15),
    (1, 0.3, 0.1),
)


def note(step: float, seconds: float, timbre: tuple[float, ...], decay_s: float) -> Samples:
    """A note that is struck and fades, `[N]`."""
    times = np.arange(round(seconds * RATE)) / RATE
    hz = 440 * 2 ** (step / 12)
    sound = sum(
        share * np.sin(2 * np.pi * hz * number * times)
        for number, share in enumerate(timbre, 1)
        if hz * number < RATE / 2
    )
    envelope = np.minimum(1, times / 0.01) * np.exp(-times / decay_s)
    return np.asarray(sound * envelope, np.float32)


def band(seconds: float, beat_s: float = 0.5) -> Samples:
    """Three chords' worth of strings and a reed, a flute's melody, and a drum, `[N]`."""
    rng = np.random.default_rng(0)
    music = np.zeros(round((seconds + 4 * beat_s) * RATE), np.float32)

    def play(at: float, sound: Samples) -> None:
        first = round(at * RATE)
        music[first : first + len(sound)] += sound[: len(music) - first]

    for beat in range(round(seconds / beat_s)):
        at = beat * beat_s
        if beat % 4 == 0:
            for step in CHORDS[beat // 4 % len(CHORDS)]:
                play(at, note(step, 4 * beat_s, STRING, 1.5))
                play(at, note(step - 12, 4 * beat_s, REED, 3.0))
        play(at, note(MELODY[beat % len(MELODY)], beat_s, FLUTE, 0.6))
        hit = rng.standard_normal(1600) * np.exp(-np.arange(1600) / 200)
        play(at, hit.astype(np.float32))
    music = music[: round(seconds * RATE)]
    return np.asarray(0.5 * music / np.abs(music).max(), np.float32)


def held_vowel(seconds: float, pitch: float, vibrato: float = 0.03, drift: float = 0.1) -> Samples:
    """A scream or a sung vowel: its pitch (Hz) trembles at 5.5 Hz and sinks, `[N]`."""
    times = np.arange(round(seconds * RATE)) / RATE
    hz = pitch * (1 + vibrato * np.sin(2 * np.pi * 5.5 * times) - drift * times / seconds)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    voice = sum(np.sin(number * phase) / number for number in range(1, int(7000 / pitch)))
    return np.asarray(0.3 * voice, np.float32)


def under(voice: Samples, music: Samples, snr_db: float) -> Samples:
    """Speech over music, their powers at this ratio."""
    music = music[: len(voice)]
    gain = np.sqrt((voice**2).mean() / (music**2).mean()) * 10 ** (-snr_db / 20)
    return np.asarray(voice + gain * music, np.float32)


def share_of_music(samples: Samples) -> float:
    meter = MusicMeter()
    meter.push(samples)
    return meter.share()


MUSIC = band(16)
SPEECH = speech(16, seed=3)


@pytest.mark.parametrize("seconds", [3, 6, 16])
def test_music_is_heard(seconds: int) -> None:
    assert share_of_music(MUSIC[: seconds * RATE]) == 1.0


@pytest.mark.parametrize("snr_db", [10, 0, -10])
def test_music_is_heard_under_speech(snr_db: float) -> None:
    assert share_of_music(under(SPEECH, MUSIC, snr_db)) > 0.5


@pytest.mark.parametrize("codec", ["g711", "mp3"])
def test_music_is_heard_over_the_telephone(codec: str) -> None:
    assert share_of_music(transcode(MUSIC, codec)) > 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sound",
    [
        SPEECH,
        add_noise(SPEECH, np.random.default_rng(0), snr_db=10),
        noise(16),
        np.zeros(16 * RATE, np.float32),
        *(held_vowel(2, pitch) for pitch in (120, 250, 400, 600)),
        *(np.concatenate([SPEECH[:RATE], held_vowel(2, p), SPEECH[:RATE]]) for p in (250, 600)),
    ],
    ids=[
        *("speech", "noisy speech", "noise", "silence", "groan", "wail", "cry", "scream"),
        *("speech with a wail", "speech with a scream"),
    ],
)
def test_what_is_no_music_is_not_taken_for_it(sound: Samples) -> None:
    assert share_of_music(sound) == 0.0


def test_how_a_recording_is_cut_makes_no_difference() -> None:
    sound = np.concatenate([SPEECH, MUSIC, SPEECH])
    meter = MusicMeter()
    for block in np.split(sound, [100, 101, 5_000, 70_000, 400_000]):
        meter.push(block)
    assert meter.share() == share_of_music(sound)


def test_the_share_is_that_of_the_time() -> None:
    speech_and_music = np.concatenate([SPEECH, SPEECH, SPEECH, MUSIC])
    assert share_of_music(speech_and_music) == pytest.approx(0.25, abs=0.1)


def test_nothing_heard_is_no_music() -> None:
    assert MusicMeter().share() == 0.0
    assert share_of_music(np.zeros(100, np.float32)) == 0.0


def test_music_under_speech_is_a_warning() -> None:
    for sound, warned in ((under(SPEECH, MUSIC, 5), True), (SPEECH, False)):
        assert ("music" in prepare(decode((sound, RATE))).quality.warnings) is warned


def test_emotional_speech_is_no_music(corpora: Path) -> None:
    warned = []
    for corpus in ("emodb", "ravdess", "nemo"):
        for clip in sorted((corpora / corpus).rglob("*.opus"))[::25]:
            recording = decode(clip)
            samples = resample(mix_to_mono(recording.samples), recording.sample_rate)
            warned.append(share_of_music(samples) > 0)
    assert len(warned) > 200
    assert sum(warned) == 0
