"""What is asked of the library, as JSON has it."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query as InQuery
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voxcor.corrections import LONGEST_ANNOTATOR, LONGEST_LABEL
from voxcor.errors import MalformedRequest
from voxcor.labels import label_meant
from voxcor.library.filters import Filters, parse_date
from voxcor.untrusted import trimmed

Form = TypeVar("Form", bound=BaseModel)

# Of a question: a paragraph.
LONGEST_QUERY = 1_000

# Of a name, a label or a path in a filter; NUL ends a path to the operating system.
_Text = Annotated[str, Field(max_length=4_096, pattern=r"^[^\x00]*$")]

# A hundred years are more than any recording has.
Milliseconds = Annotated[int, Field(ge=0, le=1 << 42)]

_WHOSE = (
    "Whose segments; default: of the model with the most. · "
    "由哪个模型识别的语段；默认为语段最多的模型。"
)
LibraryModelName = Annotated[str | None, InQuery(max_length=200, description=_WHOSE)]
ModelChoice = Annotated[str | None, Field(max_length=200, description=_WHOSE)]

Share = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Dimension = Annotated[float, Field(ge=-1, le=1)]


class LibraryFilters(BaseModel):
    """Which segments count: those that meet every condition; null asks nothing."""

    model_config = ConfigDict(extra="forbid")

    speaker: _Text | None = None
    not_speaker: _Text | None = None
    emotion: _Text | None = Field(
        default=None, description="A label, in any of its names. · 标签，名称不限。"
    )
    confidence: float | None = Field(
        default=None, ge=0, le=1, description="At the least. · 置信度下限。"
    )
    since: _Text | None = Field(
        default=None, description="Recorded then or later, ISO 8601. · 录制于该时间或之后。"
    )
    until: _Text | None = Field(default=None, description="Recorded before. · 录制早于该时间。")
    folder: _Text | None = Field(
        default=None,
        description="That holds the recording, on the server. · 录音所在的服务器文件夹。",
    )
    recording: _Text | None = Field(
        default=None, description="Its name in the library. · 录音在库中的名称。"
    )
    not_recording: _Text | None = None

    def meant(self) -> Filters:
        """As the engine has them.

        Raises:
            QueryInvalid: a date that is none.
        """
        return Filters(
            speaker=self.speaker,
            not_speaker=self.not_speaker,
            emotion=None if self.emotion is None else label_meant(self.emotion),
            confidence=self.confidence,
            since=None if self.since is None else parse_date(self.since),
            until=None if self.until is None else parse_date(self.until),
            folder=None if self.folder is None else Path(self.folder),
            recording=self.recording,
            not_recording=self.not_recording,
        )


class LibraryMixture(BaseModel):
    """Shares of labels, in any proportion; null dimensions do not matter."""

    model_config = ConfigDict(extra="forbid")

    shares: dict[str, Share] = Field(max_length=64)
    arousal: Dimension | None = None
    valence: Dimension | None = None


class LibraryQuestion(BaseModel):
    """One of `query`, `mixture`, `segment` and `result_id`, and which segments count."""

    model_config = ConfigDict(extra="forbid")

    query: str | None = Field(
        None,
        max_length=LONGEST_QUERY,
        description="Words, a mixture (angry 0.6 sad 0.4), or a segment (ID@START-END). · "
        "文字、情感比例（愤怒 0.6 悲伤 0.4），或语段（ID@起点-终点）。",
    )
    mixture: LibraryMixture | None = None
    segment: str | None = Field(
        None, max_length=100, description="The `id` of one. · 语段的 `id`。"
    )
    result_id: str | None = Field(
        None, max_length=100, description="Of a result of the server. · 服务器上的结果。"
    )
    start_ms: Milliseconds | None = Field(
        None, description="A region of the result; default: all of it. · 结果中的片段，默认为全部。"
    )
    end_ms: Milliseconds | None = None
    model: ModelChoice = None
    limit: int = Field(10, ge=1, le=200)
    filters: LibraryFilters = LibraryFilters()


class ClipOptions(BaseModel):
    """What a form says beside its `file`: the options of a question that is a clip."""

    model_config = ConfigDict(extra="forbid")

    model: ModelChoice = None
    limit: int = Field(10, ge=1, le=200)
    filters: LibraryFilters = LibraryFilters()


class AdditionForm(BaseModel):
    """What goes in, by the ids that the server knows it by."""

    model_config = ConfigDict(extra="forbid")

    result_ids: list[Annotated[str, Field(max_length=100)]] = Field([], max_length=1_000)
    job_ids: list[Annotated[str, Field(max_length=100)]] = Field([], max_length=100)
    speaker: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Who speaks, where nothing says so more closely. · "
        "说话人；录音自带说明时以其为准。",
    )


# Of a segment: `RECORDING@START-END`.
_Id = Annotated[str, Field(max_length=100)]

SegmentIds = Annotated[
    list[_Id],
    Field(min_length=1, max_length=1_000, description="The `id` of each. · 各语段的 `id`。"),
]


class SegmentsForm(BaseModel):
    """Which segments are looked at."""

    model_config = ConfigDict(extra="forbid")

    ids: SegmentIds


class WithdrawalForm(BaseModel):
    """Whose labels of which segments go."""

    model_config = ConfigDict(extra="forbid")

    segments: SegmentIds
    annotator: str | None = Field(
        None, max_length=LONGEST_ANNOTATOR, description="Who says so. · 标注者。"
    )

    def who(self) -> str | None:
        """The annotator; None where nobody is named.

        Raises:
            MalformedRequest: it is no name.
        """
        name = trimmed(self.annotator or "")
        if not name.isprintable():
            raise MalformedRequest(
                reason_en="annotator is a name on one line.", reason_zh="annotator 应为单行姓名。"
            )
        return name or None


class LabelForm(WithdrawalForm):
    """What somebody says of segments, in the place of what they said before."""

    label: str | None = Field(
        max_length=LONGEST_LABEL,
        description="Which emotion they have; null: not the one that the model says. · "
        "情感标签；null 表示模型的判断有误。",
    )


class ExportForm(BaseModel):
    """Which segments a list is made of, by their ids."""

    model_config = ConfigDict(extra="forbid")

    ids: list[_Id] = Field(min_length=1, max_length=100_000)
    format: Literal["csv", "jsonl"] = Field(
        "csv", description="A table, or an object a line. · 表格或逐行 JSON。"
    )


class Scope(BaseModel):
    """Which segments something is computed of."""

    model_config = ConfigDict(extra="forbid")

    model: ModelChoice = None
    filters: LibraryFilters = LibraryFilters()


class MapForm(Scope):
    """Which segments are laid out, and how."""

    by_speaker: bool = Field(
        False,
        description="Take away what each speaker's segments have in common. · "
        "去除每位说话人自身的共同成分。",
    )


class ClustersForm(MapForm):
    """Which segments are grouped, and how."""

    smallest: int | None = Field(
        None, ge=2, le=10_000, description="Segments of the smallest cluster. · 最小类的语段数。"
    )


class TrajectoryForm(Scope):
    """Which segments are followed, in which dimension."""

    dimension: Literal["arousal", "valence"] = "valence"
    each: bool = Field(
        False, description="Also the course within each recording. · 同时给出各段录音内的变化。"
    )
    compare: tuple[_Text, _Text] | None = Field(
        None,
        description="Two groups: a speaker each, or dates (2026-01-01..2026-03-01, ..DATE, DATE..)."
        " · 两组：说话人，或日期（2026-01-01..2026-03-01、..日期、日期..）。",
    )
    format: Literal["json", "html"] = Field(
        "json", description="Figures, or a page to hand on. · 数据，或可分享的网页。"
    )


_LONGEST_NAME = 100

_MOST_RECORDINGS = 1_000  # by which somebody is enrolled


class PersonForm(BaseModel):
    """Whom it is about."""

    model_config = ConfigDict(extra="forbid")

    person: str = Field(
        min_length=1, max_length=_LONGEST_NAME, description="Their name. · 此人的名字。"
    )

    def name(self) -> str:
        """Who it is.

        Raises:
            MalformedRequest: it is no name.
        """
        name = trimmed(self.person)
        if not name or not name.isprintable():
            raise MalformedRequest(
                reason_en="person is a name on one line.", reason_zh="person 应为单行姓名。"
            )
        return name


class EnrolmentForm(PersonForm):
    """Who speaks, and where they speak as usual: one of the three; none of them for all that the
    speaker of this name says.
    """

    segments: SegmentIds | None = None
    recordings: (
        list[Annotated[str, Field(pattern=r"^[0-9a-f]{16}(-\d{1,4})?(\+\d{1,12}-\d{1,12})?$")]]
        | None
    ) = Field(
        None,
        min_length=1,
        max_length=_MOST_RECORDINGS,
        description="Their names in the library. · 录音在库中的名称。",
    )
    filters: LibraryFilters | None = None
    model: ModelChoice = None


class HeardPersonForm(PersonForm):
    """What a form says beside its `file`s, which are recordings of somebody's ordinary voice."""

    model: str | None = Field(
        None,
        max_length=200,
        description="Which hears them; by default the server's. · 使用的模型；默认由服务器决定。",
    )


def validated(form: type[Form], document: Any) -> Form:
    """A form that a route has read itself.

    Raises:
        RequestValidationError: as FastAPI does for what it reads.
    """
    try:
        return form.model_validate(document)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from error
