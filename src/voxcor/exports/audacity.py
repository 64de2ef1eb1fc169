"""Audacity label track: start, end, text, between tabs, in seconds.

https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from voxcor.exports.content import Content


def to_labels(content: Content) -> str:
    lines = []
    for segment in content.result.segments:
        speaker = f"{segment.speaker}: " if segment.speaker else ""
        text = f"{speaker}{segment.emotion} {segment.confidence:.1%}"
        lines.append(f"{segment.start:.6f}\t{segment.end:.6f}\t{text}\n")
    return "".join(lines)
