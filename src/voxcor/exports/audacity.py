"""Audacity label track: start, end, text, between tabs, in seconds.

There is no room for what the model said of a segment that was corrected; one whose emotion is only
known to be wrong has no label.

https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from voxcor.exports.content import Content


def to_labels(content: Content) -> str:
    lines = []
    for segment in content.segments:
        if segment.emotion is None:
            continue
        speaker = f"{segment.speaker}: " if segment.speaker else ""
        confidence = "" if segment.confidence is None else f" {segment.confidence:.1%}"
        text = f"{speaker}{segment.emotion}{confidence}"
        lines.append(f"{segment.start:.6f}\t{segment.end:.6f}\t{text}\n")
    return "".join(lines)
