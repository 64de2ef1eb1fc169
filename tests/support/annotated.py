"""Documents of other tools as those write them, for tests of what is read from them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import soundfile

from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Manifest

# angry and sad of a call of 18.62 s, as people would label it.
CALL = [(0.0, 2.5, "angry"), (2.5, 9.3, "sad"), (9.3, 11.8, "angry"), (11.8, 18.6, "sad")]
WORDS = [(0.0, 1.2, "wenn"), (1.2, 18.6, "sie jetzt")]

Row = tuple[float, float, str]
# Of a tier: its name, its kind or participant, and its rows.
Grid = Sequence[tuple[str, Sequence[Row]]]


def write_call(path: Path) -> Path:
    noise = np.random.default_rng(0).normal(size=8_000 * 19) * 0.1
    soundfile.write(path, noise, 8_000)
    return path


def read_as(manifest: Manifest) -> list[tuple[str, str | None, float | None, float | None]]:
    """Label, speaker, start and end of each utterance."""
    return [
        (u.label, u.speaker, *(float(u.columns[k]) if k in u.columns else None for k in TIMES))
        for u in manifest.utterances
    ]


TIMES = ("start_time", "end_time")
AS_LABELLED = [(label, None, start, end) for start, end, label in CALL]


def said_of(manifest: Manifest) -> list[RowProblem]:
    """What is said besides figures on the whole."""
    of_the_whole = ("few_clips", "no_speakers", "one_class")
    return [problem for problem in manifest.problems if problem.code not in of_the_whole]


def textgrid(tiers: Grid, *, short: bool = False, points: Sequence[str] = ()) -> str:
    """Praat's text form; of tiers named in `points` the ends are left out."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]

    def add(depth: int, key: str, value: object) -> None:
        lines.append(f"{value}" if short else f"{'    ' * depth}{key} = {value} ")

    def head(depth: int, text: str) -> None:
        if not short:
            lines.append(f"{'    ' * depth}{text}")

    add(0, "xmin", 0)
    add(0, "xmax", 18.6)
    lines.append("<exists>" if short else "tiers? <exists> ")
    add(0, "size", len(tiers))
    head(0, "item []: ")
    for number, (name, rows) in enumerate(tiers, start=1):
        is_points = name in points
        head(1, f"item [{number}]:")
        add(2, "class", '"TextTier"' if is_points else '"IntervalTier"')
        add(2, "name", quoted(name))
        add(2, "xmin", 0)
        add(2, "xmax", 18.6)
        add(2, "points: size" if is_points else "intervals: size", len(rows))
        for place, (start, end, text) in enumerate(rows, start=1):
            head(2, f"points [{place}]:" if is_points else f"intervals [{place}]:")
            add(3, "number" if is_points else "xmin", start)
            if not is_points:
                add(3, "xmax", end)
            add(3, "mark" if is_points else "text", quoted(text))
    return "\n".join(lines) + "\n"


def chronological(tiers: Grid) -> str:
    lines = ['"Praat chronological TextGrid text file"', "0 18.6   ! Time domain."]
    lines.append(f"{len(tiers)}   ! Number of tiers.")
    lines += [f'"IntervalTier" {quoted(name)} 0 18.6' for name, _ in tiers]
    rows = [
        (start, n, end, text) for n, (_, own) in enumerate(tiers, 1) for start, end, text in own
    ]
    for start, number, end, text in sorted(rows):
        lines += ["", f"! {tiers[number - 1][0]}:", f"{number} {start} {end}", quoted(text)]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


class Eaf:
    """An ELAN document, built tier by tier."""

    def __init__(self, *, media: Mapping[str, str] | None = None, header: str = "") -> None:
        self.root = ET.Element("ANNOTATION_DOCUMENT", {"FORMAT": "3.0", "VERSION": "3.0"})
        attributes = {"MEDIA_FILE": header, "TIME_UNITS": "milliseconds"}
        self.header = ET.SubElement(self.root, "HEADER", attributes)
        if media is not None:
            self.add_media(media)
        self.times = ET.SubElement(self.root, "TIME_ORDER")
        self.slots = self.annotations = 0

    def add_media(self, media: Mapping[str, str]) -> None:
        ET.SubElement(self.header, "MEDIA_DESCRIPTOR", {"MIME_TYPE": "audio/x-wav", **media})

    def slot(self, ms: float | str | None = None) -> str:
        self.slots += 1
        value = {} if ms is None else {"TIME_VALUE": str(ms)}
        ET.SubElement(self.times, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{self.slots}", **value})
        return f"ts{self.slots}"

    def tier(self, name: str, rows: Sequence[Row] = (), **attributes: str) -> ET.Element:
        tier = ET.SubElement(self.root, "TIER", {"TIER_ID": name, **attributes})
        for start, end, text in rows:
            self.align(tier, self.slot(round(1000 * start)), self.slot(round(1000 * end)), text)
        return tier

    def align(self, tier: ET.Element, first: str, last: str, text: str) -> str:
        return self._add(
            tier, "ALIGNABLE_ANNOTATION", text, TIME_SLOT_REF1=first, TIME_SLOT_REF2=last
        )

    def refer(self, tier: ET.Element, to: str, text: str, previous: str = "") -> str:
        after = {"PREVIOUS_ANNOTATION": previous} if previous else {}
        return self._add(tier, "REF_ANNOTATION", text, ANNOTATION_REF=to, **after)

    def _add(self, tier: ET.Element, kind: str, text: str, **attributes: str) -> str:
        self.annotations += 1
        name = f"a{self.annotations}"
        annotation = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), kind)
        annotation.attrib.update({"ANNOTATION_ID": name, **attributes})
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = text
        return name

    def text(self, encoding: str = "UTF-8") -> str:
        body = ET.tostring(self.root, encoding="unicode")
        return f'<?xml version="1.0" encoding="{encoding}"?>\n{body}'


def region(
    control: str, value: str, start: float | None = None, end: float | None = None, **more: Any
) -> dict[str, Any]:
    """A region of Label Studio: a label with times, a choice for the whole without."""
    kind = more.pop("kind", "choices" if start is None else "labels")
    times = {} if start is None else {"start": start, "end": end, "channel": 0}
    item = {"from_name": control, "to_name": "audio", "type": kind, "origin": "manual", **more}
    return {"id": f"{control}-{start}", **item, "value": {**times, kind: [value]}}


def task(*results: list[dict[str, Any]], audio: str = "call.wav", **more: Any) -> dict[str, Any]:
    """A task of Label Studio with an annotation for each result."""
    annotations = [
        {"id": n, "was_cancelled": False, "ground_truth": False, "result": result}
        for n, result in enumerate(results, start=1)
    ]
    return {"id": 1, "data": {"audio": audio}, "annotations": annotations, "drafts": []} | {
        "predictions": [],
        **more,
    }


def labelled(control: str = "emotion", rows: Sequence[Row] = CALL) -> list[dict[str, Any]]:
    return [region(control, text, start, end) for start, end, text in rows]


def write_tasks(path: Path, *tasks: dict[str, Any]) -> Path:
    path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
    return path
