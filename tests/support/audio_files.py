"""Sounds with a known truth, and the files that hold them: every format, made on the spot."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
import soundfile
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

Samples = NDArray[np.float32]

BURST_HZ = 1000
BURST_WIDTH_S = 0.004

# First three formants in Hz of a, i, u, e, o: Peterson and Barney, 1952.
VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)


def burst(at: float, duration: float, rate: int, channels: int = 1) -> Samples:
    """Silence `[N, C]` with a short tone whose energy centres at `at` seconds, in every channel."""
    times = np.arange(round(duration * rate)) / rate - at
    tone = np.cos(2 * np.pi * BURST_HZ * times) * np.exp(-((times / BURST_WIDTH_S) ** 2) / 2)
    return np.repeat(0.5 * tone[:, None], channels, axis=1).astype(np.float32)


def burst_time(samples: NDArray[np.floating], rate: int) -> float:
    """Where the burst in `[N]` has its centre of energy, in seconds, to a fraction of a sample."""
    energy = np.asarray(samples, np.float64) ** 2
    loudest = int(np.convolve(energy, np.ones(rate // 100), "same").argmax())
    first = max(0, loudest - rate // 40)
    near = energy[first : loudest + rate // 40]
    return float(first + (np.arange(len(near)) * near).sum() / near.sum()) / rate


def tone(hz: float, seconds: float, rate: int, amplitude: float = 0.5) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def noise(seconds: float, rate: int = 16_000, rms: float = 0.05, seed: int = 0) -> Samples:
    """White noise `[N]`."""
    rng = np.random.default_rng(seed)
    return (rms * rng.standard_normal(round(seconds * rate))).astype(np.float32)


def speech(seconds: float, seed: int = 0, peak: float = 0.5) -> Samples:
    """Syllables of no language `[N]` at 16 kHz, from the first sample to the last: vowels as
    harmonics of a gliding pitch under three formants, and a hiss between them.
    """
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    while sum(map(len, parts)) < seconds * 16_000:
        parts += [_vowel(VOWELS[rng.integers(len(VOWELS))], rng.uniform(0.12, 0.22), rng)]
        parts += [0.05 * rng.standard_normal(800) * np.hanning(800)]
    sound = np.concatenate(parts)[: round(seconds * 16_000)]
    return (peak * sound / np.abs(sound).max()).astype(np.float32)


def _vowel(
    formants: tuple[int, ...], seconds: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    count = round(seconds * 16_000)
    pitch = rng.uniform(110, 160) * np.linspace(1, rng.uniform(0.85, 1.15), count)
    harmonics = np.arange(1, 60)[:, None]
    hz = harmonics * pitch
    gain = sum(1 / (1 + ((hz - formant) / 60) ** 2) for formant in formants) / harmonics**0.5
    phase = 2 * np.pi * harmonics * np.cumsum(pitch) / 16_000
    sound = np.where(hz < 7500, gain * np.sin(phase), 0).sum(axis=0)
    return np.asarray(sound / np.abs(sound).max() * np.sin(np.linspace(0, np.pi, count)) ** 0.5)


def with_silence(sound: Samples, before: float, after: float, rate: int = 16_000) -> Samples:
    return np.pad(sound, (round(before * rate), round(after * rate)))


@dataclass(frozen=True)
class Format:
    """One way to write a file: `write(samples [N, C], rate)` gives its bytes."""

    extension: str
    write: Callable[[NDArray[np.float32], int], bytes]
    rate: int = 16_000


def sndfile(container: str, subtype: str) -> Callable[[NDArray[np.float32], int], bytes]:
    def write(samples: NDArray[np.float32], rate: int) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format=container, subtype=subtype)
        return file.getvalue()

    return write


def ffmpeg(
    container: str, codec: str, *, video: bool = False, bit_rate: int | None = None
) -> Callable[[NDArray[np.float32], int], bytes]:
    def write(samples: NDArray[np.float32], rate: int) -> bytes:
        file = io.BytesIO()
        layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[1]]
        with av.open(file, "w", format=container) as output:
            picture = output.add_stream("mpeg4", rate=10) if video else None
            if picture is not None:
                picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
            stream = output.add_stream(codec, rate=rate, layout=layout)
            if bit_rate is not None:
                stream.bit_rate = bit_rate
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
            frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            stream.codec_context.open()
            resampler = av.AudioResampler(
                stream.format, layout, rate, frame_size=stream.codec_context.frame_size or None
            )
            for part in [*resampler.resample(frame), *resampler.resample(None), None]:
                output.mux(stream.encode(part))
            if picture is not None:
                for index in range(round(10 * len(samples) / rate)):
                    image = av.VideoFrame.from_ndarray(
                        np.full((48, 64, 3), 20 * index % 256, np.uint8), format="rgb24"
                    )
                    image.pts, image.time_base = index, Fraction(1, 10)
                    output.mux(picture.encode(image))
                output.mux(picture.encode(None))
        return file.getvalue()

    return write


LOSSLESS = {
    "wav-u8": Format("wav", sndfile("WAV", "PCM_U8")),
    "wav-16": Format("wav", sndfile("WAV", "PCM_16")),
    "wav-24": Format("wav", sndfile("WAV", "PCM_24")),
    "wav-32": Format("wav", sndfile("WAV", "PCM_32")),
    "wav-float": Format("wav", sndfile("WAV", "FLOAT")),
    "wav-double": Format("wav", sndfile("WAV", "DOUBLE")),
    "wav-alaw": Format("wav", sndfile("WAV", "ALAW")),
    "wav-mulaw": Format("wav", sndfile("WAV", "ULAW")),
    "wav-extensible": Format("wav", sndfile("WAVEX", "PCM_24")),
    "wav-rf64": Format("wav", sndfile("RF64", "PCM_16")),
    "w64": Format("w64", sndfile("W64", "PCM_16")),
    "aiff": Format("aiff", sndfile("AIFF", "PCM_16")),
    "aiff-float": Format("aiff", sndfile("AIFF", "FLOAT")),
    "caf": Format("caf", sndfile("CAF", "PCM_16")),
    "caf-alac": Format("caf", sndfile("CAF", "ALAC_16")),
    "au": Format("au", sndfile("AU", "PCM_16")),
    "flac": Format("flac", sndfile("FLAC", "PCM_16")),
    "flac-24": Format("flac", sndfile("FLAC", "PCM_24")),
    "m4a-alac": Format("m4a", ffmpeg("ipod", "alac")),
    "mkv-flac": Format("mkv", ffmpeg("matroska", "flac")),
    "mov-pcm": Format("mov", ffmpeg("mov", "pcm_s16le")),
}

LOSSY = {
    "mp3": Format("mp3", ffmpeg("mp3", "libmp3lame"), 44_100),
    "mp3-lsf": Format("mp3", ffmpeg("mp3", "libmp3lame")),  # MPEG-2: half the frame length
    "wav-mp3": Format("wav", ffmpeg("wav", "libmp3lame"), 44_100),
    "m4a": Format("m4a", ffmpeg("ipod", "aac"), 44_100),
    "m4a-16k": Format("m4a", ffmpeg("ipod", "aac")),
    "aac": Format("aac", ffmpeg("adts", "aac"), 44_100),
    "ogg-vorbis": Format("ogg", sndfile("OGG", "VORBIS"), 44_100),
    "ogg-opus": Format("opus", sndfile("OGG", "OPUS"), 48_000),
    "ogg-opus-ffmpeg": Format("opus", ffmpeg("ogg", "libopus"), 48_000),
    "webm-opus": Format("webm", ffmpeg("webm", "libopus"), 48_000),
    "mp4-video": Format("mp4", ffmpeg("mp4", "aac", video=True), 48_000),
    "3gp-amr": Format("3gp", ffmpeg("3gp", "libopencore_amrnb"), 8_000),
    "amr": Format("amr", ffmpeg("amr", "libopencore_amrnb"), 8_000),
    "wma": Format("wma", ffmpeg("asf", "wmav2", bit_rate=64_000), 44_100),
    "ac3": Format("ac3", ffmpeg("ac3", "ac3"), 48_000),
}

FORMATS = {**LOSSLESS, **LOSSY}


def amr_wideband(frames: int) -> bytes:
    """AMR-WB at 23.85 kbit/s, 20 ms a frame, of random bits: no encoder comes with PyAV."""
    bits = np.random.default_rng(0)
    header = b"\x44"  # frame type 8, good quality: RFC 4867 5.3
    return b"#!AMR-WB\n" + b"".join(header + bits.bytes(60) for _ in range(frames))


Probabilities = arrays.arrays(
    np.float32,
    st.integers(min_value=0, max_value=1_500),
    elements=st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]).map(np.float32),
    fill=st.sampled_from([0.0, 1.0]).map(np.float32),
)
