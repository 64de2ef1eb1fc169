"""FFmpeg as a decoder, through PyAV: MP3, M4A, MP4, WebM, AMR, WMA and what else it reads.

The time line is the container's: zero is where the container starts, what lies before is priming,
and sound that begins after the picture does has silence before it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from voxcor.audio.decoders import (
    BLOCK_SAMPLES,
    Block,
    Decoder,
    DecoderError,
    FloatArray,
    NoAudioTrack,
    TrackMissing,
    invalid_data,
    to_float,
)
from voxcor.audio.headers import boxes
from voxcor.audio.reader import Part

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

# FFmpeg also reads playlists, session descriptions and scripts that make it open other files and
# sockets. These containers only hold what they hold.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,gsm,loas,matroska,webm,"
    "mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,ogg,oma,rm,shn,tak,truehd,tta,voc,w64,wav,"
    "wtv,wv,xwma"
)

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_MATROSKA = "matroska,webm"

# These place audio on a time line: priming before zero, gaps as gaps.
_TIMED_CONTAINERS = {_MP4, _MATROSKA}

# These have times because other streams run beside the sound, which may begin before it. In all
# containers that are named nowhere here one frame follows the other, from zero on.
_INTERLEAVED_CONTAINERS = {"flv", "mpegts", "mpeg", "avi", "asf", "ogg", "wtv", "rm"}

# How far FFmpeg looks for streams that come late, where no header lists them, in microseconds and
# bytes: an hour of picture. By itself it looks at five seconds.
_LONGER_LOOK = {"analyzeduration": "3600000000", "probesize": str(64 << 20)}

# An edit list of no length, or of what lies behind the end, leaves nothing: then it is wrong.
_WITHOUT_EDITS = {"ignore_editlist": "1"}

# The delay in samples that an encoder adds where the container has no field to say so. AAC: one
# frame, the least that the overlap of its windows allows (ISO/IEC 14496-3; some encoders add up to
# 1,100 more). AC-3: half a block (ATSC A/52). AMR: 5 ms of look-ahead (3GPP TS 26.090 and 26.190).
_UNSAID_DELAY = {"aac": 1024, "ac3": 256, "eac3": 256, "amrnb": 40, "amrwb": 80}

# Time stamps are rounded to a millisecond, and they jitter; only beyond this is a gap a gap. What
# jumps by more than an hour is a piece of something longer, or two things.
_GAP_S = 0.1
_LONGEST_GAP_S = 3600

# The same for where the sound begins, which no jitter adds up to.
_LATE_S = 0.01

# Packets that may be bad, frames between two of them, and bytes in them. More is damage.
_MOST_BAD = 3
_FEWEST_SOUND = 10
_LARGEST_BAD = 1 << 11

# The last packet is filled up with at most two frames of HE-AAC that the duration leaves out.
_LONGEST_PADDING = 4096


@contextmanager
def open_ffmpeg(file: Part, track: int | None = None) -> Iterator[Decoder]:
    """A recording in any of the containers above.

    Args:
        file: its bytes.
        track: which of its sound tracks, from 1; None for the one that FFmpeg takes.

    Raises:
        NoAudioTrack: there is none.
        TrackMissing: there is no such one.
        DecoderError: something else.
    """
    with ExitStack() as stack:
        container = stack.enter_context(opened(file))
        stream, frames, first = _begun(container, track)
        if first is None and container.format.name == _MP4:
            container = stack.enter_context(opened(file, _WITHOUT_EDITS))
            stream, frames, first = _begun(container, track)
        tracks = container.streams.audio
        # The first frame knows what the header of HE-AAC does not: the real rate.
        rate = stream.rate if first is None else first.rate
        blocks = _timed_blocks(chain([first] if first else [], frames))
        zero = _zero_s(file, container)
        if container.format.name in _TIMED_CONTAINERS:
            samples = _on_time(blocks, zero, float(stream.time_base or 0))
            if stream.duration and stream.time_base:
                begin = (stream.start_time or 0) * stream.time_base - zero
                length = max(0, float(begin)) + float(stream.duration * stream.time_base)
                samples = _without_padding(samples, length)
        else:
            is_interleaved = container.format.name in _INTERLEAVED_CONTAINERS
            # Beside a picture, time stamps say when the delay is over, too.
            is_alone = not is_interleaved or len(container.streams) == len(tracks)
            delay = _UNSAID_DELAY.get(stream.codec_context.name, 0) if is_alone else 0
            samples = _in_sequence(blocks, zero if is_interleaved else None, delay)
        yield Decoder(
            rate,
            samples,
            tracks=len(tracks),
            track=tracks.index(stream) + 1,
        )


def _begun(
    container: "InputContainer", track: int | None
) -> "tuple[AudioStream, Iterator[AudioFrame], AudioFrame | None]":
    """A sound track, its frames but for the first, and that; None where there are none."""
    tracks = container.streams.audio
    if track is not None and not 1 <= track <= len(tracks):
        raise TrackMissing(len(tracks))
    best = container.streams.best("audio") if track is None else tracks[track - 1]
    stream = next((stream for stream in tracks if stream is best), None)
    if stream is None or not has_decoder(stream):
        raise DecoderError(invalid_data())
    frames = _frames(container, stream)
    return stream, frames, next(frames, None)


@contextmanager
def opened(
    file: Part, options: Mapping[str, str] = MappingProxyType({})
) -> Iterator["InputContainer"]:
    """FFmpeg's view of the file with its options, in which there is at least one sound track.

    Raises:
        NoAudioTrack, DecoderError: there is none.
    """
    container = _open(file, options)
    sound = container.streams.audio
    # A codec that nothing is known of has no context; one that has not been met yet, no rate.
    is_late = not all(has_decoder(stream) and stream.rate for stream in sound) or not sound
    if is_late and container.format.name in _INTERLEAVED_CONTAINERS:
        container.close()
        container = _open(file, _LONGER_LOOK)
    with container:
        if not container.streams.audio:
            raise NoAudioTrack
        yield container


def has_decoder(stream: "AudioStream") -> bool:
    """Whether its codec is one that FFmpeg knows; PyAV has no context for others."""
    context: object = stream.codec_context
    return context is not None


def _open(file: Part, options: Mapping[str, str]) -> "InputContainer":
    import av

    file.seek(0)
    try:
        return av.open(
            file,
            mode="r",
            # Tags in GBK, or in nothing at all, are no reason to refuse the sound.
            metadata_errors="ignore",
            options={"format_whitelist": _CONTAINERS, **options},
        )
    except av.FFmpegError as error:
        raise DecoderError(invalid_data()) from error


def _frames(container: "InputContainer", stream: "AudioStream") -> Iterator["AudioFrame"]:
    """Decoded frames; a few single packets may be bad, as tags, splices and cuts leave them."""
    import av

    bad, sound = 0, _FEWEST_SOUND
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                if not any(bytes(packet)):  # zeros that fill a sector, not damage
                    continue
                bad += 1
                if max(bad - _MOST_BAD, _FEWEST_SOUND - sound, packet.size - _LARGEST_BAD) > 0:
                    raise
                sound = 0
                continue
            for frame in frames:
                sound += 1
                yield frame
    except av.FFmpegError as error:
        raise DecoderError(invalid_data()) from error


def _zero_s(file: Part, container: "InputContainer") -> float:
    """The time stamp at which the container starts, in seconds.

    The time line of an MP4 or a Matroska begins at 0, where an edit list or nothing at all comes
    before the sound. A fragment, or a piece of a live stream, begins where the first stream does.
    """
    start = (container.start_time or 0) / 1e6
    name = container.format.name
    if name not in _TIMED_CONTAINERS:
        return start
    if name == _MP4:
        is_piece = any(kind == b"moof" for kind, _, _ in boxes(file))
    else:
        is_piece = (container.duration or 0) / 1e6 < start
    return max(0.0, start) if is_piece or start > _LONGEST_GAP_S else 0.0


_TimedBlock = tuple[float | None, int, FloatArray]  # start in seconds, rate, samples [n, channels]


def _timed_blocks(frames: Iterator["AudioFrame"]) -> Iterator[_TimedBlock]:
    import av

    # To interleaved float in C: `to_ndarray` of PyAV 18 reads beyond the planes of eight channels
    # and more, and crashes.
    converter = av.AudioResampler(format="flt")
    form = None
    for frame in frames:
        if form != (form := (frame.rate, frame.layout.name, frame.format.name)):
            converter = av.AudioResampler(format="flt")
        channels = frame.layout.nb_channels
        try:
            converted = converter.resample(frame)
        except (av.FFmpegError, ValueError) as error:  # ValueError: no such sample format
            raise DecoderError(invalid_data()) from error
        for part in converted:
            yield part.time, part.rate, to_float(part.to_ndarray()).reshape(-1, channels)


def _in_sequence(blocks: Iterator[_TimedBlock], zero: float | None, delay: int) -> Iterator[Block]:
    """The blocks one behind the other, less the first `delay` samples; silence from zero on."""
    first = True
    for time, rate, block in blocks:
        if first and zero is not None and time is not None:
            late = time - zero
            if _LATE_S < late <= _LONGEST_GAP_S:
                yield from _silence(round(late * rate), rate, block.shape[1])
        first = False
        if delay < len(block):
            yield rate, block[delay:]
        delay = max(0, delay - len(block))


def _on_time(blocks: Iterator[_TimedBlock], zero: float, unit: float) -> Iterator[Block]:
    """The blocks at their times from zero on: nothing before it, silence in gaps.

    Time stamps are whole multiples of `unit` seconds.
    """
    position: float | None = None  # in seconds from zero, of the end of what was given
    for time, rate, block in blocks:
        late = 0.0
        if position is None:
            late = 0.0 if time is None else time - zero
            position = min(0.0, late) if late < -1.5 * unit else 0.0
            late = max(0.0, late)
            shortest = _LATE_S
        elif time is not None:
            late = time - zero - position
            shortest = _GAP_S
        if late > _LONGEST_GAP_S:
            zero += late
        elif late > shortest:
            silence = round(late * rate)
            position += silence / rate
            yield from _silence(silence, rate, block.shape[1])
        before = round(-position * rate)
        if before < len(block):
            yield rate, block[max(0, before) :]
        position += len(block) / rate


def _silence(length: int, rate: int, channels: int) -> Iterator[Block]:
    for start in range(0, length, BLOCK_SAMPLES):
        yield rate, np.zeros((min(BLOCK_SAMPLES, length - start), channels), np.float32)


def _without_padding(blocks: Iterator[Block], length: float) -> Iterator[Block]:
    """The first `length` seconds; all of them where more is left over than a codec pads."""
    position = 0.0
    beyond: list[Block] = []
    padding = 0
    for rate, block in blocks:
        keep = max(0, round((length - position) * rate))
        position += len(block) / rate
        if keep:
            yield rate, block[:keep]
        if keep < len(block):
            beyond.append((rate, block[keep:]))
            padding += len(block) - keep
        if padding > _LONGEST_PADDING:
            yield from beyond
            yield from blocks
            return
