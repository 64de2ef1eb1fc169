"""RTTM (NIST Rich Transcription 2009 evaluation plan, appendix A): a SPEAKER line a segment.

    SPEAKER call 1 0.260 2.140 <NA> happy A 0.853 <NA>

The subtype is the emotion, the name whose turn it is; where no turns are known the name is the
emotion, because that is what tools show. The confidence is the emotion's, `<NA>` where a person has
put another in the place of the model's; the emotion is `<NA>` where it is only known to be wrong.
"""

from voxcor.exports.content import Content

_NONE = "<NA>"


def to_rttm(content: Content) -> str:
    result = content.result
    recording = "_".join(content.stem.split())
    channel = 1 if result.audio.channel is None else result.audio.channel + 1
    lines = []
    for segment in content.segments:
        emotion = "_".join((segment.emotion or _NONE).split())
        name = "_".join((segment.speaker or emotion).split())
        confidence = _NONE if segment.confidence is None else f"{segment.confidence:.3f}"
        lines.append(
            f"SPEAKER {recording} {channel} {segment.start:.3f} {segment.end - segment.start:.3f} "
            f"{_NONE} {emotion} {name} {confidence} {_NONE}\n"
        )
    return "".join(lines)
