"""How usable a recording is: signal to noise, clipping, bandwidth, and warnings in words."""

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.decoders import Details, FloatArray
from voxcor.audio.music import MusicMeter
from voxcor.audio.vad import ONSET, PASS_WINDOWS, WINDOW_SAMPLES
from voxcor.disk.array import Rows, blocks_of
from voxcor.frames import SAMPLE_RATE
from voxcor.language import say
from voxcor.results import Quality

PowerArray = NDArray[np.float64]

# Windows that are surely not speech, and how many make a background one can measure: 0.32 s.
_BACKGROUND = 0.1
_FEWEST_WINDOWS = 10

# A background of digital silence would give infinity, which JSON does not have: 16 bits reach 96.
# Below -10 the difference of two powers says nothing.
_HIGHEST_SNR_DB = 96.0
_LOWEST_SNR_DB = -10.0

# G.711 reaches 0.98 of full scale, 8-bit WAV 0.99 on one side.
_FULL_SCALE = 0.9

# A clipped crest is flat for longer than this. A full-scale sine of 50 Hz or more is not: it stays
# within one 16-bit step of its crest for under 0.1 ms.
_FLAT_SAMPLES = 3
_FLAT_S = 1e-4
_STEP = 1.5 / 32768

_SPECTRUM = 1024  # samples, 64 ms: bins of 15.6 Hz
_TOGETHER = 64  # spectra that are taken at a time
_SPECTRUM_FRAMES = 4000  # spread over the recording; more do not change a mean

# Below the strongest bin. Measured on 320 clips: wideband speech reaches beyond 4.1 kHz at this
# depth, the same speech from 8 kHz PCM or mu-law ends at 3.9; at 70 dB the rounding to 16 bits
# fills the emptiness above quiet speech, at 50 dB muffled speech looks like the telephone's.
_NOTHING_DB = 60.0

# Below each of these a warning is due,
ENOUGH_SPEECH_S = 1.0  # emotion2vec does badly on 1 to 2 s (ddlBoJack/emotion2vec issue 41)
CLEAN_DB = 10.0
WIDE_HZ = 4100  # telephone channels end at 3.4 kHz, their sampling at 4
LOUD = 0.01  # -40 dBFS: eight of sixteen bits are left

# and above each of these: one sample in a thousand, and half a minute of five.
MUCH_CLIPPING = 1e-3
MUCH_MUSIC = 0.1


def measure(
    samples: Rows,
    power: PowerArray,
    probabilities: FloatArray,
    *,
    bandwidth: int,
    peak: float,
    clipping: float,
    speech: float,
    noticed: Mapping[str, Details] = MappingProxyType({}),
) -> Quality:
    """The quality of a recording, before anything of it is trimmed.

    Args:
        samples: the channels that are heard, mixed, at 16 kHz, `[N]`.
        power: of their windows, `[W]` by `window_power`.
        probabilities: of speech in these windows, `[W]`.
        bandwidth: of `samples`, by `bandwidth_hz`.
        peak: the highest absolute value of `samples`.
        clipping: the share of samples at full scale, of the recording as it came.
        speech: seconds of it that are certain.
        noticed: warnings that decoding gave, with their details.
    """
    snr_db = signal_to_noise_db(power, probabilities)
    music = MusicMeter()
    for block in blocks_of(samples, PASS_WINDOWS * WINDOW_SAMPLES):
        music.push(block)
    deserved = {
        "uncertain_speech": speech == 0 and "no_speech" not in noticed,
        "too_short": 0 < speech < ENOUGH_SPEECH_S,
        "noisy": snr_db is not None and snr_db < CLEAN_DB,
        "music": music.share() > MUCH_MUSIC,
        "clipped": clipping > MUCH_CLIPPING,
        "narrowband": bandwidth < WIDE_HZ,
        "quiet": peak < LOUD,
    }
    warnings = tuple(code for code, due in deserved.items() if due)
    details = {code: facts for code, facts in noticed.items() if facts}
    return Quality(snr_db, clipping, bandwidth, speech, (*noticed, *warnings), details)


def window_power(samples: FloatArray) -> PowerArray:
    """Power of the 512-sample windows of `[N]`, `[W]` with `W = ceil(N / 512)`.

    Variance, rather: an offset of the converter is not sound. The last window is measured alone.
    """
    whole = len(samples) - len(samples) % WINDOW_SAMPLES
    windows = samples[:whole].reshape(-1, WINDOW_SAMPLES).var(axis=1, dtype=np.float64)
    rest = samples[whole:]
    return np.append(windows, rest.var(dtype=np.float64)) if len(rest) else windows


def signal_to_noise_db(power: PowerArray, probabilities: FloatArray) -> float | None:
    """Mean power of speech over that of its background, in dB; None without a pause or speech.

    Args:
        power: `[W]` by `window_power`, before trimming.
        probabilities: `[W]` of speech.
    """
    speech = power[probabilities >= ONSET]
    background = power[probabilities < _BACKGROUND]
    if not len(speech) or len(background) < _FEWEST_WINDOWS:
        return None
    # The median: a door in the pause is not what the speech was spoken over.
    noise = float(np.median(background))
    if noise == 0:
        return _HIGHEST_SNR_DB
    excess = float(speech.mean()) / noise - 1
    snr_db = 10 * float(np.log10(max(excess, 10 ** (_LOWEST_SNR_DB / 10))))
    return round(min(snr_db, _HIGHEST_SNR_DB), 1)


class ClippingMeter:
    """Looks in a recording, block by block, for flat crests at full scale."""

    def __init__(self, sample_rate: int) -> None:
        self._shortest = max(_FLAT_SAMPLES, round(_FLAT_S * sample_rate))
        self._crests: list[_FlatCrest] = []
        self._count = 0

    def push(self, samples: FloatArray) -> None:
        """Takes the next samples `[n, C]`."""
        sides = [side * channel for channel in samples.T for side in (1, -1)]
        self._crests = self._crests or [_FlatCrest(self._shortest) for _ in sides]
        for crest, side in zip(self._crests, sides, strict=True):
            crest.push(side)
        self._count += samples.size

    def share(self) -> float:
        """The share of all samples, 0..1, that lie in such crests."""
        return sum(crest.count() for crest in self._crests) / max(1, self._count)


class _FlatCrest:
    """How many samples lie at the maximum, of one sign of one channel, in runs of `shortest`.

    The maximum of the whole is known at its end only. So it counts by what it is at the time, and
    when it rises, what lay a step or more below is forgotten.
    """

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._crest = np.float32(-np.inf)
        self._counts: dict[float, int] = {}  # by the maximum at the time
        self._open = 0  # length of the run that the last piece ends with

    def push(self, samples: FloatArray) -> None:
        self._crest = max(self._crest, samples.max())
        if self._crest < _FULL_SCALE:
            return
        floor = self._crest - _STEP
        self._counts = {crest: n for crest, n in self._counts.items() if crest >= floor}
        flat = np.concatenate([[False], samples >= floor, [False]])
        edges = np.diff(flat.astype(np.int8))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        runs = ends - starts
        if len(runs) and starts[0] == 0:
            runs[0] += self._open
        else:
            runs = np.append(runs, self._open)
        self._open = 0
        if len(ends) and ends[-1] == len(samples):
            last = len(ends) - 1
            self._open, runs = int(runs[last]), np.delete(runs, last)
        self._count(runs)

    def count(self) -> int:
        self._count(np.array([self._open]))
        self._open = 0
        return sum(self._counts.values())

    def _count(self, runs: NDArray[np.int64]) -> None:
        crest = float(self._crest)
        flat = int(runs[runs >= self._shortest].sum())
        self._counts[crest] = self._counts.get(crest, 0) + flat


def bandwidth_hz(samples: Rows) -> int:
    """The frequency above which samples `[N]` at 16 kHz hold next to nothing, up to 8000."""
    hop = max(_SPECTRUM // 2, len(samples) // _SPECTRUM_FRAMES)
    starts = range(0, max(1, len(samples) - _SPECTRUM + 1), hop)
    window = np.hanning(_SPECTRUM)
    spectrum = np.zeros(_SPECTRUM // 2 + 1)
    for first in range(0, len(starts), _TOGETHER):
        group = starts[first : first + _TOGETHER]
        frames = np.stack([samples[start : start + _SPECTRUM] for start in group])
        frames = (frames - frames.mean(axis=1, keepdims=True)) * window[: frames.shape[1]]
        spectrum += (np.abs(np.fft.rfft(frames, _SPECTRUM)) ** 2).sum(axis=0)
    present = np.flatnonzero(spectrum > spectrum.max() * 10 ** (-_NOTHING_DB / 10))
    highest = int(present[-1]) if len(present) else 0
    return round(highest * SAMPLE_RATE / _SPECTRUM)


def describe_warning(code: str, details: Mapping[str, Any] = MappingProxyType({})) -> str:
    """One sentence for a code of `Quality.warnings`, with advice and with what is known of it.

    Args:
        code: the warning.
        details: what `Quality.details` has for it.
    """
    return say(*warning_words(code, details))


def warning_words(code: str, details: Mapping[str, Any]) -> tuple[str, str]:
    """The same in English and in Chinese; a code of another version is left as it is."""
    words = WORDS.get(code, (code, code))
    # Nothing more may be known, or something else by another version.
    with suppress(KeyError, ValueError, TypeError):
        en, zh = (more.format(**details) for more in DETAILED_WORDS[code])
        return en, zh
    return words


WORDS = {
    "no_speech": (
        "No speech was found: it was recognised because you asked for any sound.",
        "未检测到语音；因要求识别任意声音，仍给出结果。",
    ),
    "too_short": (
        "Less than a second of speech: the scores are unsteady; two seconds or more are better.",
        "语音不足一秒，得分不稳定；建议提供两秒以上的语音。",
    ),
    "uncertain_speech": (
        "It is not certain that this is speech: listen to it before you rely on the scores.",
        "无法确定其中是否为语音；采用结果前请先试听。",
    ),
    "noisy": (
        "The background is loud: record closer to the mouth or in a quieter place.",
        "背景噪声较大；请靠近话筒或在更安静的环境中录音。",
    ),
    "music": (
        "Music or a steady tone sounds in it, and colours the scores: prefer speech alone.",
        "录音中有音乐或持续音，会影响得分；请尽量使用只有人声的录音。",
    ),
    "clipped": (
        "The loudest parts are cut off (clipping): lower the recording level.",
        "响度过高，波形被削顶；请降低录音电平。",
    ),
    "narrowband": (
        "Telephone bandwidth, without high frequencies: prefer a wideband recording.",
        "电话带宽，缺少高频成分，准确率会降低；如有宽带录音请改用。",
    ),
    "quiet": (
        "Very quiet, little more than the noise of the recording itself: raise the level.",
        "音量很低，已接近录音自身的噪声；请提高录音电平。",
    ),
    "wrong_extension": (
        "Decoded, but the file holds another format than its extension says: rename it.",
        "文件扩展名与实际格式不符，已按实际格式解码；建议改正扩展名。",
    ),
    "truncated": (
        "The recording is cut off: what is there was recognised.",
        "录音不完整，已识别现有部分。",
    ),
    "opposite_phase": (
        "Channels in opposite phase would cancel out: one was turned round, or heard alone.",
        "声道相位相反，直接混合会互相抵消，已将其中一个反相或只取一个声道。",
    ),
    "several_tracks": (
        "Of several sound tracks the one with speech was taken: --track takes another.",
        "文件含有多条音轨，已选用有语音的一条；可用 --track 另选。",
    ),
    "several_parts": (
        "The file holds several recordings one behind the other; they were heard as one.",
        "文件由多段录音首尾相接而成，已作为一段识别。",
    ),
    "parts_unheard": (
        "The file holds more recordings, which could not be decoded and were not heard.",
        "文件中还有无法解码的录音，未予识别。",
    ),
    "turns_unfit": (
        "Some turns of speakers do not fit the recording: they were cut off, or passed over.",
        "部分话轮与录音不符，已截去或略过。",
    ),
}

# The same with figures, where they are known.
DETAILED_WORDS = {
    "truncated": (
        "The recording is cut off, {missing_s:.1f} s are missing: what is there was recognised.",
        "录音不完整，缺少 {missing_s:.1f} 秒，已识别现有部分。",
    ),
    "several_tracks": (
        "Of {tracks} sound tracks number {track} was taken, for its speech: --track takes another.",
        "文件含有 {tracks} 条音轨，已选用有语音的第 {track} 条；可用 --track 另选。",
    ),
    "several_parts": (
        "The file holds {parts} recordings one behind the other; they were heard as one.",
        "文件由 {parts} 段录音首尾相接而成，已作为一段识别。",
    ),
    "parts_unheard": (
        "The file holds {parts} more recordings, which could not be decoded and were not heard.",
        "文件中还有 {parts} 段无法解码的录音，未予识别。",
    ),
    "turns_unfit": (
        "{turns} turns of speakers (first: line {line}) do not fit; they were cut or passed over.",
        "{turns} 个话轮与录音不符（首个在第 {line} 行），已截去或略过。",
    ),
}
