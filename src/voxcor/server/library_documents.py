"""What is asked of the library and what it answers, as JSON has it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query as InQuery
from pydantic import BaseModel, ConfigDict, Field

from voxcor.labels import label_meant
from voxcor.library.clusters import Clusters
from voxcor.library.filters import Filters, parse_date
from voxcor.library.listing import LibraryRecording
from voxcor.library.query import Mixture, Query, Region, Words
from voxcor.library.search import Answer
from voxcor.results import ModelInfo, milliseconds

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
        None, description="A label, in any of its names. · 标签，名称不限。"
    )
    confidence: float | None = Field(None, ge=0, le=1, description="At the least. · 置信度下限。")
    since: _Text | None = Field(
        None, description="Recorded then or later, ISO 8601. · 录制于该时间或之后。"
    )
    until: _Text | None = Field(None, description="Recorded before. · 录制早于该时间。")
    folder: _Text | None = Field(
        None, description="That holds the recording, on the server. · 录音所在的服务器文件夹。"
    )
    recording: _Text | None = Field(
        None, description="Its name in the library. · 录音在库中的名称。"
    )

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


class SegmentDocument(BaseModel):
    """A segment of the library; `id` is `RECORDING@START-END`, in seconds.

    `label` is what a person put in the place of `emotion`, `source` what was added.
    """

    id: str
    recording: str
    name: str
    path: str | None
    channel: int | None
    start_ms: int
    end_ms: int
    emotion: str
    confidence: float
    scores: dict[str, float]
    arousal: float | None
    valence: float | None
    speaker: str | None
    text: str | None
    recorded_at: str
    source: str
    label: str | None


class HitDocument(SegmentDocument):
    """A segment that was found; `similarity` is 1 for the same, 0 for nothing in common."""

    similarity: float


class QueryDocument(BaseModel):
    """What the question was taken for: `text` of words, `name` of a clip, the rest of a region."""

    kind: Literal["words", "mixture", "clip", "region"]
    text: str | None
    name: str | None
    recording: str | None
    start_ms: int | None
    end_ms: int | None


class MeaningDocument(BaseModel):
    """What was searched for; it may be changed and asked for as `mixture`."""

    shares: dict[str, float]
    arousal: float | None
    valence: float | None


class AnswerDocument(BaseModel):
    """The nearest first."""

    query: QueryDocument
    meaning: MeaningDocument
    hits: list[HitDocument]


class LibraryModel(BaseModel):
    """Which model has recognised segments."""

    id: str
    precision: str
    revision: str
    sha256: str
    official: bool
    fallback: bool


class LibraryTable(BaseModel):
    """The segments of one model; `dim` is of its embeddings."""

    model: LibraryModel
    labels: list[str]
    dim: int
    segments: int
    recordings: int


class LibraryExtra(BaseModel):
    """What the library needs: how much is missing, and what installs it on the server."""

    missing_mb: int
    command: str


class LibraryDocument(BaseModel):
    """What the library has, a table for each model, the largest first."""

    installed: bool
    tables: list[LibraryTable]
    extra: LibraryExtra


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


class AdditionFailure(BaseModel):
    """Why a recording did not go in."""

    code: str
    message: str


class Addition(BaseModel):
    """What came of one recording: `segments` are new, 0 where it was there already."""

    result_id: str | None
    job_id: str | None
    name: str
    recording: str | None
    segments: int
    failure: AdditionFailure | None


class Additions(BaseModel):
    """One for each result, and for each recording of each job."""

    outcomes: list[Addition]


class RecordingDocument(BaseModel):
    """A recording of the library; `speaker` is null where it has none, or several.

    `duration_ms` is until its last segment ends.
    """

    recording: str
    name: str
    speaker: str | None
    recorded_at: str
    segments: int
    duration_ms: int


class RecordingList(BaseModel):
    """The latest first; `total` of those that were asked for."""

    recordings: list[RecordingDocument]
    total: int


class Removal(BaseModel):
    """How many segments went."""

    segments: int


class MapForm(BaseModel):
    """Which segments are laid out, and how."""

    model_config = ConfigDict(extra="forbid")

    model: ModelChoice = None
    filters: LibraryFilters = LibraryFilters()
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


class TrajectoryForm(BaseModel):
    """Which segments are followed, in which dimension."""

    model_config = ConfigDict(extra="forbid")

    model: ModelChoice = None
    filters: LibraryFilters = LibraryFilters()
    dimension: Literal["arousal", "valence"] = "valence"


class Working(BaseModel):
    """It is being computed: ask again, with the same body. `progress` is 0..1."""

    state: Literal["working"]
    progress: float


class MapDocument(BaseModel):
    """Points -1..1, a list for each column; `map` names this one, until the library changes.

    `emotion` are places in `labels`, `speaker` places in `speakers`, -1 for nobody known.
    """

    map: str
    model: LibraryModel
    labels: list[str]
    x: list[float]
    y: list[float]
    emotion: list[int]
    ids: list[str]
    speakers: list[str]
    speaker: list[int]


class ClusterDocument(BaseModel):
    """Segments that lie together: `emotions` and `speakers` are shares of them, `exemplars` those
    to hear first, `members` the ids of all.
    """

    size: int
    stability: float
    emotions: dict[str, float]
    speakers: dict[str, float]
    exemplars: list[SegmentDocument]
    members: list[str]


class ClustersDocument(BaseModel):
    """The largest first; `outside` is how many segments lie in none, `outliers` the farthest."""

    model: LibraryModel
    clusters: list[ClusterDocument]
    segments: int
    outside: int
    outliers: list[SegmentDocument]


class IntervalDocument(BaseModel):
    """A figure and its 95 % interval; null where there are too few values."""

    value: float | None
    low: float | None
    high: float | None


class SessionDocument(BaseModel):
    """One recording of a course."""

    recording: str
    name: str
    recorded_at: str
    segments: int
    mean: IntervalDocument


class TrajectoryDocument(BaseModel):
    """The course of a dimension. `times` and `changes` are in `unit`: seconds within a recording,
    days since the first of several.
    """

    model: LibraryModel
    dimension: Literal["arousal", "valence"]
    unit: Literal["s", "days"]
    times: list[float]
    values: list[float]
    mean: IntervalDocument
    deviation: IntervalDocument
    inertia: IntervalDocument
    instability: IntervalDocument
    changes: list[float]
    sessions: list[SessionDocument]


def model_document(model: ModelInfo) -> dict[str, Any]:
    """A `LibraryModel`."""
    return {name: getattr(model, name) for name in LibraryModel.model_fields}


def clusters_document(found: Clusters) -> dict[str, Any]:
    """Clusters; what is to be heard with all that is known of it."""
    return {
        "clusters": [
            cluster.to_document() | {"exemplars": [one.to_document() for one in cluster.exemplars]}
            for cluster in found.clusters
        ],
        "segments": found.segments,
        "outside": found.outside,
        "outliers": [one.to_document() for one in found.outliers],
    }


def answer_document(answer: Answer, query: dict[str, Any]) -> dict[str, Any]:
    """An answer; `query` as `query_document` has it."""
    meaning = answer.meaning
    return {
        "query": query,
        "meaning": {
            "shares": dict(meaning.shares),
            "arousal": meaning.arousal,
            "valence": meaning.valence,
        },
        "hits": [
            {"similarity": hit.similarity, **hit.segment.to_document()} for hit in answer.hits
        ],
    }


def recording_document(recording: LibraryRecording) -> dict[str, Any]:
    """A recording; times in milliseconds."""
    return {
        **{name: getattr(recording, name) for name in ("recording", "name", "speaker", "segments")},
        "recorded_at": recording.recorded_at.isoformat(timespec="seconds"),
        "duration_ms": milliseconds(recording.duration),
    }


def query_document(query: Query, name: str | None = None) -> dict[str, Any]:
    """What a question was taken for; `name` is that of a clip that came with it."""
    document = dict.fromkeys(QueryDocument.model_fields)
    if isinstance(query, Words):
        return document | {"kind": "words", "text": query.text}
    if isinstance(query, Mixture):
        return document | {"kind": "mixture"}
    if isinstance(query, Region):
        return document | {"kind": "region", **_region(query)}
    return document | {"kind": "clip", "name": name}


def _region(region: Region) -> dict[str, Any]:
    start, end = region.start, region.end
    return {
        "recording": region.recording,
        "start_ms": None if start is None else milliseconds(start),
        "end_ms": None if end is None else milliseconds(end),
    }
