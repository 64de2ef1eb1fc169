"""Who said what of which segment: in the library, or in lists of several raters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voxcor.datasets.labelled import RowProblem, read_labelled
from voxcor.datasets.manifest import in_model_order
from voxcor.errors import LabelInvalid, LabelsTooFew
from voxcor.evaluation.raters import Ratings
from voxcor.library.correcting import meant_label
from voxcor.library.filters import Filters
from voxcor.library.labels import LabelsBySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable
from voxcor.results import DIMENSIONS, milliseconds

# A unit: its recording, and from when to when in milliseconds.
Unit = tuple[str, int | None, int | None]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a rater says of a unit; `numbers` by the name of what they rated."""

    unit: Unit
    rater: str
    label: str
    numbers: dict[str, float]


def ratings_in_library(
    library: Library, table: ModelTable, filters: Filters | None = None
) -> Ratings:
    """What people say of the segments of the library; who gives no name is nobody's rater.

    Raises:
        LabelsTooFew: no segment has labels by two people.
    """
    labels = LabelsBySegment(library.labels())
    said = []
    for segment in library.segments(table, (filters or Filters()).where):
        unit = (segment.recording, *_times(segment.start, segment.end))
        for one in labels[segment]:
            if one.annotator is not None and one.label is not None:
                said.append(_Said(unit, one.annotator, one.label, {}))
    return _matrix(said)


def ratings_in_lists(sources: Sequence[Path]) -> tuple[Ratings, list[RowProblem]]:
    """What lists say, as `voxcor.datasets.labelled` reads them; and what is wrong with them.

    A rater is who a column `annotator` names, or an annotation, else the list itself. A unit is a
    recording, or the part of it that has the same times in each. Columns `arousal` and `valence`
    are numbers.

    Raises:
        InputNotFound, InputUnreadable, ManifestError: a list cannot be used.
        LabelsTooFew: nothing is labelled by two raters.
    """
    said: list[_Said] = []
    problems: list[RowProblem] = []
    for source in sources:
        for row in read_labelled(source, (), each_annotator=True):
            if isinstance(row, RowProblem):
                problems.append(row)
                continue
            values = row.values
            path = row.file or row.folder / values.get("path", "")
            try:
                label = meant_label(values.get("label", ""), ())
            except LabelInvalid as error:
                problems.append(RowProblem(row.number, str(source), error.code, error.message))
                continue
            unit = (str(path.resolve()), *_times(row.start, row.end))
            rater = values.get("annotator") or source.stem
            numbers = {name: _number(values.get(name, "")) for name in DIMENSIONS}
            said.append(_Said(unit, rater, label, numbers))
    return _matrix(said), problems


def _matrix(said: Sequence[_Said]) -> Ratings:
    """The last word of each rater on each unit."""
    units = {unit: i for i, unit in enumerate(dict.fromkeys(one.unit for one in said))}
    raters = {rater: i for i, rater in enumerate(sorted({one.rater for one in said}))}
    names = in_model_order(one.label for one in said)
    labels = np.full((len(units), len(raters)), -1)
    numbers = {name: np.full(labels.shape, np.nan) for name in DIMENSIONS}
    for one in said:
        place = units[one.unit], raters[one.rater]
        labels[place] = names.index(one.label)
        for name, value in one.numbers.items():
            numbers[name][place] = value
    if not ((labels >= 0).sum(axis=1) > 1).any():
        raise LabelsTooFew(
            reason_en="nothing is labelled by two raters. Labels of the library need names: "
            "voxcor library correct --annotator NAME; lists need rows for the same recordings and "
            "times.",
            reason_zh="没有由两位标注者共同标注的内容。库中的标签须有署名："
            "voxcor library correct --annotator 姓名；清单须含有相同录音与时间的行。",
        )
    known = {name: values for name, values in numbers.items() if not np.isnan(values).all()}
    return Ratings(tuple(raters), names, labels, [unit[0] for unit in units], known)


def _times(start: float | None, end: float | None) -> tuple[int | None, int | None]:
    return (
        None if start is None else milliseconds(start),
        None if end is None else milliseconds(end),
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
