"""What recordings go through on their way: noise, rooms, telephones, codecs, other speeds.

Each function takes samples float32 [N] at 16 kHz, full scale 1, and gives new ones; whatever is
random comes from the generator it is given. `STRESSES` are fixed conditions for `voxcor evaluate
--stress`; `augment` draws a random one for training.
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from voxcor.audio import decode
from voxcor.audio.resample import mix_to_mono, resample
from voxcor.frames import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

FloatArray = NDArray[np.float32]
Change = Callable[[FloatArray, np.random.Generator], FloatArray]

CodecName = Literal["g711", "mp3", "opus", "amr"]


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec by FFmpeg's name; `bit_rate` in bit/s is None where the codec leaves no choice."""

    encoder: str
    container: str
    sample_rate: int
    bit_rate: int | None


CODECS: Mapping[CodecName, Codec] = {
    "g711": Codec("pcm_alaw", "wav", 8_000, None),  # the fixed telephone network, A-law
    "mp3": Codec("libmp3lame", "mp3", SAMPLE_RATE, 64_000),
    "opus": Codec("libopus", "ogg", SAMPLE_RATE, 12_000),  # internet calls on a thin line
    "amr": Codec("libopencore_amrnb", "amr", 8_000, 12_200),  # mobile calls, GSM and 3G
}

_SPEED_OF_SOUND = 343.0  # m/s, in dry air at 20 °C


def add_noise(
    samples: FloatArray,
    rng: np.random.Generator,
    *,
    snr_db: float,
    slope_db: float = -3.0,
) -> FloatArray:
    """Adds noise at a ratio of the powers of all samples.

    Args:
        samples: [N].
        rng: draws the noise.
        snr_db: of the mean powers, signal over noise.
        slope_db: of the noise's spectrum by octave: 0 white, -3 pink, -6 brown.
    """
    bins = np.arange(1, len(samples) // 2 + 2)
    spectrum = rng.standard_normal(len(bins)) + 1j * rng.standard_normal(len(bins))
    octave = 10 * math.log10(2)  # dB of power
    noise = np.fft.irfft(spectrum * bins ** (slope_db / octave / 2), len(samples))
    level = _rms(samples) * 10 ** (-snr_db / 20)
    return (samples + noise * (level / _rms(noise))).astype(np.float32)


def change_gain(samples: FloatArray, *, gain_db: float) -> FloatArray:
    """Louder or softer; nothing is clipped."""
    return np.asarray(samples * 10 ** (gain_db / 20), np.float32)


def clip(samples: FloatArray, *, drive_db: float) -> FloatArray:
    """What a recorder set too high makes of it: the peak `drive_db` above full scale, cut off."""
    peak = float(np.abs(samples).max(initial=0)) or 1.0
    return np.asarray(np.clip(samples * (10 ** (drive_db / 20) / peak), -1, 1), np.float32)


def change_speed(samples: FloatArray, *, factor: float) -> FloatArray:
    """Plays [N] `factor` times as fast: [N / factor], the pitch rises with it."""
    import soxr

    # Resampled as if it had been recorded at a lower rate; soxr takes any pair of rates.
    return np.asarray(soxr.resample(samples, SAMPLE_RATE * factor, SAMPLE_RATE), np.float32)


def change_tempo(samples: FloatArray, *, factor: float) -> FloatArray:
    """Speaks [N] `factor` times as fast at the same pitch: [N / factor]. 0.5 to 100.

    FFmpeg's `atempo`, a waveform-similarity overlap-add.
    """
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=SAMPLE_RATE, format="flt", layout="mono", time_base=Fraction(1, SAMPLE_RATE)
    )
    graph.link_nodes(source, graph.add("atempo", f"{factor}"), graph.add("abuffersink")).configure()
    # atempo keeps its last window to itself; silence pushes it out.
    padded = np.pad(samples, (0, SAMPLE_RATE // 4))
    frame = av.AudioFrame.from_ndarray(padded[None], format="flt", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    graph.push(frame)
    graph.push(None)
    parts = []
    while True:
        try:
            parts.append(graph.pull().to_ndarray()[0])
        except (BlockingIOError, av.EOFError):
            break
    return _fit(np.concatenate(parts), round(len(samples) / factor))


def shift_pitch(samples: FloatArray, *, semitones: float) -> FloatArray:
    """Raises the voice, formants too, by twelfths of an octave; as long as before, [N]."""
    factor = 2 ** (semitones / 12)
    stretched = change_tempo(samples, factor=1 / factor)
    return _fit(change_speed(stretched, factor=factor), len(samples))


def transcode(samples: FloatArray, codec: CodecName) -> FloatArray:
    """Encodes with a real codec and decodes again, [N]; its delay is taken out where it is told."""
    import av

    spec = CODECS[codec]
    buffer = io.BytesIO()
    encoded = _resample(samples, SAMPLE_RATE, spec.sample_rate)
    with av.open(buffer, "w", format=spec.container) as file:
        added = file.add_stream(spec.encoder, rate=spec.sample_rate, layout="mono")
        stream = cast("AudioStream", added)
        if spec.bit_rate is not None:
            stream.bit_rate = spec.bit_rate
        pcm = np.rint(np.clip(encoded, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = spec.sample_rate
        frame.pts = 0
        file.mux([*stream.encode(frame), *stream.encode(None)])
    recording = decode(buffer.getvalue(), name=f"<{codec}>")
    decoded = resample(mix_to_mono(recording.samples), recording.sample_rate)
    return _fit(decoded, len(samples))


def reverberate(
    samples: FloatArray,
    rng: np.random.Generator,
    *,
    rt60_s: float = 0.6,
    distance_m: float = 3.0,
    volume_m3: float = 100.0,
) -> FloatArray:
    """As a microphone across the room hears it, [N], as loud as before.

    The direct sound and a tail of noise that decays by 60 dB in `rt60_s` (Polack 1988). Their
    powers stand as (critical distance / distance)^2, the critical distance of a room being
    0.057 sqrt(volume / rt60) (Kuttruff, Room Acoustics, for an omnidirectional voice).
    """
    times = np.arange(int(rt60_s * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(times)) * 10 ** (-3 * times / rt60_s)
    # The first reflection has a longer way than the direct sound: by half the room or so.
    response[: int(volume_m3 ** (1 / 3) / 2 / _SPEED_OF_SOUND * SAMPLE_RATE)] = 0
    critical_m = 0.057 * math.sqrt(volume_m3 / rt60_s)
    response *= distance_m / critical_m / math.sqrt((response**2).sum())
    response[0] = 1
    length = len(samples) + len(response) - 1
    size = 1 << (length - 1).bit_length()
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    heard = heard[: len(samples)]
    return (heard * (_rms(samples) / _rms(heard))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Stress:
    """A condition to evaluate under; `change` makes it of clean samples."""

    id: str
    en: str
    zh: str
    change: Change


def _noisy(snr_db: int) -> Stress:
    return Stress(
        f"noise_{snr_db}db",
        f"noise, {snr_db} dB SNR",
        f"噪声，SNR {snr_db} dB",
        lambda samples, rng: add_noise(samples, rng, snr_db=snr_db),
    )


def _coded(codec: CodecName, en: str, zh: str) -> Stress:
    return Stress(codec, en, zh, lambda samples, _: transcode(samples, codec))


STRESSES = (
    *map(_noisy, (20, 10, 5, 0)),
    _coded("g711", "phone, G.711", "固定电话 G.711"),
    _coded("amr", "mobile, AMR-NB", "手机 AMR-NB"),
    _coded("opus", "Opus, 12 kbit/s", "Opus 12 kbit/s"),
    _coded("mp3", "MP3, 64 kbit/s", "MP3 64 kbit/s"),
    Stress("far_field", "room, 3 m away", "远场，3 米", reverberate),
    Stress(
        "clipping", "clipped, 12 dB", "削波 12 dB", lambda samples, _: clip(samples, drive_db=12)
    ),
    Stress(
        "quiet", "softer, 30 dB", "减弱 30 dB", lambda samples, _: change_gain(samples, gain_db=-30)
    ),
)


def augment(samples: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A random but mild mixture of all of these, for training: the emotion stays what it is.

    Speeds and pitches stay within a tenth and a semitone: more would change how it is spoken.
    Codecs come last but for the gain, as they do on the way to a listener. [N] to about [N].
    """
    if rng.random() < 0.5:
        samples = change_speed(samples, factor=rng.uniform(0.9, 1.1))
    if rng.random() < 0.3:
        samples = shift_pitch(samples, semitones=rng.uniform(-1, 1))
    if rng.random() < 0.3:
        samples = reverberate(
            samples, rng, rt60_s=rng.uniform(0.2, 0.8), distance_m=rng.uniform(0.3, 2)
        )
    if rng.random() < 0.5:
        snr_db, slope_db = rng.uniform(5, 35), rng.uniform(-6, 0)
        samples = add_noise(samples, rng, snr_db=snr_db, slope_db=slope_db)
    if rng.random() < 0.3:
        samples = transcode(samples, rng.choice([*CODECS]))
    return change_gain(samples, gain_db=rng.uniform(-12, 6))


def _resample(samples: FloatArray, rate: int, wanted: int) -> FloatArray:
    import soxr

    return samples if rate == wanted else np.asarray(soxr.resample(samples, rate, wanted))


def _fit(samples: FloatArray, length: int) -> FloatArray:
    """Cut or filled with zeros at the end to `length`."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _rms(samples: NDArray[np.floating]) -> float:
    # The tiny addend keeps digital silence from dividing by zero.
    return math.sqrt(float((samples.astype(np.float64) ** 2).mean()) + 1e-20)
