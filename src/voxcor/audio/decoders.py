"""The two decoders, libsndfile and FFmpeg, behind one shape: blocks of float32 samples.

Both decode block by block in bounded memory, print nothing, and open nothing but the file they are
given. What they cannot do they say with `DecoderError`; `decode.py` makes the person's error of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voxcor.audio.reader import HashedReader
from voxcor.language import say

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

FloatArray = NDArray[np.float32]

BLOCK = 1 << 14  # samples per channel

# FFmpeg also reads playlists, session descriptions and scripts that make it open other files and
# sockets. These containers only hold what they hold.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,loas,matroska,webm,"
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,ogg,oma,rm,shn,tak,truehd,tta,voc,w64,wav,"
    "wtv,wv,xwma"
)

# These place audio on a time line: priming before zero, gaps as gaps. In all others one frame
# follows the other.
_TIMED_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}

# The delay in samples that an encoder adds where the container has no field to say so. AAC: one
# frame, the least that the overlap of its windows allows (ISO/IEC 14496-3; some encoders add up to
# 1,100 more). AC-3: half a block (ATSC A/52). AMR: 5 ms of look-ahead (3GPP TS 26.090 and 26.190).
_UNSAID_DELAY = {"aac": 1024, "ac3": 256, "eac3": 256, "amrnb": 40, "amrwb": 80}

# Time stamps are rounded to a millisecond, and they jitter; only beyond this is a gap a gap.
_GAP_S = 0.1
_LONGEST_GAP_S = 3600

# The last packet is filled up with at most two frames of HE-AAC that the duration leaves out.
_LONGEST_PADDING = 4096


# SF_COUNT_MAX of libsndfile.
_UNKNOWN_FRAMES = (1 << 63) - 1


class DecoderError(Exception):
    """This decoder cannot go on; the text says why, in the language of the process."""


class NoAudioTrack(DecoderError):
    """A container of video or text only."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """An open recording: `blocks` are float32 `[n, channels]`.

    `expected` is the number of samples per channel that the header promises, None where it does
    not or is not to be trusted.
    """

    sample_rate: int
    channels: int
    blocks: Iterator[FloatArray]
    expected: int | None = None


def to_float(samples: NDArray[Any]) -> FloatArray:
    """Float samples as they are, integers by their full scale, unsigned ones around their middle.

    Raises:
        TypeError: not a type of samples (bool, complex, 64-bit integers, objects).
    """
    if samples.dtype.kind == "f":
        # What float32 cannot hold becomes infinity, which is refused later with its time.
        with np.errstate(over="ignore"):
            return samples.astype(np.float32, copy=False)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    if samples.dtype.kind == "i" and samples.dtype.itemsize <= 4:
        return samples.astype(np.float32) / np.float32(-int(np.iinfo(samples.dtype).min))
    raise TypeError(samples.dtype)


@contextmanager
def open_sndfile(file: HashedReader) -> Iterator[Decoder]:
    """WAV, FLAC, Ogg Vorbis and Opus, AIFF, AU, CAF and a dozen more, through libsndfile."""
    import soundfile

    try:
        sound = soundfile.SoundFile(file)
    except soundfile.LibsndfileError as error:
        raise DecoderError(_invalid_data()) from error
    with sound:
        # So say the headers of a WAV and of a FLAC that were written to a pipe; FFmpeg reads on.
        if sound.frames in (0, _UNKNOWN_FRAMES):
            raise DecoderError(_invalid_data())
        yield Decoder(sound.samplerate, sound.channels, _sndfile_blocks(sound), sound.frames)


def _sndfile_blocks(sound: Any) -> Iterator[FloatArray]:
    import soundfile

    try:
        while len(block := sound.read(BLOCK, dtype="float32", always_2d=True)):
            yield block
    except soundfile.LibsndfileError as error:
        raise DecoderError(_invalid_data()) from error


@contextmanager
def open_ffmpeg(file: HashedReader) -> Iterator[Decoder]:
    """MP3, M4A, MP4, WebM, AMR, WMA and the other containers above, through PyAV."""
    import av

    try:
        container = av.open(
            file,
            mode="r",
            # Tags in GBK, or in nothing at all, are no reason to refuse the sound.
            metadata_errors="ignore",
            options={"format_whitelist": _CONTAINERS},
        )
    except av.FFmpegError as error:
        raise DecoderError(_invalid_data()) from error
    with container:
        if not container.streams.audio:
            raise NoAudioTrack
        stream = container.streams.best("audio")
        if not isinstance(stream, av.AudioStream):
            raise DecoderError(_invalid_data())
        frames = _ffmpeg_frames(container, stream)
        first = next(frames, None)
        if first is None:
            yield Decoder(stream.rate, stream.channels, iter(()))
            return
        # The first frame knows what the header of HE-AAC does not: the real rate and channels.
        rate, channels = first.rate, first.layout.nb_channels
        blocks = _ffmpeg_blocks(chain([first], frames), rate, channels)
        if container.format.name in _TIMED_CONTAINERS:
            samples = _on_time(blocks, rate)
            if stream.duration and stream.time_base:
                samples = _without_padding(
                    samples, round(stream.duration * stream.time_base * rate)
                )
        else:
            samples = _without_start(blocks, _UNSAID_DELAY.get(stream.codec_context.name, 0))
        yield Decoder(rate, channels, samples)


def _ffmpeg_frames(container: "InputContainer", stream: "AudioStream") -> Iterator["AudioFrame"]:
    """Decoded frames; one bad packet may pass at the very end, where tags and cuts leave it."""
    import av

    failure: av.FFmpegError | None = None
    decoded = False
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                if failure:
                    raise
                failure = error
                continue
            for frame in frames:
                if failure:
                    raise failure
                decoded = True
                yield frame
        if failure and not decoded:
            raise failure
    except av.FFmpegError as error:
        raise DecoderError(_invalid_data()) from error


_TimedBlock = tuple[float | None, FloatArray]  # start in seconds, samples [n, channels]


def _ffmpeg_blocks(
    frames: Iterator["AudioFrame"], rate: int, channels: int
) -> Iterator[_TimedBlock]:
    import av

    # To interleaved float in C: `to_ndarray` of PyAV 18 reads beyond the planes of eight channels
    # and more, and crashes.
    converter = av.AudioResampler(format="flt")
    for frame in frames:
        if (frame.rate, frame.layout.nb_channels) != (rate, channels):
            raise DecoderError(
                say("its sample rate or channels change midway", "采样率或声道数中途改变")
            )
        try:
            converted = converter.resample(frame)
        except (av.FFmpegError, ValueError) as error:  # ValueError: another sample format
            raise DecoderError(_invalid_data()) from error
        for part in converted:
            yield part.time, to_float(part.to_ndarray()).reshape(-1, channels)


def _without_start(blocks: Iterator[_TimedBlock], delay: int) -> Iterator[FloatArray]:
    """The blocks less their first `delay` samples."""
    for _, block in blocks:
        if delay < len(block):
            yield block[delay:]
        delay = max(0, delay - len(block))


def _on_time(blocks: Iterator[_TimedBlock], rate: int) -> Iterator[FloatArray]:
    """The blocks at their times: nothing before zero, silence in gaps.

    Zero is where the first block starts, unless that is negative: then its start is priming.
    """
    origin: float | None = None
    position = 0
    for time, block in blocks:
        if time is not None:
            if origin is None:
                origin = max(0.0, time)
                position = round(min(0.0, time) * rate)
            gap = round((time - origin) * rate) - position
            if gap > _LONGEST_GAP_S * rate:
                raise DecoderError(say("its time stamps jump", "时间戳跳变"))
            if gap > _GAP_S * rate:
                position += gap
                yield from _silence(gap, block.shape[1])
        if position + len(block) > 0:
            yield block[max(0, -position) :]
        position += len(block)


def _silence(length: int, channels: int) -> Iterator[FloatArray]:
    for start in range(0, length, BLOCK):
        yield np.zeros((min(BLOCK, length - start), channels), np.float32)


def _without_padding(blocks: Iterator[FloatArray], length: int) -> Iterator[FloatArray]:
    """The first `length` samples; all of them where more is left over than a codec pads."""
    position = 0
    beyond: list[FloatArray] = []
    for block in blocks:
        keep = max(0, length - position)
        position += len(block)
        if keep:
            yield block[:keep]
        if keep < len(block):
            beyond.append(block[keep:])
        if position - length > _LONGEST_PADDING:
            yield from beyond
            yield from blocks
            return


def _invalid_data() -> str:
    return say("the decoder meets invalid data", "解码器遇到无效数据")
