"""A file's sound, from as many decoders as it takes, and the verdict on it at the end.

A file is one recording or several in a row. Each is given to the decoders in turn: where one ends
before the recording does, the next one goes on from there. What is missing then is missing.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby

import numpy as np

from voxcor.audio.decoders import (
    Block,
    Decoder,
    DecoderError,
    Details,
    FloatArray,
    NoAudioTrack,
    Opener,
    TrackMissing,
    open_headerless,
    open_sndfile,
)
from voxcor.audio.ffmpeg import open_ffmpeg
from voxcor.audio.headers import (
    Container,
    contradicts_extension,
    holds_mpeg,
    known_sizes,
    missing_bytes,
    sniff,
)
from voxcor.audio.parts import behind_junk, parts_of
from voxcor.audio.raw import advice, parse_raw
from voxcor.audio.reader import HashedReader, Part, unreadable
from voxcor.audio.resample import Resampler, mix_to_mono
from voxcor.errors import (
    AudioCorrupt,
    AudioTruncated,
    EmptyInput,
    InputError,
    InvalidSamples,
    NoSuchTrack,
    NotAudio,
)
from voxcor.language import say

# Rates of recordings lie within; a header of 1 Hz would make gigabytes of a kilobyte.
LOWEST_RATE = 4_000
HIGHEST_RATE = 768_000

# Beyond any integer format's range read as float: damage, and squares that overflow float32.
LOUDEST = 2.0**32

# Containers that libsndfile never reads. To find that out it may take in the whole of one.
_FOREIGN = ("mp4", "matroska", "asf", "avi", "flv", "aac", "amr")

# Headers count padding and themselves now and then; less than this is not worth a word.
TOLERATED_LOSS_S = 0.1


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How a file is decoded.

    `track` is the sound track that is decoded, from 1; None for the one in which somebody speaks.
    `raw` says what bytes without a header are, such as `ulaw@8000`: see `voxcor.audio.raw`.
    `strict` refuses a recording that is cut off, of which otherwise all that is there is decoded.
    """

    track: int | None = None
    raw: str | None = None
    strict: bool = False


PLAINLY = DecodingOptions()


@dataclass(slots=True)
class Facts:
    """What is learned of a file while it is decoded.

    `noticed` holds what fills the sentence of each warning, by its code. `expected_s` is how long
    the header says it is, 0 where it does not.
    """

    noticed: dict[str, Details] = field(default_factory=dict)
    expected_s: float = 0.0


def decoded_blocks(
    reader: HashedReader, name: str, options: DecodingOptions, facts: Facts
) -> Generator[Block, None, None]:
    """All of the file's sound; arguments and errors as `voxcor.audio.decode`."""
    if options.raw is not None:
        yield from _all_parts([Part(reader)], name, options, facts)
        return
    try:
        yield from _whole(reader, 0, name, options, facts)
    except NotAudio:  # so there was no sound yet
        start = behind_junk(reader)
        if not start:
            raise
        yield from _whole(reader, start, name, options, facts)


def _whole(
    reader: HashedReader, start: int, name: str, options: DecodingOptions, facts: Facts
) -> Iterator[Block]:
    parts, complete = parts_of(reader, start)
    yield from _all_parts(parts, name, options, facts)
    if not complete:
        unheard = facts.noticed.get("parts_unheard", {}).get("parts", 0)
        facts.noticed["parts_unheard"] = {"parts": unheard + 1}


def _all_parts(
    parts: list[Part], name: str, options: DecodingOptions, facts: Facts
) -> Iterator[Block]:
    unheard = 0
    for index, part in enumerate(parts):
        file = _EncodedPart(name, part, None if options.raw is not None else sniff(part))
        part.corrections = known_sizes(part, file.container)
        if index == 0 and contradicts_extension(name, file.container):
            facts.noticed["wrong_extension"] = {}
        try:
            yield from _relayed(file, options, facts)
        except InputError:
            if index == 0 or part.error or options.strict:
                raise
            unheard += 1
    if len(parts) > 1:
        facts.noticed["several_parts"] = {"parts": len(parts)}
    if unheard:
        facts.noticed["parts_unheard"] = {"parts": unheard}


def in_first_format(blocks: Iterator[Block]) -> tuple[int, int, Iterator[FloatArray]]:
    """Sample rate and channels of the first block, and all of them at these.

    Internet radio and spliced recordings change both midway.
    """
    first = next(blocks)
    rate, channels = first[0], first[1].shape[1]

    def converted() -> Iterator[FloatArray]:
        for own_rate, group in groupby(chain([first], blocks), lambda block: block[0]):
            resampler = Resampler(own_rate, rate, channels)
            for _, block in group:
                yield resampler.push(_spread(block, channels))
            yield resampler.finish()

    return rate, channels, filter(len, converted())


def _spread(samples: FloatArray, channels: int) -> FloatArray:
    if samples.shape[1] == channels:
        return samples
    return np.repeat(mix_to_mono(samples)[:, None], channels, axis=1)


@dataclass(frozen=True, slots=True)
class _EncodedPart:
    """One recording of a file, before it is decoded."""

    name: str
    part: Part
    container: Container | None

    def failure(self, found_s: float, reason: str, missing: int) -> InputError:
        """The error that fits when decoding ends after `found_s` seconds for `reason`."""
        if self.part.error:
            return unreadable(self.name, self.part.error)
        if missing:
            return AudioTruncated(name=self.name, found_s=found_s)
        if self.container is None and found_s == 0:
            return self._not_audio()
        return AudioCorrupt(name=self.name, found_s=found_s, reason=reason)

    def emptiness(self, missing: int) -> InputError:
        """The error for a file that has no samples, and no complaint either."""
        if missing:
            return AudioTruncated(name=self.name, found_s=0.0)
        if self.container is None and self.part.start == 0:
            return self._not_audio()
        return EmptyInput(name=self.name)

    def _not_audio(self) -> NotAudio:
        known = advice(self.part, self.name)
        return NotAudio(name=self.name, **({"advice": known} if known else {}))


def _relayed(file: _EncodedPart, options: DecodingOptions, facts: Facts) -> Iterator[Block]:
    missing = missing_bytes(file.part, file.container)
    found_s = expected_s = 0.0
    refusal: DecoderError | None = None
    breaks = False  # in the middle
    for opener in _openers(file, options, facts):
        file.part.reached_end = False
        try:
            with opener(file.part) as decoder:
                refusal = _rate_refusal(decoder)
                if refusal:
                    continue
                expected_s = facts.expected_s = max(expected_s, decoder.expected_s)
                for rate, fresh in _beyond(decoder.blocks, found_s):
                    check_sound(fresh, found_s, rate, file.name)
                    found_s += len(fresh) / rate
                    yield rate, fresh
        except TrackMissing as error:
            raise NoSuchTrack(name=file.name, track=options.track, tracks=error.tracks) from error
        except NoAudioTrack as error:
            if not found_s:
                raise file.emptiness(missing) from error
            refusal = error
        except DecoderError as error:
            refusal = error
            breaks |= found_s > 0 and not file.part.reached_end
        if not refusal and not missing and found_s >= expected_s - TOLERATED_LOSS_S:
            break

    missing_s = max(expected_s - found_s, found_s * missing / file.part.size, 0.0)
    # A page of Ogg may hold seconds, and is lost whole.
    half_page = file.container == "ogg" and missing > 0
    if refusal or file.part.error or missing_s > TOLERATED_LOSS_S or half_page:
        # FLAC counts samples where the others count bytes.
        is_cut = missing > 0 or (file.container == "flac" and expected_s > found_s)
        is_cut &= file.part.reached_end and not file.part.error and not breaks
        if is_cut and found_s and not options.strict:
            facts.noticed["truncated"] = {} if half_page else {"missing_s": round(missing_s, 3)}
            return
        reason = str(refusal or say("parts of it are missing", "部分数据缺失"))
        raise file.failure(found_s, reason, missing or is_cut) from refusal
    if not found_s:
        raise file.emptiness(missing)


def _openers(file: _EncodedPart, options: DecodingOptions, facts: Facts) -> list[Opener]:
    if options.raw is not None:
        form = parse_raw(options.raw)
        return [partial(open_headerless, subtype=form.subtype, sample_rate=form.sample_rate)]
    if options.track is not None:
        return [partial(open_ffmpeg, track=options.track)]
    spoken = partial(_open_spoken, facts=facts)
    is_foreign = file.container in _FOREIGN or holds_mpeg(file.part, file.container)
    return [spoken] if is_foreign else [open_sndfile, spoken]


@contextmanager
def _open_spoken(part: Part, facts: Facts) -> Iterator[Decoder]:
    """FFmpeg's decoder of the sound track in which somebody speaks."""
    with open_ffmpeg(part) as decoder:
        if decoder.tracks == 1:
            yield decoder
            return
        tracks, first = decoder.tracks, decoder.track
    # Listening for speech takes the network; nearly all files have one track.
    from voxcor.audio.tracks import spoken_track

    track = spoken_track(part, first)
    facts.noticed["several_tracks"] = {"track": track, "tracks": tracks}
    with open_ffmpeg(part, track) as decoder:
        yield decoder


def _beyond(blocks: Iterator[Block], start_s: float) -> Iterator[Block]:
    """The blocks from `start_s` seconds on, that another decoder gave already."""
    position_s = 0.0
    for rate, block in blocks:
        known = round((start_s - position_s) * rate) if start_s else 0
        if known < len(block):
            yield rate, block[max(0, known) :]
        if position_s < start_s:
            position_s += len(block) / rate


def _rate_refusal(decoder: Decoder) -> DecoderError | None:
    rate = decoder.sample_rate
    if LOWEST_RATE <= rate <= HIGHEST_RATE:
        return None
    return DecoderError(say(f"a sample rate of {rate} Hz", f"采样率为 {rate} Hz"))


def check_sound(block: FloatArray, position_s: float, sample_rate: int, name: str) -> None:
    """Raises `InvalidSamples` where `[n, C]`, which begins at `position_s`, holds what is none."""
    is_sound = np.abs(block) <= LOUDEST  # NaN is not
    if not is_sound.all():
        first = int(is_sound.all(axis=1).argmin())
        raise InvalidSamples(name=name, at_s=position_s + first / sample_rate)
