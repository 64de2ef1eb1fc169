"""ELAN documents (EAF 2.7 to 3.0; http://www.mpi.nl/tools/elan/EAFv3.0.xsd).

Times are found as ELAN finds them. A slot without one lies evenly between the slots around it that
have one: for a tier by itself among all slots of the document, for a tier that depends on another
among those of its chain of annotations (`proposeTimeFor` of TimeOrderImpl and TierImpl). What
refers to an annotation has its time, or shares it. At time 0 the media is at its TIME_ORIGIN.
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from voxcor.datasets.annotations.documents import (
    DAMAGED,
    NOTED,
    decoded,
    read_bytes,
    refused,
    remark,
)
from voxcor.datasets.annotations.recordings import Recordings, last_name
from voxcor.datasets.annotations.tiers import (
    Annotation,
    Tier,
    TierSpan,
    annotations_of,
    participant_in,
    text_of,
)
from voxcor.results import Failure

# Of Python's encodings those of texts: others cost time, or are no text.
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']((?:utf|iso|us-|windows|cp|gb|big5|euc|shift|mac|koi8)"""
    rb"""[\w.:-]{0,20})""",
    re.IGNORECASE,
)

_ALIGNABLE, _REFERRING = "ANNOTATION/ALIGNABLE_ANNOTATION", "ANNOTATION/REF_ANNOTATION"

# A time of more digits is none, and no float.
_MOST_DIGITS = 15

# Start and end in milliseconds of the document.
_Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Media:
    """A recording that the header names, in several ways, and where it is at time 0."""

    names: tuple[str, ...]
    origin_ms: float
    is_video: bool


def read(document: Path, recordings: Recordings) -> Iterator[Annotation | Failure]:
    """The annotations of an ELAN document.

    Raises:
        ManifestError: it is none, or it is not clear which tier has the emotions, or where in its
            recording they are.
    """
    root, damage = _parsed(document)
    recording, origin_ms, note = _recording(document, [*_media(document, root)], recordings)
    tiers = _tiers(document, root, origin_ms)
    if damage and not any(tier.spans for tier in tiers):
        raise refused(document, *damage)
    if damage:
        en, zh = f"{damage[0]} What comes before is read.", f"{damage[1]}在此之前的内容已读取。"
        yield remark(document, DAMAGED, en, zh)
    yield from annotations_of(document, recording, tiers)
    if note:
        yield note


def _parsed(document: Path) -> tuple[ET.Element, tuple[str, str] | None]:
    """The root, with whatever stands before the first damage, and what the damage is."""
    data = read_bytes(document)
    declared = _DECLARED.match(data.lstrip()[:400])
    text = decoded(data, declared[1].decode() if declared else None).lstrip()
    if "<!ENTITY" in text:  # ELAN writes none, and a few may stand for gigabytes
        raise refused(document, "it defines entities, as ELAN does not.", "其中定义了 XML 实体。")
    root: ET.Element | None = None
    damage = None
    try:
        for _, element in ET.iterparse(io.StringIO(text), events=("start",)):
            root = element if root is None else root
    except ET.ParseError as error:
        line, _ = error.position
        damage = (f"line {line}: it is not XML any more.", f"第 {line} 行：不再是有效的 XML。")
    if root is None or root.tag != "ANNOTATION_DOCUMENT":
        raise refused(document, *(damage or ("it is no ELAN document.", "不是 ELAN 文档。")))
    return root, damage


def _media(document: Path, root: ET.Element) -> Iterator[_Media]:
    for header in root.findall("HEADER"):
        for described in header.findall("MEDIA_DESCRIPTOR"):
            names = (described.get("RELATIVE_MEDIA_URL", ""), described.get("MEDIA_URL", ""))
            origin_ms = _milliseconds(described.get("TIME_ORIGIN", "0"))
            if origin_ms is None:
                raise refused(document, "its TIME_ORIGIN is no time.", "TIME_ORIGIN 不是有效时间。")
            is_video = described.get("MIME_TYPE", "").startswith("video")
            yield _Media(tuple(filter(None, names)), origin_ms, is_video)
        if header.get("MEDIA_FILE"):
            yield _Media((header.get("MEDIA_FILE", ""),), 0, is_video=False)


def _recording(
    document: Path, media: Sequence[_Media], recordings: Recordings
) -> tuple[Path, float, Failure | None]:
    """The recording, where in it the document begins, and a word if it is not the one named.

    Raises:
        ManifestError: no media is here that the header names, and those begin at different places.
    """
    named = [described for described in media if described.names]
    named.sort(key=lambda described: described.is_video)  # whose sound may be elsewhere
    for described in named:
        for name in described.names:
            found = recordings.named(name)
            if found:
                return found, described.origin_ms, None
    recording = recordings.namesake(document)
    if not named:
        return recording, 0, None
    alike = [
        described
        for described in named
        if any(Path(last_name(name)).stem == recording.stem for name in described.names)
    ]
    origins = {described.origin_ms for described in alike or named}
    missing = last_name(named[0].names[0])
    if len(origins) > 1:
        en = f"its media {missing} is not here, and others begin at another time."
        zh = f"未找到其媒体文件 {missing}，而其他媒体的起始时间不同。"
        raise refused(document, en, zh)
    if not recordings.has_namesake(document):
        return recordings.folder / (missing or recording.name), origins.pop(), None
    en = f"its media {missing} is not here; {recording.name}, of its own name, was taken."
    zh = f"未找到其媒体文件 {missing}；已使用同名录音 {recording.name}。"
    return recording, origins.pop(), remark(document, NOTED, en, zh)


def _milliseconds(value: str | None) -> int | None:
    digits = (value or "").strip()
    is_time = re.fullmatch(r"[-+]?\d+", digits) and len(digits) <= _MOST_DIGITS
    return int(digits) if is_time else None


def _tiers(document: Path, root: ET.Element, origin_ms: float) -> list[Tier]:
    slots = [
        (slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE"))
        for slot in root.findall("TIME_ORDER/TIME_SLOT")
    ]
    times: dict[str, float] = {
        name: ms for name, value in slots if (ms := _milliseconds(value)) is not None
    }
    # A value that is no time is damage, and nothing to be guessed.
    proposed = _proposed([name for name, value in slots if name in times or value is None], times)
    spans: dict[tuple[str | None, str | None], _Span] = {}
    elements = root.findall("TIER")
    people: dict[str | None, str | None] = {}
    tiers: dict[int, Tier] = {}
    for place in _parents_first(elements):
        element = elements[place]
        name, parent = element.get("TIER_ID", ""), element.get("PARENT_REF")
        links = {
            annotation.get("TIME_SLOT_REF1", ""): annotation.get("TIME_SLOT_REF2", "")
            for annotation in element.findall(_ALIGNABLE)
        }
        if parent:
            times |= _chained(links, times)
        times |= {
            slot: proposed[slot]
            for slot in (*links, *links.values())
            if slot not in times and slot in proposed
        }
        found = [*_aligned(element, times), *_referring(element, spans)]
        spans |= {
            (name, annotation.get("ANNOTATION_ID")): span for annotation, span in found if span
        }
        # It says so itself, or the tier that it depends on does.
        own = text_of(element.get("PARTICIPANT", "")) or participant_in(name)
        people[name] = own or people.get(parent)
        tiers[place] = _tier(document, name, found, origin_ms, people[name])
    return [tiers[place] for place in sorted(tiers)]


_Found = list[tuple[ET.Element, _Span | None]]


def _tier(
    document: Path, name: str, found: _Found, origin_ms: float, participant: str | None
) -> Tier:
    spans, damaged = [], []
    for annotation, span in found:
        text = text_of(annotation.findtext("ANNOTATION_VALUE") or "")
        if not text:
            continue
        if span is None:
            which = annotation.get("ANNOTATION_ID", "?")
            en = f"annotation {which} ({text[:40]}) of tier {name} has no time."
            zh = f"层 {name} 中的标注 {which}（{text[:40]}）没有时间。"
            damaged.append(remark(document, DAMAGED, en, zh))
            continue
        start, end = ((ms + origin_ms) / 1000 for ms in span)
        # What the media does not have any more cannot be heard; the rest of it can.
        spans.append(TierSpan(max(0.0, start) if end > 0 else start, end, text))
    spans.sort()
    return Tier(name, spans, participant, damaged=damaged)


def _aligned(tier: ET.Element, times: Mapping[str, float]) -> _Found:
    found: _Found = []
    for annotation in tier.findall(_ALIGNABLE):
        start = times.get(annotation.get("TIME_SLOT_REF1", ""))
        end = times.get(annotation.get("TIME_SLOT_REF2", ""))
        found.append((annotation, None if start is None or end is None else (start, end)))
    return found


def _referring(tier: ET.Element, spans: Mapping[tuple[str | None, str | None], _Span]) -> _Found:
    """Annotations that have the time of another one, or share it evenly."""
    groups: dict[str | None, list[ET.Element]] = defaultdict(list)
    for annotation in tier.findall(_REFERRING):
        groups[annotation.get("ANNOTATION_REF")].append(annotation)
    found: _Found = []
    for parent, group in groups.items():
        span = spans.get((tier.get("PARENT_REF"), parent))
        if span is None:
            found += [(annotation, None) for annotation in group]
            continue
        start, part = span[0], (span[1] - span[0]) / len(group)
        for place, annotation in enumerate(_in_order(group)):
            found.append((annotation, (start + place * part, start + (place + 1) * part)))
    return found


def _in_order(group: list[ET.Element]) -> list[ET.Element]:
    """As each says which one it follows, where all do."""
    following = {annotation.get("PREVIOUS_ANNOTATION"): annotation for annotation in group}
    ordered: list[ET.Element] = []
    at: str | None = None
    while (annotation := following.pop(at, None)) is not None:
        ordered.append(annotation)
        at = annotation.get("ANNOTATION_ID")
    return ordered if len(ordered) == len(group) else group


def _proposed(slots: Sequence[str], times: Mapping[str, float]) -> dict[str, float]:
    """Times of slots without one, evenly between their neighbours in the document."""
    found: dict[str, float] = {}
    waiting: list[str] = []
    last = 0.0
    for slot in slots:
        if slot not in times:
            waiting.append(slot)
            continue
        found |= _evenly(waiting, last, times[slot])
        waiting, last = [], times[slot]
    return found


def _chained(links: Mapping[str, str], times: Mapping[str, float]) -> dict[str, float]:
    """Likewise, between the ends of chains in which one annotation begins where another ends."""
    found: dict[str, float] = {}
    seen: set[str] = set()
    for first in links:
        if first not in times:
            continue
        chain, slot = [], links[first]
        while slot not in times and slot in links and slot not in seen:
            seen.add(slot)
            chain.append(slot)
            slot = links[slot]
        if slot in times:
            found |= _evenly(chain, times[first], times[slot])
    return found


def _evenly(slots: Sequence[str], begin: float, end: float) -> dict[str, float]:
    step = (end - begin) / (len(slots) + 1)
    return {slot: begin + place * step for place, slot in enumerate(slots, start=1)}


def _parents_first(tiers: Sequence[ET.Element]) -> list[int]:
    """The places of tiers, each after the one it depends on."""
    names = {tier.get("TIER_ID") for tier in tiers}
    below: dict[str | None, list[int]] = defaultdict(list)
    for place, tier in enumerate(tiers):
        parent = tier.get("PARENT_REF")
        below[parent if parent in names else None].append(place)
    order = below.pop(None, [])
    for place in order:  # grows while it is gone through
        order += below.pop(tiers[place].get("TIER_ID"), [])
    return order + [place for rest in below.values() for place in rest]  # circles
