"""Bare samples that come live, and what comes in their place.

A live stream is s16le, 16 kHz, mono, without a header that could say so; anything else would be
heard as noise. So the first bytes are looked at before they are heard: the header of a WAV of just
these samples is passed over, and what has another mark is refused by its name. What has no mark is
told in the first seconds, by statistics that speech does not have.
"""

import io
import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.headers import Container, chunks, is_placeholder, sniff
from voxcor.audio.reader import HashedReader, Part
from voxcor.audio.signatures import is_silk
from voxcor.errors import InvalidAudioFrame, NotBareSamples
from voxcor.frames import SAMPLE_RATE

# As long as the longest mark, that of Wave64.
MARK_BYTES = 16

# Chunks before the samples of a WAV; those of recorders have some hundred bytes.
MOST_HEADER_BYTES = 1 << 16

# Eight bytes are four samples, or two of float32, or one of float64. So many that are not zero are
# looked at together, 100 ms, and of a stream the first 10 s.
_GROUPS = 400
_WINDOWS = 100

# The last sixteen bits of a float between 1e-9 and 32768 are these, but for its sign. In 2,310
# clips of seven corpora no window of s16le has 40 % of its samples there.
_FLOAT = "float"
_FLOATS = (0x3089, 0x4700)
_MOSTLY = 0.9

# Compressed data are uniform white noise: their root mean square is 0.577 of full scale, and their
# differences have twice their power. Clipped fricatives come near that, for a moment.
_NOISE_RMS = (0.53, 0.63)
_NOISE_CHANGE = (0.88, 1.12)  # power of differences, over twice the power
_NOISE_WINDOWS = 3  # in a row

_MEDIA_TYPES: dict[Container, str] = {
    "wav": "audio/wav",
    "w64": "audio/x-w64",
    "aiff": "audio/aiff",
    "au": "audio/basic",
    "caf": "audio/x-caf",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "mp4": "audio/mp4",
    "matroska": "audio/webm",
    "amr": "audio/amr",
    "asf": "audio/x-ms-wma",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
}

# Frames that must follow each other, and which of their first bits are the same in all of a stream:
# ISO 11172-3 and 13818-3 (layer III of MPEG 1, 2 and 2.5), 13818-7 (ADTS), 13818-1 (packets).
_FRAMES = 3
_SAME = {
    "audio/mpeg": b"\xff\xfe\x0c\x00",
    "audio/aac": b"\xff\xff\xff\xf0",
    "video/mp2t": b"\xff\x00\x00\x00",
}
_MP3_KBPS = (
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)

_SAMPLE_FORMATS = {1: "PCM", 3: "float", 6: "A-law", 7: "mu-law", 0x11: "IMA ADPCM", 2: "MS ADPCM"}
_EXTENSIBLE = 0xFFFE


class BareSamples:
    """Bytes that come in any pieces, as bytes of whole samples, s16le 16 kHz mono."""

    def __init__(self) -> None:
        self._bytes = 0
        self._held = b""  # of a mark or a header that is not whole yet
        self._odd = b""  # half a sample
        self._left: float = 0  # bytes of samples before there may be a mark again
        self._unheard: float = 0  # bytes that come after these and are none
        self._passing: float = 0  # of which so many are still to come
        self._statistics = _Statistics()

    def push(self, data: bytes) -> bytes:
        """More bytes; what is sure of them, and of those that were held.

        Raises:
            NotBareSamples: they are something else.
        """
        return self._taken(data, is_end=False)

    def finish(self) -> bytes:
        """What is held, as no more will come.

        Raises:
            NotBareSamples: it is something else.
            InvalidAudioFrame: all of it ends within a sample.
        """
        samples = self._taken(b"", is_end=True)
        if self._odd:
            raise InvalidAudioFrame(bytes=self._bytes)
        return samples

    def _taken(self, data: bytes, *, is_end: bool) -> bytes:
        self._bytes += len(data)
        data, position, taken = self._held + data, 0, [self._odd]
        while True:
            passed = int(min(self._passing, len(data) - position))
            self._passing -= passed
            position += passed
            if not self._left and not self._passing:
                header = self._header(data[position : position + MOST_HEADER_BYTES], is_end)
                if header is None:
                    break
                position += header.start
                self._left, self._unheard = header.samples, header.unheard
            count = int(min(self._left, len(data) - position))
            taken.append(data[position : position + count])
            self._left -= count
            position += count
            if self._left or self._passing:
                break
            self._passing = self._unheard
        self._held = data[position:]
        samples = b"".join(taken)
        whole = len(samples) // 2 * 2
        self._odd = samples[whole:]
        self._statistics.push(samples[:whole])
        return samples[:whole]

    def _header(self, head: bytes, is_end: bool) -> "_Header | None":
        """What stands before samples; None where more bytes will tell."""
        if not head or (len(head) < MARK_BYTES and not is_end):
            return None
        part = Part(HashedReader(io.BytesIO(head)))
        container = sniff(part)
        if container == "wav":
            return _wave_header(part, is_whole=is_end or len(head) == MOST_HEADER_BYTES)
        # Two samples of noise may have the mark of a frame, but not a frame after the other.
        if container not in ("mp3", "aac", None):
            raise _refusal(_MEDIA_TYPES[container])
        kind, needed = _framed(head)
        if kind := kind or _unlisted(head):
            raise _refusal(kind)
        return None if needed > len(head) and not is_end else _Header(0, math.inf, 0)


@dataclass(frozen=True, slots=True)
class _Header:
    """Bytes: before the samples, of the samples, and after them in the same file."""

    start: int
    samples: float
    unheard: float


def _wave_header(part: Part, *, is_whole: bool) -> _Header | None:
    """The header of a WAV of bare samples; None where it has not come to its end.

    Raises:
        NotBareSamples: its samples are others, or there are none.
    """
    for kind, position, size in chunks(part):
        if kind == b"fmt " and position + min(size, 26) <= part.size:
            if other := _other_format(part.peek(position, min(size, 26)), part.peek(0, 4)):
                raise _refusal(other)
        elif kind == b"data":
            riff_end = 8 + int.from_bytes(part.peek(4, 4), "little")
            if is_placeholder(size, 2):
                return _Header(position, math.inf, 0)
            return _Header(position, size, max(0, riff_end - position - size))
    if is_whole:
        raise _refusal(_MEDIA_TYPES["wav"])
    return None


def _other_format(fmt: bytes, riff: bytes) -> str:
    """What the samples of a WAV are by its `fmt ` chunk, nothing where they are the right ones."""
    order = ">" if riff == b"RIFX" else "<"
    if len(fmt) < 16:
        return _MEDIA_TYPES["wav"]
    tag, channels, rate, _, _, bits = struct.unpack(f"{order}HHIIHH", fmt[:16])
    if tag == _EXTENSIBLE and len(fmt) >= 26:
        (tag,) = struct.unpack(f"{order}H", fmt[24:26])
    if (tag, channels, rate, bits, order) == (1, 1, SAMPLE_RATE, 16, "<"):
        return ""
    name = _SAMPLE_FORMATS.get(tag, f"format {tag:#06x}")
    return f"{_MEDIA_TYPES['wav']} ({bits} bit {name}, {rate} Hz, channels: {channels})"


def _unlisted(head: bytes) -> str:
    """What begins with a mark by which no file is sniffed: tags, and pieces of files."""
    if head[:3] == b"ID3" and head[3] < 0x10 and max(head[6:10], default=0x80) < 0x80:
        return _MEDIA_TYPES["mp3"]
    if head[:4] == b"\x1fC\xb6u":  # a cluster of MediaRecorder, whose first piece went elsewhere
        return _MEDIA_TYPES["matroska"]
    if head[4:8] in (b"moof", b"styp", b"sidx", b"moov"):
        return _MEDIA_TYPES["mp4"]
    return "SILK" if is_silk(head) else ""


def _framed(head: bytes) -> tuple[str, int]:
    """What begins with three frames of a kind; nothing where it does not, or where the bytes do not
    reach as far as the third, whose header ends at the second number.
    """
    first, position = head[:4], 0
    for _ in range(_FRAMES):
        header = head[position : position + 6]
        if len(header) < 6:
            return "", position + 6
        kind, length = _frame(header)
        if not kind or any(
            (a ^ b) & m for a, b, m in zip(first, header, _SAME[kind], strict=False)
        ):
            return "", 0
        position += length
    return kind, position


def _frame(header: bytes) -> tuple[str, int]:
    """What six bytes may be the header of, and the bytes of the frame; nothing where of none."""
    if header[0] == 0x47:
        return "video/mp2t", 188
    if header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return "", 0
    if header[1] & 0xF6 == 0xF0:
        length = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        return (_MEDIA_TYPES["aac"], length) if length > 7 else ("", 0)
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate_index, bit_rate_index = header[2] >> 2 & 3, header[2] >> 4
    if version == 1 or layer != 1 or rate_index == 3 or bit_rate_index in (0, 15):
        return "", 0
    is_first = version == 3
    bit_rate = _MP3_KBPS[is_first][bit_rate_index - 1] * 1000
    rate = (44_100, 48_000, 32_000)[rate_index] // {3: 1, 2: 2, 0: 4}[version]
    padding = header[2] >> 1 & 1
    return _MEDIA_TYPES["mp3"], (144 if is_first else 72) * bit_rate // rate + padding


class _Statistics:
    """Looks whether the first seconds can be s16le, as they pass."""

    def __init__(self) -> None:
        self._groups = np.zeros((0, 4), np.int16)
        self._rest = b""
        self._windows = 0
        self._noisy = 0  # windows in a row

    def push(self, data: bytes) -> None:
        """More of the stream.

        Raises:
            NotBareSamples: it is of floats, or compressed.
        """
        if self._windows == _WINDOWS:
            return
        data = self._rest + data
        whole = len(data) // 8 * 8
        self._rest = data[whole:]
        groups = np.frombuffer(data[:whole], "<i2").reshape(-1, 4)
        self._groups = np.concatenate([self._groups, groups[groups.any(axis=1)]])
        while len(self._groups) >= _GROUPS and self._windows < _WINDOWS:
            self._look(self._groups[:_GROUPS])
            self._groups = self._groups[_GROUPS:]
            self._windows += 1

    def _look(self, groups: NDArray[np.int16]) -> None:
        bits = groups & 0x7FFF
        first, _, third, last = ((bits >= _FLOATS[0]) & (bits <= _FLOATS[1])).mean(axis=0)
        # Samples are alike wherever they stand, the halves of a float are not.
        if last >= _MOSTLY and max(first, third) <= _MOSTLY / 2:
            raise _refusal(_FLOAT)
        samples = groups.reshape(-1) / 32768
        power = np.square(samples).mean()
        change = np.square(np.diff(samples)).mean() / (2 * power)
        is_noise = _within(np.sqrt(power), _NOISE_RMS) and _within(change, _NOISE_CHANGE)
        self._noisy = self._noisy + 1 if is_noise else 0
        if self._noisy == _NOISE_WINDOWS:
            raise _refusal("")


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _refusal(kind: str) -> NotBareSamples:
    """The error for what is sent: a media type, `_FLOAT`, or nothing where it is not known."""
    how_en = "convert it first, as ffmpeg -i INPUT -f s16le -ar 16000 -ac 1 - does."
    how_zh = "请先转换，例如：ffmpeg -i INPUT -f s16le -ar 16000 -ac 1 -"
    found_en, found_zh = kind or "compressed or encrypted data", kind or "压缩或加密的数据"
    if kind == _FLOAT:
        how_en = "multiply each sample by 32767, and send it as a 16-bit integer."
        how_zh = "请将每个采样乘以 32767，并以 16 位整数发送。"
        found_en, found_zh = "floating-point samples", "浮点采样"
    return NotBareSamples(
        found=kind, found_en=found_en, found_zh=found_zh, how_en=how_en, how_zh=how_zh
    )
