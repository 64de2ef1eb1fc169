"""CSV: a row a segment, times in milliseconds, a column for each label's score, dimensions.

Of a result that is relative to how somebody usually sounds there are more columns: to whom, and the
second answer with its scores.

Of a result that was corrected there are more columns: the verdict, who gave it, and what the model
had said from when to when. `emotion` is empty where it is only known to be wrong, `confidence`
where the emotion is not the model's.

A speaker whom a spreadsheet would take for a formula begins with an apostrophe; `--speakers` reads
the name as it was.
"""

from voxcor.corrections import CorrectedSegment
from voxcor.exports.content import Content
from voxcor.results import DIMENSIONS, Relative, milliseconds
from voxcor.tables import csv_text
from voxcor.timeline import relative_scores, top
from voxcor.untrusted import cell

_RELATIVE = ("relative_to", "relative_emotion", "relative_confidence")

_CORRECTED = (
    *("verdict", "annotator", "model_emotion", "model_confidence"),
    *("model_start_ms", "model_end_ms"),
)


def to_csv(content: Content) -> str:
    labels = tuple(content.result.scores)
    head = ["start_ms", "end_ms", "speaker", "emotion", "confidence", *map(cell, labels)]
    relative = content.result.relative
    scored = () if relative is None else (*_RELATIVE, *(f"relative_{label}" for label in labels))
    corrected = _CORRECTED if content.is_corrected else ()
    rows: list[list[object]] = [[*head, *DIMENSIONS, *scored, *corrected]]
    for segment in content.segments:
        rows.append(
            [
                milliseconds(segment.start),
                milliseconds(segment.end),
                cell(segment.speaker or ""),
                cell(segment.emotion or ""),
                "" if segment.confidence is None else f"{segment.confidence:.6f}",
                *(f"{segment.scores[label]:.6f}" for label in labels),
                *_dimensions(segment),
                *(() if relative is None else _relative(segment, relative)),
                *(_correction(segment) if content.is_corrected else ()),
            ]
        )
    return csv_text(rows)


def _relative(segment: CorrectedSegment, whole: Relative) -> tuple[object, ...]:
    scores = relative_scores(segment.scores, whole.offsets)
    emotion, confidence = top(scores)
    numbers = (f"{number:.6f}" for number in (confidence, *scores.values()))
    return cell(whole.to), cell(emotion), *numbers


def _correction(segment: CorrectedSegment) -> tuple[object, ...]:
    model = segment.model
    return (
        segment.verdict or "",
        cell(segment.annotator or ""),
        cell(model.emotion),
        f"{model.confidence:.6f}",
        milliseconds(model.start),
        milliseconds(model.end),
    )


def _dimensions(segment: CorrectedSegment) -> tuple[str, str]:
    point = segment.dimensions
    return ("", "") if point is None else (f"{point.arousal:.6f}", f"{point.valence:.6f}")
