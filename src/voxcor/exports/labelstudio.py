"""Label Studio: a task with the model's segments as pre-annotations, and the interface for it.

https://labelstud.io/guide/predictions and https://labelstud.io/tags/labels. The task names the
recording as it was called; where Label Studio serves files itself, set the prefix on import.
"""

from xml.etree import ElementTree as ET

from voxcor.exports.content import Content
from voxcor.labels import get_label
from voxcor.result_folder import to_json

LABELS, AUDIO = "emotion", "audio"


def to_tasks(content: Content) -> str:
    result = content.result
    regions = [
        {
            "id": f"segment-{number}",
            "from_name": LABELS,
            "to_name": AUDIO,
            "type": "labels",
            "origin": "prediction",
            "original_length": result.audio.duration,
            "value": {
                "start": round(segment.start, 3),
                "end": round(segment.end, 3),
                "channel": result.audio.channel or 0,
                "labels": [segment.emotion],
            },
            "score": segment.confidence,
            **({"meta": _meta(segment.speaker)} if segment.speaker else {}),
        }
        for number, segment in enumerate(result.segments, start=1)
    ]
    model = result.model
    prediction = {
        "model_version": f"{model.id}-{model.precision}-{model.sha256[:12]}",
        "score": result.confidence,
        "result": regions,
    }
    task = {
        "data": {AUDIO: result.audio.name, "sha256": result.audio.sha256},
        "predictions": [prediction],
    }
    return to_json([task], indent=2) + "\n"


def _meta(speaker: str) -> dict[str, object]:
    """People see and change the note; what has become of it, the speaker is still known."""
    return {"text": [speaker], "speaker": speaker}


def to_config(content: Content) -> str:
    """The labelling interface, with the model's labels in their colours."""
    view = ET.Element("View")
    labels = ET.SubElement(view, "Labels", {"name": LABELS, "toName": AUDIO})
    for label_id in content.result.scores:
        label = get_label(label_id)
        attributes = {"value": label_id, "background": label.color, "alias": label_id}
        ET.SubElement(labels, "Label", {**attributes, "hint": label.both_names})
    ET.SubElement(view, "Audio", {"name": AUDIO, "value": f"${AUDIO}"})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"
