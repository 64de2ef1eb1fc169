"""Subtitles: SRT, WebVTT captions, and a WebVTT metadata track for players that react to emotion.

WebVTT: https://www.w3.org/TR/webvtt1/. A cue a segment. A metadata track (`kind="metadata"`) is
shown by no player; a script reads each cue's JSON as it becomes active. Of what was corrected the
model's answer stands in a note of the captions, and in the JSON; SRT has no room for it.
"""

from dataclasses import replace

from voxcor.corrections import CorrectedSegment
from voxcor.exports.content import Content
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.result_folder import to_json
from voxcor.results import Dimensions, milliseconds, to_wire


def to_srt(content: Content) -> str:
    return "".join(
        f"{number}\n{_clock(s.start, ',')} --> {_clock(s.end, ',')}\n{_words(s)}\n\n"
        for number, s in enumerate(content.segments, start=1)
    )


def to_vtt(content: Content) -> str:
    cues = "".join(
        f"{_note(s)}{number}\n{_clock(s.start, '.')} --> {_clock(s.end, '.')}\n{_spoken(s)}\n\n"
        for number, s in enumerate(content.segments, start=1)
    )
    # `-->` may not stand in a note.
    notice = content.result.notice.replace("-->", "→")
    return f"WEBVTT\n\nNOTE\n{notice}\n\n{cues}"


def to_metadata_vtt(content: Content) -> str:
    cues = "".join(
        f"{number}\n{_clock(s.start, '.')} --> {_clock(s.end, '.')}\n{_data(s)}\n\n"
        for number, s in enumerate(content.segments, start=1)
    )
    return f"WEBVTT\n\n{cues}"


def _words(segment: CorrectedSegment) -> str:
    speaker = f"{segment.speaker}: " if segment.speaker else ""
    if segment.emotion is None:
        wrong = _names(segment.model.emotion)
        return speaker + say(f"not {wrong}", f"不是{wrong}")
    words = f"{speaker}{get_label(segment.emotion).emoji} {_names(segment.emotion)}"
    if segment.confidence is None:
        return words
    confidence = say("Confidence", "置信度")
    return f"{words} {confidence}: {segment.confidence:.1%}"


def _names(emotion: str) -> str:
    return get_label(emotion).both_names.replace("-->", "→")  # which may only stand between times


def _note(segment: CorrectedSegment) -> str:
    """What the model had said, where a person has put it right."""
    if segment.verdict in (None, "right"):
        return ""
    model = segment.model
    said = f"{_names(model.emotion)} {model.confidence:.1%}"
    return f"NOTE\n{say(f'corrected; the model: {said}', f'已更正；模型：{said}')}\n\n"


def _spoken(segment: CorrectedSegment) -> str:
    """As WebVTT has it: the speaker in a voice tag, nothing that reads as markup."""
    if segment.speaker is None:
        return _escaped(_words(segment))
    words = _words(segment).removeprefix(f"{segment.speaker}: ")
    return f"<v {_escaped(segment.speaker)}>{_escaped(words)}</v>"


def _data(segment: CorrectedSegment) -> str:
    confidence = segment.confidence
    data = {
        "emotion": segment.emotion,
        "confidence": None if confidence is None else round(confidence, 4),
        "scores": {label: round(score, 4) for label, score in segment.scores.items()},
        "speaker": segment.speaker,
        "dimensions": to_wire(segment.dimensions and _rounded(segment.dimensions)),
    }
    if segment.verdict is not None:
        model = segment.model
        data["verdict"] = segment.verdict
        data["annotator"] = segment.annotator
        data["model"] = {
            "emotion": model.emotion,
            "confidence": round(model.confidence, 4),
            "start_ms": milliseconds(model.start),
            "end_ms": milliseconds(model.end),
        }
    return to_json(data).replace("-->", "\\u002d->")


def _rounded(point: Dimensions) -> Dimensions:
    return replace(point, arousal=round(point.arousal, 4), valence=round(point.valence, 4))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, mark: str) -> str:
    whole, ms = divmod(milliseconds(seconds), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{mark}{ms:03}"
