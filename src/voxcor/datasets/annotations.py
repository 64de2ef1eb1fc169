"""What people have corrected in other tools, read back as labels of stretches.

Praat TextGrids and ELAN documents name their recording by their own name: call.TextGrid is about
call.wav, or whichever file of that name is audio, beside it. Label Studio's export (JSON or
JSON-MIN) names it in each task; it is looked for beside the export. Labels are those of the tier
`emotion`, or of the first tier; who speaks is in a tier `speaker`, where there is one.
"""

import heapq
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

from voxcor.errors import ManifestError, UsageError
from voxcor.language import say
from voxcor.sources import AUDIO_EXTENSIONS, is_file, is_folder
from voxcor.untrusted import read_json

EMOTION_TIER, SPEAKER_TIER = "emotion", "speaker"

SUFFIXES = (".textgrid", ".eaf", ".json")

# Ten hours of words, each a stretch, in the wordiest form take a third of this.
MOST_BYTES = 64 << 20

# What Label Studio puts before the name of a file that was uploaded.
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label for a stretch of a recording, in seconds."""

    recording: Path
    start: float
    end: float
    label: str
    speaker: str | None


def is_annotated(source: Path) -> bool:
    """Whether it is such a document, or a folder that holds some."""
    if is_folder(source):
        return any(_documents(source))
    return source.suffix.lower() in SUFFIXES


def read_annotations(source: Path) -> Iterator[Annotation]:
    """All annotations of a document, or of every TextGrid and ELAN document in a folder.

    Raises:
        ManifestError: a document that cannot be read.
        UsageError: a TextGrid without praatio.
        OSError: as reading raises it.
    """
    documents = [*_documents(source)] if is_folder(source) else [source]
    recordings = _recordings_beside(documents[0]) if documents else {}
    for document in documents:
        kind = document.suffix.lower()
        if not is_file(document):  # a device would never end
            raise FileNotFoundError(document)
        if document.stat().st_size > MOST_BYTES:
            reason = say(f"it has more than {MOST_BYTES:,} bytes.", f"超过 {MOST_BYTES:,} 字节。")
            raise ManifestError(name=str(document), reason=reason)
        recording = recordings.get(document.stem, document.with_suffix(".wav"))
        try:
            if kind == ".textgrid":
                yield from _stretches(recording, _read_textgrid(document))
            elif kind == ".eaf":
                yield from _stretches(recording, _read_eaf(document))
            else:
                yield from _read_labelstudio(document)
        except (
            *(ValueError, LookupError, TypeError, AttributeError),
            *(ArithmeticError, RecursionError, ET.ParseError),
        ) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ManifestError(name=str(document), reason=reason) from error


# Start, end, text; of a tier in order.
_Interval = tuple[float, float, str]


def _stretches(recording: Path, tiers: Mapping[str, list[_Interval]]) -> Iterator[Annotation]:
    if not tiers:
        return
    labels = tiers.get(EMOTION_TIER, next(iter(tiers.values())))
    spoken = [interval for interval in labels if interval[2].strip()]
    speakers = _speakers_at([(a + b) / 2 for a, b, _ in spoken], tiers.get(SPEAKER_TIER, []))
    for (start, end, text), speaker in zip(spoken, speakers, strict=True):
        yield _annotation(recording, start, end, text, speaker)


def _speakers_at(times: Sequence[float], turns: Sequence[_Interval]) -> list[str | None]:
    """Who speaks at each time: of turns that overlap, the one that is listed first."""
    named = [(a, b, who) for a, b, who in turns if who.strip()]
    begun = sorted(range(len(named)), key=lambda i: named[i][0], reverse=True)
    running: list[int] = []  # a heap, so that one that has ended is looked at once
    found: list[str | None] = [None] * len(times)
    for place in sorted(range(len(times)), key=times.__getitem__):
        while begun and named[begun[-1]][0] <= times[place]:
            heapq.heappush(running, begun.pop())
        while running and named[running[0]][1] <= times[place]:
            heapq.heappop(running)
        found[place] = named[running[0]][2] if running else None
    return found


def _annotation(
    recording: Path, start: object, end: object, label: object, speaker: object
) -> Annotation:
    """What a document says, where that is a stretch with a label.

    Raises:
        ValueError: it is not.
    """
    if not (_is_time(start) and _is_time(end)):
        raise ValueError(f"{start!r} to {end!r} is no stretch of time"[:200])
    if not (isinstance(label, str) and label.strip()):
        raise ValueError(f"{label!r} is no label"[:200])
    who = speaker if isinstance(speaker, str) else None
    return Annotation(recording, float(start), float(end), label.strip(), who)


def _is_time(value: object) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def _read_textgrid(document: Path) -> dict[str, list[_Interval]]:
    try:
        from praatio import textgrid
    except ImportError as error:
        raise UsageError(
            reason_en="Reading TextGrids needs praatio, not installed here: "
            'pip install "voxcor[annotations]"',
            reason_zh='读取 TextGrid 需要 praatio,尚未安装:pip install "voxcor[annotations]"',
        ) from error
    try:
        grid = textgrid.openTextgrid(
            str(document), includeEmptyIntervals=False, reportingMode="silence"
        )
    except OSError:
        raise
    except Exception as error:  # what praatio meets in a damaged file has no common base
        raise ValueError(str(error)) from error
    return {
        tier.name: [(float(a), float(b), str(text)) for a, b, text in tier.entries]
        for tier in grid.tiers
        if isinstance(tier, textgrid.IntervalTier)
    }


def _read_eaf(document: Path) -> dict[str, list[_Interval]]:
    root = ET.parse(document).getroot()
    times = {
        slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) / 1000
        for slot in root.iter("TIME_SLOT")
        if "TIME_VALUE" in slot.attrib
    }
    tiers: dict[str, list[_Interval]] = {}
    for tier in root.iter("TIER"):
        intervals = tiers.setdefault(tier.attrib["TIER_ID"], [])
        for aligned in tier.iter("ALIGNABLE_ANNOTATION"):
            text = aligned.findtext("ANNOTATION_VALUE") or ""
            ends = (aligned.attrib["TIME_SLOT_REF1"], aligned.attrib["TIME_SLOT_REF2"])
            intervals.append((times[ends[0]], times[ends[1]], text))
        intervals.sort()
    return tiers


def _read_labelstudio(document: Path) -> Iterator[Annotation]:
    tasks = read_json(document.read_text(encoding="utf-8"))
    for task in tasks if isinstance(tasks, list) else [tasks]:
        data = task.get("data", task)
        place = next((str(v) for v in data.values() if _names_audio(v)), "")
        recording = _beside(document, place)
        for region in _regions(task):
            value = region.get("value", region)
            labels = value.get("labels", [])
            if labels:
                speaker = next(iter(region.get("meta", {}).get("text", [])), None)
                yield _annotation(recording, value["start"], value["end"], labels[0], speaker)


def _regions(task: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of the full export the last annotation, of JSON-MIN every list of regions."""
    if "annotations" in task:
        kept = [a for a in task["annotations"] if not a.get("was_cancelled")]
        yield from (r for r in kept[-1]["result"] if r.get("type") == "labels") if kept else ()
        return
    for value in task.values():
        if isinstance(value, list):
            yield from (region for region in value if isinstance(region, dict))


def _names_audio(value: object) -> bool:
    return isinstance(value, str) and Path(urlsplit(value).path).suffix.lower() in AUDIO_EXTENSIONS


def _beside(document: Path, place: str) -> Path:
    """The recording a task names, by a path or an address, where it lies beside the export."""
    name = unquote(urlsplit(place).path)
    plain = Path(name).name
    candidates = [document.parent / name.lstrip("/"), document.parent / plain]
    candidates.append(document.parent / _UPLOAD_PREFIX.sub("", plain))
    return next((path for path in candidates if is_file(path)), candidates[-1])


def _recordings_beside(document: Path) -> dict[str, Path]:
    """The audio in the folder of a document, by name without ending; the first where several."""
    audio = (path for path in document.parent.iterdir() if path.suffix.lower() in AUDIO_EXTENSIONS)
    return {path.stem: path for path in sorted(audio, reverse=True)}


def _documents(folder: Path) -> Iterator[Path]:
    # Not below it: corpora have alignments of words in such files, a folder for each label.
    yield from sorted(
        path for path in folder.iterdir() if path.suffix.lower() in (".textgrid", ".eaf")
    )
