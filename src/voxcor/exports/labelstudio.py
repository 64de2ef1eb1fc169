"""Label Studio: a task with the model's segments as pre-annotations, and the interface for it.

https://labelstud.io/guide/predictions and https://labelstud.io/tags/labels. The task names the
recording as it was called; where Label Studio serves files itself, set the prefix on import. What
people have corrected, and what they have found right, is an annotation beside the prediction.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from voxcor.corrections import CorrectedSegment
from voxcor.exports.content import Content
from voxcor.labels import get_label
from voxcor.result_folder import to_json
from voxcor.results import Segment

LABELS, AUDIO = "emotion", "audio"


def to_tasks(content: Content) -> str:
    result = content.result
    regions = [
        {
            **_region(content, f"segment-{number}", segment, segment.emotion),
            "origin": "prediction",
            "score": segment.confidence,
        }
        for number, segment in enumerate(result.segments, start=1)
    ]
    model = result.model
    prediction = {
        "model_version": f"{model.id}-{model.precision}-{model.sha256[:12]}",
        "score": result.confidence,
        "result": regions,
    }
    task: dict[str, Any] = {
        "data": {AUDIO: result.audio.name, "sha256": result.audio.sha256},
        "predictions": [prediction],
    }
    if content.is_corrected:
        task["annotations"] = [{"result": [*_annotated(content)]}]
    return to_json([task], indent=2) + "\n"


def _annotated(content: Content) -> Iterator[dict[str, Any]]:
    """What people have said; of an emotion that is only wrong, nothing is left to be said."""
    for number, segment in enumerate(content.segments, start=1):
        if segment.verdict is None or segment.emotion is None:
            continue
        is_moved = (segment.start, segment.end) != (segment.model.start, segment.model.end)
        is_changed = is_moved or segment.verdict != "right"
        yield {
            **_region(content, f"corrected-{number}", segment, segment.emotion),
            "origin": "prediction-changed" if is_changed else "prediction",
        }


def _region(
    content: Content, name: str, segment: Segment | CorrectedSegment, emotion: str
) -> dict[str, Any]:
    audio = content.result.audio
    return {
        "id": name,
        "from_name": LABELS,
        "to_name": AUDIO,
        "type": "labels",
        "original_length": audio.duration,
        "value": {
            "start": round(segment.start, 3),
            "end": round(segment.end, 3),
            "channel": audio.channel or 0,
            "labels": [emotion],
        },
        **({"meta": _meta(segment.speaker)} if segment.speaker else {}),
    }


def _meta(speaker: str) -> dict[str, object]:
    """People see and change the note; what has become of it, the speaker is still known."""
    return {"text": [speaker], "speaker": speaker}


def to_config(content: Content) -> str:
    """The labelling interface, with the labels in their colours."""
    view = ET.Element("View")
    labels = ET.SubElement(view, "Labels", {"name": LABELS, "toName": AUDIO})
    for label_id in content.labels:
        label = get_label(label_id)
        attributes = {"value": label_id, "background": label.color, "alias": label_id}
        ET.SubElement(labels, "Label", {**attributes, "hint": label.both_names})
    ET.SubElement(view, "Audio", {"name": AUDIO, "value": f"${AUDIO}"})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"
