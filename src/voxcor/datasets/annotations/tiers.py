"""Which tier has the emotions, and who speaks: the same for every tool.

A tier counts by its name, in any case and in both languages: `emotion`, `情感`; `emotion@Anna` is
Anna's, and so is `Anna emotion`. Where no tier has such a name, the one counts whose values are
labels that Voxcor knows. Nothing is taken because it comes first.
"""

import heapq
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from voxcor.datasets.annotations.documents import NOTED, refused, remark
from voxcor.errors import ManifestError
from voxcor.labels import label_named
from voxcor.results import Failure
from voxcor.tables import listed_names

EMOTION_NAMES = frozenset(
    {
        *("emotion", "emotions", "emo", "emotion label", "emotion labels"),
        *(
            "情感",
            "情绪",
            "感情",
            "情感标签",
            "情绪标签",
            "情感类别",
            "情绪类别",
            "情感标注",
            "情绪标注",
            "情緒",
        ),
    }
)
SPEAKER_NAMES = frozenset(
    {"speaker", "speakers", "spk", "speaker id", "说话人", "说话者", "讲话人", "发言人"}
)

# `Anna emotion`, `emotion_A`, `客服-情感`.
_WITH_PERSON = re.compile(
    r"(?P<before>[^@]*[^\W_])(?:[\s_.:-]+(?:emotions?|emo)|[\s_.:-]*(?:情感|情绪|情緒))"
    r"|(?:emotions?|emo|情感|情绪|情緒)[\s_.:-]+(?P<behind>[^\W_][^@]*)",
    re.IGNORECASE,
)

# What else is said of emotions, or by whom: these are nobody who speaks.
_NO_PERSON = re.compile(
    r"\d+|(?:intensity|level|strength|confidence|valence|arousal|type|note|comment|start|end|"
    r"main|major|minor|primary|secondary|other|my|final|gold|ann|annotator|coder|rater|强度|备注|标注|主|次)"
    r"(?:[\W\d_].*)?",
    re.IGNORECASE,
)

# What diarisers and templates call people: `Speaker A`, `SPEAKER_00`, `说话人1`.
_SPEAKER_VALUE = re.compile(r"(speaker|spk|说话人|说话者|讲话人|发言人)[\s_-]*\w*", re.IGNORECASE)


# Where in a span a speaker is looked for: in the middle first.
_PARTS = (0.5, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label for a span of a recording in seconds; without times, for all of it.

    `annotator` is who gave it, where the document says so.
    """

    recording: Path
    start: float | None
    end: float | None
    label: str
    speaker: str | None
    annotator: str | None = None


class TierSpan(NamedTuple):
    """What a tier says of a span, in seconds; without times, of the whole recording."""

    start: float | None
    end: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, a control, a track: `spans` that say something, in their order.

    `participant`: whose it is, where the tool says so. `can_label`: whether what it holds may be a
    label of a span; points and sentences may not. `damaged`: what of it could not be read.
    """

    name: str
    spans: Sequence[TierSpan]
    participant: str | None = None
    can_label: bool = True
    damaged: Sequence[Failure] = field(default=())

    @property
    def person(self) -> str | None:
        """Whose emotions these are, if only one person's."""
        return self.participant or participant_in(self.name)

    @property
    def known(self) -> int:
        """How many of its values are labels that Voxcor knows."""
        return sum(label_named(span.text) is not None for span in self.spans)

    @property
    def has_labels(self) -> bool:
        """Whether its values are, for the most part, labels that Voxcor knows."""
        return self.can_label and 2 * self.known > len(self.spans)


@dataclass(frozen=True, slots=True)
class Noun:
    """What a tool calls its tiers."""

    en: str
    zh: str


TIER = Noun("tier", "层")


def participant_in(name: str) -> str | None:
    """`Anna` of `emotion@Anna`, `Anna - emotion`, `emotion_Anna`, `客服情感`."""
    if re.search("[@＠]", name):
        return text_of(re.sub(r"^[^@＠]*[@＠]", "", name)) or None
    found = _WITH_PERSON.fullmatch(unicodedata.normalize("NFKC", text_of(name)))
    if found is None or is_called(name, EMOTION_NAMES):
        return None
    who = found["before"] or found["behind"]
    return None if _NO_PERSON.fullmatch(who) else who


def is_emotion_of(name: str) -> bool:
    """Whether a tier's name says that it has the emotions, or those of somebody."""
    return is_called(name, EMOTION_NAMES) or (
        participant_in(name) is not None and not re.search("[@＠]", name)
    )


def text_of(value: str) -> str:
    """A value on one line, without spaces around it."""
    return " ".join(value.split())


def is_called(name: str, names: frozenset[str]) -> bool:
    """Whether a tier's name, but for case, spaces and `@WHO`, is among these."""
    plain = unicodedata.normalize("NFKC", name).casefold().partition("@")[0]
    return " ".join(re.split(r"[\s_.:-]+", plain)).strip() in names


def emotion_tiers(document: Path, tiers: Sequence[Tier], noun: Noun = TIER) -> list[Tier]:
    """The tiers with the emotions: the one, or one for each person.

    Raises:
        ManifestError: it is not clear which; lists all with their numbers of known labels.
    """
    full = [tier for tier in tiers if tier.can_label and tier.spans]
    named = [tier for tier in full if is_called(tier.name, EMOTION_NAMES)]
    named = named or [tier for tier in full if is_emotion_of(tier.name) and tier.has_labels]
    found = named or [tier for tier in full if tier.has_labels]
    # A participant that all have alike, as a copied tier has, tells no tier from another.
    by_name = [replace(tier, participant=None) for tier in found]
    for chosen in (found, by_name):
        if chosen and len({tier.person for tier in chosen}) == len(chosen):
            return chosen
    raise _unclear(document, tiers, noun)


def _unclear(document: Path, tiers: Sequence[Tier], noun: Noun) -> ManifestError:
    if not tiers:
        return refused(document, f"it has no {noun.en}s.", f"其中没有{noun.zh}。")
    counts = [(tier.name[:60], tier.known, len(tier.spans)) for tier in tiers]
    en = [f"{name} {known} of {values}" for name, known, values in counts]
    points = listed_names([t.name[:60] for t in tiers if t.known and not t.can_label])
    points_en = f" Of no stretch of sound, but of points or the like: {points}." if points else ""
    points_zh = f"标注的不是录音片段（而是时间点等）：{points}。" if points else ""
    zh = [f"{name}（{values} 个值中有 {known} 个）" for name, known, values in counts]
    return refused(
        document,
        f"it is not clear which {noun.en} has the emotions; call it emotion, or emotion@NAME for "
        f"each speaker. Known labels among the values of each: {listed_names(en)}.{points_en}",
        f"无法确定哪一个{noun.zh}是情感标注；请将其命名为 emotion，或按说话人命名为 emotion@姓名。"
        f"各{noun.zh}的值中已知标签的数量：{listed_names(zh)}。{points_zh}",
    )


def annotations_of(
    document: Path, recording: Path, tiers: Sequence[Tier]
) -> Iterator[Annotation | Failure]:
    """What a document's tiers say of its recording.

    Raises:
        ManifestError: as `emotion_tiers`.
    """
    chosen = emotion_tiers(document, tiers)
    yield from passed_over(document, tiers, chosen)
    turns = [span for tier in tiers if has_speakers(tier) for span in tier.spans]
    for tier in chosen:
        yield from tier.damaged
        speakers = speakers_at(tier.spans, turns)
        for span, speaker in zip(tier.spans, speakers, strict=True):
            who = tier.person or speaker
            yield Annotation(recording, span.start, span.end, text_of(span.text), who)


def passed_over(
    document: Path, tiers: Sequence[Tier], chosen: Sequence[Tier], noun: Noun = TIER
) -> Iterator[Failure]:
    """A word on what has labels as well, and is not read."""
    read_names = [tier.name for tier in chosen]
    others = [tier.name for tier in tiers if tier.name not in read_names and tier.has_labels]
    if others:
        names, read = listed_names(others), listed_names(read_names)
        en = f"read is {noun.en} {read}; {names} has labels too and is passed over."
        zh = f"读取的是{noun.zh} {read}；{names} 中也有标签，未读取。"
        yield remark(document, NOTED, en, zh)


def has_speakers(tier: Tier) -> bool:
    """Whether a tier says who speaks: by its name, or by what its values look like."""
    if is_called(tier.name, SPEAKER_NAMES):
        return True
    values = [span.text.strip() for span in tier.spans]
    return bool(values) and all(map(_SPEAKER_VALUE.fullmatch, values))


def speakers_at(spans: Sequence[TierSpan], turns: Iterable[TierSpan]) -> list[str | None]:
    """Who speaks in each span: in its middle, else whoever alone speaks somewhere in it.

    Of a whole recording it is whoever is its only speaker.
    """
    said = [turn for turn in turns if turn.text.strip()]
    people = {text_of(turn.text) for turn in said}
    alone = people.pop() if len(people) == 1 else None
    named = [
        (turn.start, turn.end, text_of(turn.text))
        for turn in said
        if turn.start is not None and turn.end is not None
    ]
    whole = alone if len(named) < len(said) else None
    found = [alone if span.start is None else whole for span in spans]
    points = [
        (start + part * (end - start), place)
        for place, (start, end, _) in enumerate(spans)
        if start is not None and end is not None
        for part in _PARTS
    ]
    speaking = iter(_speaking_at([time for time, _ in points], named))
    for _, place in points[:: len(_PARTS)]:
        middle, *others = islice(speaking, len(_PARTS))
        beside = set(filter(None, others))
        found[place] = middle or (beside.pop() if len(beside) == 1 else found[place])
    return found


def _speaking_at(
    times: Sequence[float], turns: Sequence[tuple[float, float, str]]
) -> list[str | None]:
    """Who speaks at each time: of turns that overlap, the one that is listed first."""
    begun = sorted(range(len(turns)), key=lambda i: turns[i][0], reverse=True)
    running: list[int] = []  # a heap, so that one that has ended is looked at once
    found: list[str | None] = [None] * len(times)
    for place in sorted(range(len(times)), key=times.__getitem__):
        while begun and turns[begun[-1]][0] <= times[place]:
            heapq.heappush(running, begun.pop())
        while running and turns[running[0]][1] <= times[place]:
            heapq.heappop(running)
        found[place] = turns[running[0]][2] if running else None
    return found
