"""What the library answers, as JSON has it."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel

from voxcor.library.clusters import Clusters
from voxcor.library.groups import GroupComparison
from voxcor.library.labels import LabelsBySegment
from voxcor.library.listing import LibraryRecording
from voxcor.library.pages.groups import verdict
from voxcor.library.query import Mixture, Query, Region, Words
from voxcor.library.search import Answer
from voxcor.library.segments import LibrarySegment
from voxcor.library.trajectory import Trajectory, known_of
from voxcor.results import ModelInfo, milliseconds


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


class SaidDocument(BaseModel):
    """What one annotator says of a segment; `label` null: not the emotion that the model says."""

    label: str | None
    annotator: str | None


class LabelledDocument(SegmentDocument):
    """A segment with all that people `said` of it; its `label` is what they say together."""

    said: list[SaidDocument]


class SegmentList(BaseModel):
    """In the order in which they were asked for."""

    segments: list[LabelledDocument]


class LabelsChanged(SegmentList):
    """The segments as they are now; `changed` is how many labels are new, changed or withdrawn."""

    changed: int


class HitDocument(LabelledDocument):
    """A segment that was found; `similarity` is 1 for the same, 0 for nothing in common."""

    similarity: float


class QueryDocument(BaseModel):
    """What the question was taken for: `text` of words, `name` of a clip or a result, the rest of a
    region.
    """

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
    """How many segments went. `people` were enrolled by them: by less now, or not at all."""

    segments: int
    people: list[str]


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


class CourseDocument(BaseModel):
    """The course of a dimension. `times` and `changes` are in `unit`: seconds within a recording,
    days since the first of several. `segments` are the ids of the values within a recording.
    """

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
    segments: list[str]


class GroupDocument(BaseModel):
    """Recordings that belong together; `mean` is of their means."""

    name: str
    mean: IntervalDocument
    sessions: list[SessionDocument]


class GroupsDocument(BaseModel):
    """Two groups in a dimension; `difference` is the first less the second, `too_few` that no
    difference could be told from chance, `significant` that this one is, `verdict` the same in
    words, by language.
    """

    dimension: Literal["arousal", "valence"]
    first: GroupDocument
    second: GroupDocument
    difference: IntervalDocument
    p: float | None
    smallest_p: float | None
    delta: IntervalDocument
    too_few: bool
    significant: bool
    verdict: dict[str, str]


class TrajectoryDocument(CourseDocument):
    """A course; where it is asked for, that within `each` recording, and two groups `compared`."""

    model: LibraryModel
    each: list[CourseDocument] | None
    compared: GroupsDocument | None


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


def course_document(course: Trajectory, segments: Sequence[LibrarySegment]) -> dict[str, Any]:
    """A course of these segments, a `CourseDocument`."""
    within = known_of(segments, course.dimension) if course.unit == "s" else []
    return {**course.to_document(), "segments": [one.id for one in within]}


def groups_document(found: GroupComparison) -> dict[str, Any]:
    """A `GroupsDocument`."""
    return {**found.to_document(), "verdict": verdict(found)._asdict()}


def labelled_document(segment: LibrarySegment, labels: LabelsBySegment) -> dict[str, Any]:
    """A segment, with what people say of it."""
    said = [{"label": one.label, "annotator": one.annotator} for one in labels[segment]]
    return {**segment.to_document(), "said": said}


def answer_document(
    answer: Answer, query: dict[str, Any], labels: LabelsBySegment
) -> dict[str, Any]:
    """An answer; `query` as `query_document` has it, `labels` are people's."""
    meaning = answer.meaning
    return {
        "query": query,
        "meaning": {
            "shares": dict(meaning.shares),
            "arousal": meaning.arousal,
            "valence": meaning.valence,
        },
        "hits": [
            {"similarity": hit.similarity, **labelled_document(hit.segment, labels)}
            for hit in answer.hits
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
    """What a question was taken for; `name` is that of a clip, or of a result."""
    document = dict.fromkeys(QueryDocument.model_fields)
    if isinstance(query, Words):
        return document | {"kind": "words", "text": query.text}
    if isinstance(query, Mixture):
        return document | {"kind": "mixture"}
    if isinstance(query, Region):
        return document | {"kind": "region", "name": name, **_region(query)}
    return document | {"kind": "clip", "name": name}


def _region(region: Region) -> dict[str, Any]:
    start, end = region.start, region.end
    return {
        "recording": region.recording,
        "start_ms": None if start is None else milliseconds(start),
        "end_ms": None if end is None else milliseconds(end),
    }
