"""CSV: a row a segment, times in milliseconds, a column for each label's score, dimensions.

A speaker whom a spreadsheet would take for a formula begins with an apostrophe; `--speakers` reads
the name as it was.
"""

import csv
import io

from voxcor.exports.content import Content
from voxcor.results import DIMENSIONS, Segment, milliseconds
from voxcor.tables import BYTE_ORDER_MARK
from voxcor.untrusted import cell


def to_csv(content: Content) -> str:
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    labels = tuple(content.result.scores)
    writer = csv.writer(text, lineterminator="\n")
    head = ["start_ms", "end_ms", "speaker", "emotion", "confidence", *map(cell, labels)]
    writer.writerow([*head, *DIMENSIONS])
    for segment in content.result.segments:
        writer.writerow(
            [
                milliseconds(segment.start),
                milliseconds(segment.end),
                cell(segment.speaker or ""),
                cell(segment.emotion),
                f"{segment.confidence:.6f}",
                *(f"{segment.scores[label]:.6f}" for label in labels),
                *_dimensions(segment),
            ]
        )
    return text.getvalue()


def _dimensions(segment: Segment) -> tuple[str, str]:
    point = segment.dimensions
    return ("", "") if point is None else (f"{point.arousal:.6f}", f"{point.valence:.6f}")
