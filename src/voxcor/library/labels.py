"""What people say of segments of the library, beside what the model says.

All of it lies in one document of the library's folder, `labels.json`: it is people's work, and no
vector can bring it back. A label is of a span of a recording and by an annotator; several may
disagree, and all are kept. The column `label` of a segment is what they say together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voxcor.disk.unreadable import read_state, require_version
from voxcor.disk.whole import write_whole
from voxcor.library.segments import LibrarySegment, from_arrow, labels_of, matrix, to_arrow
from voxcor.result_folder import to_json
from voxcor.results import milliseconds, to_wire
from voxcor.stored_result import record_from

LABELS_FILE = "labels.json"

SCHEMA_VERSION = 1

# From when to when in milliseconds, in which recording, by whom.
Key = tuple[str, int, int, str | None]


@dataclass(frozen=True, slots=True)
class PersonsLabel:
    """What one annotator says of a span of a recording.

    `recording` is its name in the library, `start` and `end` are in seconds. `label` None: it has
    not the emotion that the model says, and none is named instead. `timestamp` is local time, as
    that of a result.
    """

    recording: str
    start: float
    end: float
    label: str | None
    annotator: str | None = None
    timestamp: str = ""

    @property
    def key(self) -> Key:
        """What it is of and by whom: of each there is one."""
        return self.recording, milliseconds(self.start), milliseconds(self.end), self.annotator


Labels = Mapping[Key, PersonsLabel]


def read_labels(folder: Path) -> dict[Key, PersonsLabel]:
    """Those of a library, by recording and time; none where it has no such file.

    Args:
        folder: the library's.

    Raises:
        StateUnreadable: they cannot be read, or are of a newer Voxcor. They stay where they are.
    """

    def parse(document: Any) -> dict[Key, PersonsLabel]:
        require_version(document, SCHEMA_VERSION)
        labels = (record_from(PersonsLabel, each) for each in document["labels"])
        return {label.key: label for label in labels}

    try:
        return read_state(folder / LABELS_FILE, parse)
    except FileNotFoundError:
        return {}


def write_labels(folder: Path, labels: Labels) -> None:
    """Puts these in the place of those that are there; none takes the file away.

    Whoever writes is alone in the library.
    """
    path = folder / LABELS_FILE
    if not labels:
        path.unlink(missing_ok=True)
        return
    in_order = sorted(labels.values(), key=lambda one: (one.key[:3], one.annotator or ""))
    document = {"schema_version": SCHEMA_VERSION, "labels": to_wire(tuple(in_order))}
    write_whole(path, to_json(document, indent=1) + "\n", private=True)


def revised(
    before: Labels, said: Iterable[PersonsLabel], withdrawn: Iterable[Key]
) -> tuple[dict[Key, PersonsLabel], list[str]]:
    """The labels after some are said and some withdrawn, and the recordings that these are of.

    What is said again stays as it was, whenever it is said.
    """
    after = dict(before)
    recordings = set()
    for key in withdrawn:
        after.pop(key, None)
        recordings.add(key[0])
    for one in said:
        known = after.get(one.key)
        if known is None or known.label != one.label:
            after[one.key] = one
        recordings.add(one.recording)
    return after, sorted(recordings)


class LabelsBySegment:
    """Which labels are of which segment: those that cover more than half of it.

    Models need not cut a recording in the same places; a label is of what was heard.
    """

    def __init__(self, labels: Iterable[PersonsLabel]) -> None:
        self._of: dict[str, list[PersonsLabel]] = defaultdict(list)
        for label in labels:
            self._of[label.recording].append(label)

    def __getitem__(self, segment: LibrarySegment) -> list[PersonsLabel]:
        return [one for one in self._of.get(segment.recording, ()) if covers(one, segment)]


def covers(span: PersonsLabel, segment: LibrarySegment) -> bool:
    """Whether a span of the same recording is more than half of a segment."""
    shared = min(span.end, segment.end) - max(span.start, segment.start)
    return 2 * shared > segment.end - segment.start


def together(labels: Sequence[PersonsLabel]) -> str | None:
    """What most say; of labels that equally many say, the one that was said last.

    None where nobody names one.
    """
    said: dict[str, list[str]] = defaultdict(list)
    for one in labels:
        if one.label is not None:
            said[one.label].append(one.timestamp)
    return max(said, key=lambda label: (len(said[label]), max(said[label]), label), default=None)


def relabel(table: Any, where: str, labels: LabelsBySegment) -> bool:
    """Gives segments of a table in LanceDB what people say of them, by one commit.

    Returns:
        whether that changes any.
    """
    rows = table.search().where(where).limit(max(1, table.count_rows())).to_arrow()
    segments = from_arrow(rows, labels_of(table.schema))
    meant = [together(labels[segment]) for segment in segments]
    changed = [i for i, segment in enumerate(segments) if segment.label != meant[i]]
    if changed:
        told = [replace(segments[i], label=meant[i]) for i in changed]
        update = table.merge_insert(["recording", "start_ms", "end_ms"])
        new = to_arrow(told, matrix(rows)[changed], table.schema)
        update.when_matched_update_all().execute(new)
    return bool(changed)
