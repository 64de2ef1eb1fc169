"""Label tracks of Audacity: start, end and label between tabs, in seconds.

https://manual.audacityteam.org/man/importing_and_exporting_labels.html. A line that begins with a
backslash has the frequencies of the label before it. Tracks that are exported together follow one
another in one file, without names: where times begin anew, so does a track.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from voxcor.datasets.annotations.documents import DAMAGED, decoded, read_bytes, refused, remark
from voxcor.datasets.annotations.recordings import Recordings
from voxcor.datasets.annotations.tiers import (
    Annotation,
    Noun,
    Tier,
    TierSpan,
    has_speakers,
    passed_over,
    speakers_at,
    text_of,
)
from voxcor.labels import label_named
from voxcor.results import Failure

TRACK = Noun("track", "标签轨")

_TIME = r"-?\d+(?:[.,]\d+)?"
# Editors make spaces of tabs.
_LINE = re.compile(rf"({_TIME})(?:\t| +)({_TIME})(?:(?:\t| +)(.*))?")

# What our own export writes around a label: `Anna: happy 85.3%`.
_SPEAKER = re.compile(r"(?P<who>[^:：]+)(?::\s|：)\s*(?P<label>.+)")
_CONFIDENCE = re.compile(r"\s+\d+(?:\.\d+)?\s?%$")


def is_label_track(head: bytes) -> bool:
    """Whether a file that begins so is a label track."""
    lines = [line.strip(" ") for line in decoded(head).splitlines() if line.strip()]
    return any(map(_LINE.fullmatch, lines[:2]))  # the first may be a title


def read(document: Path, recordings: Recordings) -> Iterator[Annotation | Failure]:
    """The annotations of a label track.

    Raises:
        ManifestError: none of its tracks has labels that Voxcor knows.
    """
    rows: list[list[TierSpan]] = []
    for number, line in enumerate(re.split(r"\r?\n|\r", decoded(read_bytes(document))), start=1):
        found = _LINE.fullmatch(line.strip(" "))
        if found:
            start, end = (float(time.replace(",", ".")) for time in found.group(1, 2))
            if not rows or start < (rows[-1][-1].start or 0):
                rows.append([])
            rows[-1].append(TierSpan(start, end, found[3] or ""))
        elif line.strip() and not line.startswith("\\"):
            en, zh = f"line {number} is no label.", f"第 {number} 行不是标签。"
            yield remark(document, DAMAGED, en, zh)
    texts = {text: _parts(text) for row in rows for _, _, text in row}
    tracks = [
        Tier(
            str(number), [TierSpan(start, end, texts[text][1]) for start, end, text in row if text]
        )
        for number, row in enumerate(rows, start=1)
    ]
    # Hand-made files are in no order, and look like many tracks.
    chosen = [track for track in tracks if track.has_labels]
    if not chosen:
        known = sum(track.known for track in tracks)
        values = sum(len(track.spans) for track in tracks)
        en = f"no track of it has labels that Voxcor knows; {known} of {values} texts are such."
        zh = f"没有一个标签轨包含 Voxcor 已知的标签；{values} 个文本中只有 {known} 个是。"
        raise refused(document, en, zh)
    yield from passed_over(document, tracks, chosen, TRACK)
    turns = [turn for track in tracks if has_speakers(track) for turn in track.spans]
    turns += [
        TierSpan(start, end, spoken)
        for row in rows
        for start, end, text in row
        if (spoken := texts[text][0])
    ]
    recording = recordings.namesake(document)
    for track in chosen:
        for span, who in zip(track.spans, speakers_at(track.spans, turns), strict=True):
            yield Annotation(recording, span.start, span.end, span.text, who)


def _parts(text: str) -> tuple[str, str]:
    """Speaker, if any, and label."""
    label = _CONFIDENCE.sub("", text_of(text))
    spoken = _SPEAKER.fullmatch(label)
    if spoken and label_named(label) is None:
        return spoken["who"].strip(), spoken["label"].strip()
    return "", label
