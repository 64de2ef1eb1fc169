"""Labels put right in the library: of one segment, or all that people have said elsewhere.

What is gathered comes from results that were corrected on the page (`corrections.json`), from lists
with a column of labels, the one of `/v1/corrections` among them, and from what other tools
annotated (Praat, ELAN, Label Studio). A label is of those segments of which it covers more than
half; one without times is of all segments of its recording.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from voxcor.corrections import LONGEST_LABEL
from voxcor.datasets.corrected import LabelledSegment
from voxcor.datasets.labelled import RowProblem, read_labelled
from voxcor.errors import (
    InputError,
    LabelInvalid,
    NotAResult,
    NotInLibrary,
    StateUnreadable,
)
from voxcor.exports.content import RESULT_FILE, read_content
from voxcor.labels import is_code, label_meant, labels_named, own_label
from voxcor.language import say
from voxcor.library.filters import LABELLED, Filters, all_of, equals, of_recording, quoted
from voxcor.library.incoming import result_files, sha256_of
from voxcor.library.labels import LabelsBySegment, PersonsLabel, covers, together
from voxcor.library.query import Clip, Region, parse_query
from voxcor.library.segments import ID_DIGITS, LibrarySegment
from voxcor.library.sound import audible
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.sources import is_file
from voxcor.tables.times import LONGEST_S
from voxcor.untrusted import trimmed

_PROCESSED = "processed_audio.wav"
_LOOKED_UP = 50  # recordings at a time


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found elsewhere: how many labels, of how many segments these are, how many of them
    are new or changed here, and what could not be used. `foreign` counts those that are none of the
    model's: another scheme, or slips of the pen.
    """

    labels: int
    segments: int
    changed: int
    problems: tuple[RowProblem, ...]
    foreign: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Mark:
    """A label as it was found: of a file, or of a recording whose name here is known."""

    origin: str
    row: int | None
    label: str | None
    start: float
    end: float
    path: Path | None = None
    recording: str | None = None
    channel: int | None = None
    annotator: str | None = None
    timestamp: str = ""


def segment_named(library: Library, table: ModelTable, named: str) -> LibrarySegment:
    """The one segment that a query names: `RECORDING@START-END`, `PATH@START-END`.

    Without times it is that of a recording which has one alone.

    Raises:
        NotInLibrary: there is none, or there are several.
        QueryInvalid: it ends before it begins.
    """
    asked = parse_query(named, ())
    if not isinstance(asked, Clip | Region):
        raise NotInLibrary(name=named)
    where = (
        equals("path", str(asked.path.resolve()))
        if isinstance(asked, Clip)
        else of_recording(asked.recording)
    )
    found = library.segments(table, where)
    if asked.start is not None and asked.end is not None:
        span = PersonsLabel("", asked.start, asked.end, None)
        found = [segment for segment in found if covers(span, segment)]
    if len(found) != 1:
        raise NotInLibrary(name=named)
    return found[0]


def put_right(
    library: Library,
    segments: Sequence[LibrarySegment],
    label: str | None,
    annotator: str | None = None,
) -> int:
    """Keeps what somebody says of segments, in the place of what they said before.

    Args:
        library: where.
        segments: which.
        label: as `meant_label` takes it; None where the model's is wrong and none is named.
        annotator: who says so.

    Returns:
        how many labels are new or changed.

    Raises:
        LabelInvalid: it is none.
        StateUnreadable, StorageError: nothing is kept.
    """
    when = now()
    said = [
        replace(
            _span_of(segment, annotator),
            label=None if label is None else meant_label(label, [*segment.scores]),
            timestamp=when,
        )
        for segment in segments
    ]
    return library.label(said)


def take_back(
    library: Library, segments: Sequence[LibrarySegment], annotator: str | None = None
) -> int:
    """Withdraws what somebody says of segments; how many labels that were.

    Raises:
        StateUnreadable, StorageError: nothing is withdrawn.
    """
    return library.label([], [_span_of(segment, annotator).key for segment in segments])


def _span_of(segment: LibrarySegment, annotator: str | None) -> PersonsLabel:
    return PersonsLabel(segment.recording, segment.start, segment.end, None, annotator)


def meant_label(text: str, labels: Sequence[str]) -> str:
    """The label that a text names: a model's own in any of its names, or another as it is.

    Raises:
        LabelInvalid: it names none, or several, or is a code.
    """
    name = trimmed(text)
    own = own_label(name, labels)
    if own is None and (
        not 0 < len(name) <= LONGEST_LABEL
        or not name.isprintable()
        or is_code(name)
        or len(labels_named(name)) > 1
    ):
        raise LabelInvalid(label=text[: 2 * LONGEST_LABEL], most=LONGEST_LABEL)
    return own or label_meant(name)


def now() -> str:
    """The time as labels have it."""
    return time.strftime("%Y-%m-%d %H:%M:%S")


def gather(
    library: Library,
    sources: Iterable[str],
    *,
    model: str | None = None,
    annotator: str | None = None,
) -> Gathered:
    """Takes over what people have said elsewhere; to do it again changes nothing.

    Args:
        library: where.
        sources: result folders and folders of them, lists, documents and folders of other tools.
        model: whose segments they are of; None for the model that heard the most.
        annotator: who says what does not say by whom it is said.

    Raises:
        LibraryEmpty, ModelNotInLibrary: there is nothing that could be labelled.
        InputNotFound, InputUnreadable, ManifestError: a source cannot be used; nothing is kept.
        StateUnreadable, StorageError: nothing is kept.
    """
    table = library.table(model)
    problems: list[RowProblem] = []
    marks: list[_Mark] = []
    for source in sources:
        for found in _marks(Path(source), table.labels):
            if isinstance(found, RowProblem):
                problems.append(found)
            else:
                marks.append(found)
    said: dict[tuple[object, ...], PersonsLabel] = {}
    for mark, segments in _of_segments(library, table, marks):
        span = PersonsLabel("", mark.start, mark.end, None)
        covered = [
            one for one in segments if mark.channel in (None, one.channel) and covers(span, one)
        ]
        channels = {one.channel for one in covered}
        if len(channels) != 1:
            problems.append(_homeless(mark, several=len(channels) > 1))
            continue
        for one in covered:
            who, when = mark.annotator or annotator, mark.timestamp or now()
            place = one.recording, one.start, one.end
            label = PersonsLabel(*place, mark.label, who, when)
            said[label.key] = label
    changed = library.label(said.values()) if said else 0
    spans = {key[:3] for key in said}
    foreign = Counter(mark.label for mark in marks if mark.label and mark.label not in table.labels)
    return Gathered(len(marks), len(spans), changed, tuple(problems), dict(foreign))


def labelled(
    library: Library, table: ModelTable, filters: Filters | None = None
) -> list[LibrarySegment]:
    """The segments that people have named a label of."""
    return library.segments(table, all_of(LABELLED, (filters or Filters()).where))


def labelled_rows(
    library: Library, segments: Iterable[LibrarySegment]
) -> Iterator[LabelledSegment]:
    """Those of the segments that are labelled and can still be heard, as a list to train on.

    Of several annotators the label is what they say together, and `annotator` names those who do.
    The place is as `voxcor.library.sound` has it.
    """
    labels = LabelsBySegment(library.labels())
    for segment, place in audible(segments):
        label = together(labels[segment])
        if label is None:
            continue
        said = [one.annotator for one in labels[segment] if one.label == label and one.annotator]
        yield LabelledSegment(
            path=place.path,
            start=place.start,
            end=place.end,
            channel=place.channel,
            label=label,
            original_label=segment.emotion,
            confidence=round(segment.confidence, 6),
            verdict="right" if label == segment.emotion else "relabelled",
            speaker=segment.speaker,
            annotator=", ".join(said) or None,
            result=segment.recording,
        )


def _marks(source: Path, labels: Sequence[str]) -> Iterator[_Mark | RowProblem]:
    results = result_files(source)
    for file in results:
        yield from _of_result(file)
    if results:
        return
    for row in read_labelled(source, {*labels}, each_annotator=True):
        if isinstance(row, RowProblem):
            yield row
            continue
        start, end = row.part or (0.0, LONGEST_S)
        values = row.values
        try:
            label = meant_label(values.get("label", ""), labels)
        except LabelInvalid as error:
            yield RowProblem(row.number, str(source), error.code, error.message)
            continue
        yield _Mark(
            origin=str(source),
            row=row.number,
            label=label,
            start=start,
            end=end,
            path=row.file or row.folder / values.get("path", ""),
            channel=row.channel,
            annotator=values.get("annotator") or None,
            timestamp=values.get("timestamp", ""),
        )


def _of_result(file: Path) -> Iterator[_Mark | RowProblem]:
    try:
        content = read_content(file)
    except (InputError, NotAResult, StateUnreadable) as error:
        yield RowProblem(None, str(file), error.code, error.message)
        return
    audio = content.result.audio
    for one in content.corrections.corrections:
        yield _Mark(
            origin=str(file.parent),
            row=None,
            label=one.label,
            start=one.start,
            end=one.end,
            recording=audio.sha256[:ID_DIGITS],
            channel=audio.channel,
            annotator=one.annotator,
            timestamp=one.timestamp,
        )


def _of_segments(
    library: Library, table: ModelTable, marks: Sequence[_Mark]
) -> Iterator[tuple[_Mark, list[LibrarySegment]]]:
    """Each mark with the segments of its recording: found by its path, else by its content."""
    paths = {mark.path: str(mark.path.resolve()) for mark in marks if mark.path}
    by_path = _looked_up(library, table, paths.values(), by="path")
    marks = [
        mark if mark.path is None or by_path.get(paths[mark.path]) else _by_content(mark)
        for mark in marks
    ]
    by_recording = _looked_up(library, table, (mark.recording for mark in marks), by="recording")
    for mark in marks:
        if mark.recording is not None:
            yield mark, by_recording.get(mark.recording, [])
        else:
            yield mark, by_path.get(paths[mark.path], []) if mark.path else []


def _looked_up(
    library: Library,
    table: ModelTable,
    wanted: Iterable[str | None],
    *,
    by: Literal["path", "recording"],
) -> dict[str, list[LibrarySegment]]:
    """The segments by their paths, or by how the names of their recordings begin."""
    names = sorted({name for name in wanted if name is not None})
    found: dict[str, list[LibrarySegment]] = defaultdict(list)
    for first in range(0, len(names), _LOOKED_UP):
        some = map(quoted, names[first : first + _LOOKED_UP])
        if by == "path":
            where = f"path IN ({', '.join(some)})"
        else:
            where = " OR ".join(f"starts_with(recording, {name})" for name in some)
        for segment in library.segments(table, where):
            key = segment.path if by == "path" else segment.recording[:ID_DIGITS]
            found[key or ""].append(segment)
    return found


def _by_content(mark: _Mark) -> _Mark:
    """The mark of a file that lies elsewhere now, or is what a model heard of a recording."""
    assert mark.path is not None
    try:
        result = mark.path.with_name(RESULT_FILE)
        if mark.path.name == _PROCESSED and is_file(result):
            about = read_content(result).result
            offset, audio = about.preprocessing.trimmed_start, about.audio
            return replace(
                mark,
                start=mark.start + offset,
                end=mark.end + offset,
                recording=audio.sha256[:ID_DIGITS],
                channel=audio.channel,
            )
        return replace(mark, recording=sha256_of(mark.path)[:ID_DIGITS])
    except (InputError, NotAResult, StateUnreadable):
        return mark


def _homeless(mark: _Mark, *, several: bool) -> RowProblem:
    place = mark.path.name if mark.path else mark.origin
    times = "" if mark.end >= LONGEST_S else f" {mark.start:g}–{mark.end:g} s"
    if several:
        code = "channel_unclear"
        en = f"{place}{times}: of which channel is it? Give a column channel."
        zh = f"{place}{times}：属于哪个声道？请提供 channel 列。"
    else:
        code = NotInLibrary.code
        en = f"{place}{times}: no segment of the library lies there."
        zh = f"{place}{times}：库中没有对应的语段。"
    return RowProblem(mark.row, mark.origin, code, say(en, zh))
