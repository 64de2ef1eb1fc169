"""RTTM (NIST Rich Transcription 2009 evaluation plan, appendix A): a SPEAKER line a segment.

    SPEAKER call 1 0.260 2.140 <NA> happy A 0.853 <NA>

The subtype is the emotion, the name whose turn it is; where no turns are known the name is the
emotion, because that is what tools show. The confidence is the emotion's.
"""

from voxcor.exports.content import Content


def to_rttm(content: Content) -> str:
    result = content.result
    recording = "_".join(content.stem.split())
    channel = 1 if result.audio.channel is None else result.audio.channel + 1
    lines = []
    for segment in result.segments:
        emotion = "_".join(segment.emotion.split())
        name = "_".join((segment.speaker or segment.emotion).split())
        lines.append(
            f"SPEAKER {recording} {channel} {segment.start:.3f} {segment.end - segment.start:.3f} "
            f"<NA> {emotion} {name} {segment.confidence:.3f} <NA>\n"
        )
    return "".join(lines)
