"""ELAN EAF 3.0 (http://www.mpi.nl/tools/elan/EAFv3.0.xsd).

Tiers `emotion`, whose values come from a controlled vocabulary with both names of every label,
`confidence`, `speaker` where turns are known, and `model` where the emotions were corrected: what
it had said. All are aligned to time by themselves, so that one may be corrected without the others.
"""

from itertools import count
from xml.etree import ElementTree as ET

from voxcor.exports.content import Content, tiers_of
from voxcor.labels import get_label
from voxcor.results import milliseconds

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
VOCABULARY = "emotions"


def to_eaf(content: Content) -> str:
    result = content.result
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "Voxcor",
            "DATE": result.timestamp.replace(" ", "T"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    # Relative: the recording is looked for beside the document.
    media = {
        "MEDIA_URL": f"./{result.audio.name}",
        "MIME_TYPE": "audio/x-wav" if result.audio.name.lower().endswith(".wav") else "audio/*",
        "RELATIVE_MEDIA_URL": f"./{result.audio.name}",
    }
    ET.SubElement(header, "MEDIA_DESCRIPTOR", media)
    times = ET.SubElement(root, "TIME_ORDER")
    slots, annotations = count(1), count(1)
    for name, spans in tiers_of(content):
        kind = "emotion" if name == "emotion" else "text"
        tier = ET.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": kind, "TIER_ID": name})
        for start, end, text in spans:
            refs = [f"ts{next(slots)}", f"ts{next(slots)}"]
            for ref, seconds in zip(refs, (start, end), strict=True):
                value = str(milliseconds(seconds))
                ET.SubElement(times, "TIME_SLOT", {"TIME_SLOT_ID": ref, "TIME_VALUE": value})
            attributes = {
                "ANNOTATION_ID": f"a{next(annotations)}",
                "TIME_SLOT_REF1": refs[0],
                "TIME_SLOT_REF2": refs[1],
            }
            if name == "emotion":
                attributes["CVE_REF"] = f"cve-{text}"
            annotation = ET.SubElement(tier, "ANNOTATION")
            aligned = ET.SubElement(annotation, "ALIGNABLE_ANNOTATION", attributes)
            ET.SubElement(aligned, "ANNOTATION_VALUE").text = text
    for kind, extra in (("emotion", {"CONTROLLED_VOCABULARY_REF": VOCABULARY}), ("text", {})):
        ET.SubElement(
            root,
            "LINGUISTIC_TYPE",
            {
                **extra,
                "GRAPHIC_REFERENCES": "false",
                "LINGUISTIC_TYPE_ID": kind,
                "TIME_ALIGNABLE": "true",
            },
        )
    for language, label in (("eng", "English"), ("zho", "中文")):
        ET.SubElement(root, "LANGUAGE", {"LANG_ID": language, "LANG_LABEL": label})
    _add_vocabulary(root, content.labels)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add_vocabulary(root: ET.Element, labels: tuple[str, ...]) -> None:
    vocabulary = ET.SubElement(root, "CONTROLLED_VOCABULARY", {"CV_ID": VOCABULARY})
    for language in ("eng", "zho"):
        ET.SubElement(vocabulary, "DESCRIPTION", {"LANG_REF": language}).text = VOCABULARY
    for label_id in labels:
        label = get_label(label_id)
        entry = ET.SubElement(vocabulary, "CV_ENTRY_ML", {"CVE_ID": f"cve-{label_id}"})
        for language, described in (("eng", label.en), ("zho", label.zh)):
            # The value is the id in both: what is written into annotations must come back as it is.
            attributes = {"DESCRIPTION": described, "LANG_REF": language}
            ET.SubElement(entry, "CVE_VALUE", attributes).text = label_id
