"""What a person may search by, and how it is told apart.

call.wav                  a clip
call.wav@12.4-15.1        a part of one
3f2a91bc04de5570@12.4-15.1  a segment of the library, as hits are called
angry 0.6 sad 0.4         a mixture
furious but controlled    words, in Chinese or English
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voxcor.errors import InputNotFound, QueryInvalid
from voxcor.extensions import AUDIO_EXTENSIONS, extension_of
from voxcor.labels import own_label
from voxcor.library.segments import FloatArray
from voxcor.results import ModelInfo
from voxcor.sources import is_file

_REGION = re.compile(r"(?P<place>.+)@(?P<start>\d+(?:\.\d*)?)-(?P<end>\d+(?:\.\d*)?)")
_RECORDING = re.compile(r"[0-9a-f]{8,16}(?:-\d+)?(?:\+\d+-\d+)?")
_SHARE = re.compile(
    r"\s*(?P<label>[^\s\d,;:，；：、+%]+)\s*[:：=]?\s*(?P<share>\d*\.?\d+)\s*(?P<percent>%?)"
)
_BETWEEN = re.compile(r"\s*[,;，；、+]?\s*")


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording that need not be in the library, from `start` to `end` seconds or all of it."""

    path: Path
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of a recording of the library, in seconds; all of it where there are no times."""

    recording: str
    start: float | None = None
    end: float | None = None

    def __str__(self) -> str:
        """As a query takes it."""
        if self.start is None or self.end is None:
            return self.recording
        return f"{self.recording}@{self.start:.3f}-{self.end:.3f}"


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a model has heard already: its scores, and the embedding `[D]` that goes with them.

    `itself` is the stretch of the library that it would find first, where there is one.
    """

    model: ModelInfo
    scores: Mapping[str, float]
    vector: FloatArray
    itself: Region | None = None


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of labels, sum 1, and where it lies between calm and excited, bad and good.

    `arousal` and `valence`, -1..1, are None where they do not matter.
    """

    shares: Mapping[str, float]
    arousal: float | None = None
    valence: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A description in words."""

    text: str


Query = Clip | Region | Heard | Mixture | Words


def parse_query(text: str, labels: Sequence[str], *, paths: bool = True) -> Query:
    """What a person means.

    Args:
        text: as above; a file that is there is a clip whatever it is called.
        labels: of the model, for mixtures: each in any of its names.
        paths: whether a file of this machine may be meant. Who asks from another one means none,
            and shall not learn which there are.

    Raises:
        QueryInvalid: nothing is asked, a region ends before it begins or is none, or a mixture has
            no share.
        InputNotFound: it is called as recordings are, and there is no such file.
    """
    asked = text.strip()
    if not asked:
        raise QueryInvalid(
            query=text, reason_en="nothing is asked for.", reason_zh="没有查询内容。"
        )
    if paths and is_file(asked):
        return Clip(Path(asked))
    region = _REGION.fullmatch(asked)
    if region:
        start, end = float(region["start"]), float(region["end"])
        is_clip = paths and is_file(region["place"])
        if start >= end and (is_clip or _RECORDING.fullmatch(region["place"])):
            raise QueryInvalid(
                query=text,
                reason_en="it ends before it begins.",
                reason_zh="结束时间早于开始时间。",
            )
        if is_clip:
            return Clip(Path(region["place"]), start, end)
        if _RECORDING.fullmatch(region["place"]):
            return Region(region["place"], start, end)
    place, at, _ = asked.rpartition("@")
    if at and (_is_named(place) or (paths and is_file(place))):
        raise QueryInvalid(
            query=text,
            reason_en="no part of a recording such as @12.4-15.1, in seconds.",
            reason_zh="不是录音的一段；写法如 @12.4-15.1，以秒计。",
        )
    if paths and extension_of(place if region else asked) in AUDIO_EXTENSIONS:
        raise InputNotFound(name=place if region else asked)
    if _is_named(asked):
        return Region(asked)
    return _mixture(asked, labels) or Words(asked)


def _is_named(text: str) -> bool:
    """Whether it is a recording's name in the library, and no word: `defaced`."""
    return bool(_RECORDING.fullmatch(text)) and any(map(str.isdigit, text))


def parse_segment(text: str) -> Region:
    """A segment of the library by its id, `3f2a91bc04de5570@12.4-15.1`.

    Raises:
        QueryInvalid: it is none.
    """
    region = _REGION.fullmatch(text)
    if region is None or not _RECORDING.fullmatch(region["place"]):
        raise QueryInvalid(
            query=text,
            reason_en="no segment such as 3f2a91bc04de5570@12.4-15.1.",
            reason_zh="不是语段；写法如 3f2a91bc04de5570@12.4-15.1。",
        )
    return Region(region["place"], float(region["start"]), float(region["end"]))


def mixture_of(
    shares: Mapping[str, float],
    labels: Sequence[str],
    arousal: float | None = None,
    valence: float | None = None,
) -> Mixture:
    """A mixture with these shares, whatever they sum to, of labels in any of their names.

    Raises:
        QueryInvalid: the model has no such label, or nothing has a share.
    """
    text = " ".join(f"{label} {share:g}" for label, share in shares.items())
    named = {label: own_label(label, labels) for label in shares}
    if foreign := [label for label, own in named.items() if own is None]:
        raise QueryInvalid(
            query=text,
            reason_en=f"there is no label {', '.join(foreign)}; labels: {', '.join(labels)}.",
            reason_zh=f"没有标签 {'、'.join(foreign)}；可用标签：{'、'.join(labels)}。",
        )
    found: dict[str, float] = {}
    for label, share in shares.items():
        own = named[label]
        assert own is not None
        found[own] = found.get(own, 0) + share
    total = sum(found.values())
    if not total:
        raise QueryInvalid(query=text, reason_en="all shares are 0.", reason_zh="所有比例均为 0。")
    return Mixture({label: share / total for label, share in found.items()}, arousal, valence)


def _mixture(text: str, labels: Sequence[str]) -> Mixture | None:
    """`angry 0.6 sad 0.4`, `愤怒60% 悲伤40%`; None where it is none."""
    shares: dict[str, float] = {}
    position = 0
    while position < len(text):
        found = _SHARE.match(text, position)
        label = own_label(found["label"], labels) if found else None
        if found is None or label is None:
            return None
        shares[label] = shares.get(label, 0) + float(found["share"])
        between = _BETWEEN.match(text, found.end())
        position = between.end() if between else found.end()
    return mixture_of(shares, labels)
