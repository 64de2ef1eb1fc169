"""What may be asked of a recognition: one record, built at each door and passed on whole.

A new option is a field here, with its words in both languages, and what uses it. The command line,
requests and their documentation, jobs and the client take it from here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, get_args

from voxcor.errors import UsageError
from voxcor.language import listed
from voxcor.results import GRANULARITIES, Granularity

if TYPE_CHECKING:
    from voxcor.audio import DecodingOptions

Channels = Literal["mix", "separate"]


@dataclass(frozen=True, slots=True)
class Words:
    """How an option is explained to people: what it does, and what its values look like."""

    en: str
    zh: str
    values: str = ""


@dataclass(frozen=True, slots=True)
class RecognitionOptions:
    """How one recording is recognised.

    `granularity` decides which curve and which embedding a result carries, see
    `voxcor.results.Result`. `labels`, None for all, may be named in both languages. Below
    `abstain_below`, 0..1, a result abstains; with None it never does. With `any_sound`, `no_speech`
    is a warning. `track`, `raw` and `strict` are those of `voxcor.audio.DecodingOptions`; they mean
    nothing to what is decoded already. `relative_to` names a person who is enrolled, see
    `voxcor.people.baseline`.
    """

    granularity: Annotated[
        Granularity,
        Words(
            "One answer for the whole, for each stretch of speech, or every 20 ms.",
            "整段一个结果、每个语段一个结果，或每 20 毫秒一个结果。",
        ),
    ] = "utterance"
    embedding: Annotated[bool, Words("Save the embedding as .npy.", "将特征向量保存为 .npy。")] = (
        False
    )
    labels: Annotated[
        tuple[str, ...] | None,
        Words("Choose among these emotions only.", "只在这些情感中选择。", "a,b,c"),
    ] = None
    trim: Annotated[
        bool, Words("Leave out silence before and after speech.", "去除语音前后的静音。")
    ] = True
    abstain_below: Annotated[
        float | None,
        Words(
            "Say so where the confidence is less than this, 0 to 1.",
            "置信度低于此值（0 到 1）时注明不作判断。",
            "0..1",
        ),
    ] = None
    any_sound: Annotated[
        bool,
        Words(
            "Recognise where no speech is found, too: laughter, crying, a single word.",
            "未检测到语音时也识别：笑声、哭声、单个词。",
        ),
    ] = False
    track: Annotated[
        int | None,
        Words(
            "Hear this sound track of several, from 1.",
            "从多条音轨中选用第 N 条（从 1 起）。",
            "N",
        ),
    ] = None
    raw: Annotated[
        str | None,
        Words(
            "What files without a header hold, as in ulaw@8000 or s16le@16000.",
            "无文件头的裸音频是什么格式，例如 ulaw@8000 或 s16le@16000。",
            "FORMAT@RATE",
        ),
    ] = None
    strict: Annotated[bool, Words("Refuse recordings that are cut off.", "拒绝被截断的录音。")] = (
        False
    )
    relative_to: Annotated[
        str | None,
        Words(
            "Also say how it sounds beside this person's ordinary voice (voxcor library enrol).",
            "另给出相对于此人平常声音的结果（先用 voxcor library enrol 登记）。",
            "NAME",
        ),
    ] = None

    def to_document(self) -> dict[str, Any]:
        """As JSON has it."""
        document = asdict(self)
        document["labels"] = None if self.labels is None else list(self.labels)
        return document

    @property
    def decoding(self) -> "DecodingOptions":
        """Those that are about decoding."""
        from voxcor.audio import DecodingOptions  # numpy, for which a command line has no time

        return DecodingOptions(track=self.track, raw=self.raw, strict=self.strict)


@dataclass(frozen=True, slots=True)
class RecordingOptions(RecognitionOptions):
    """How a recording is recognised that may have several channels."""

    channels: Annotated[
        Channels,
        Words(
            "Mix all channels, or give each its own result (the two legs of a call).",
            "混合所有声道，或每个声道单独给出结果（如通话双方）。",
        ),
    ] = "mix"


class Choices(TypedDict, total=False):
    """The fields of `RecognitionOptions` as keywords; those left out are as there."""

    granularity: Granularity
    embedding: bool
    labels: Sequence[str] | None
    trim: bool
    abstain_below: float | None
    any_sound: bool
    track: int | None
    raw: str | None
    strict: bool
    relative_to: str | None


def with_choices(options: RecognitionOptions | None, choices: Choices) -> RecognitionOptions:
    """The options, or the defaults, with single fields chosen otherwise."""
    given: dict[str, Any] = {**choices}
    if given.get("labels") is not None:
        given["labels"] = tuple(given["labels"])
    return replace(options or RecognitionOptions(), **given)


def require_sensible(options: RecognitionOptions) -> None:
    """Looks whether the options say something, whatever the model; its labels are not looked at.

    Raises:
        UsageError: a granularity, track or raw format that does not exist, or a confidence beyond
            0..1.
    """
    if options.granularity not in GRANULARITIES:
        known = listed(GRANULARITIES)
        raise UsageError(
            reason_en=f"There is no granularity {options.granularity}; choose one of {known.en}.",
            reason_zh=f"没有粒度 {options.granularity}；可选：{known.zh}。",
        )
    share = options.abstain_below
    if share is not None and not 0 <= share <= 1:
        raise UsageError(
            reason_en=f"A confidence lies between 0 and 1; {share:g} does not.",
            reason_zh=f"置信度应在 0 和 1 之间，{share:g} 超出范围。",
        )
    if options.track is not None and options.track < 1:
        raise UsageError(
            reason_en=f"Sound tracks count from 1; there is no track {options.track}.",
            reason_zh=f"音轨从 1 开始编号，没有音轨 {options.track}。",
        )
    if options.raw is not None:
        from voxcor.audio.raw import parse_raw  # numpy, as above

        parse_raw(options.raw)


def split_labels(text: str) -> tuple[str, ...]:
    """`angry,sad` or `愤怒，悲伤` as they are meant; an empty text is no label at all."""
    parts = text.replace("，", ",").replace("、", ",").split(",")
    return tuple(part.strip() for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class Option:
    """An option as a door offers it: its type without its words, and these."""

    name: str
    type: Any
    default: Any
    words: Words


def options_of(record: type[RecognitionOptions]) -> dict[str, Option]:
    """The fields of a record of options by their names, in order."""
    told = {}
    for entry in fields(record):
        kind, words = get_args(entry.type)
        told[entry.name] = Option(entry.name, kind, entry.default, words)
    return told
