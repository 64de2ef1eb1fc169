"""CSV: a row a segment, times in milliseconds, a column for each label's score."""

import csv
import io

from voxcor.exports.content import Content
from voxcor.results import milliseconds


def to_csv(content: Content) -> str:
    text = io.StringIO()
    labels = tuple(content.result.scores)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["start_ms", "end_ms", "speaker", "emotion", "confidence", *labels])
    for segment in content.result.segments:
        writer.writerow(
            [
                milliseconds(segment.start),
                milliseconds(segment.end),
                segment.speaker or "",
                segment.emotion,
                f"{segment.confidence:.6f}",
                *(f"{segment.scores[label]:.6f}" for label in labels),
            ]
        )
    return text.getvalue()
