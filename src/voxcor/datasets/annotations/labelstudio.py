"""Exports of Label Studio.

A region has a control (`from_name`), which is what a tier is elsewhere: it says what the values of
its regions are about.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from voxcor.datasets.annotations.documents import DAMAGED, NOTED, decoded, refused, remark
from voxcor.datasets.annotations.labelstudio_tasks import LABELLING, Region, Task, Version, tasks_of
from voxcor.datasets.annotations.recordings import Recordings, last_name, names_audio
from voxcor.datasets.annotations.tiers import (
    SPEAKER_NAMES,
    Annotation,
    Noun,
    Tier,
    TierSpan,
    emotion_tiers,
    has_speakers,
    is_called,
    passed_over,
    speakers_at,
)
from voxcor.errors import ManifestError
from voxcor.results import Failure
from voxcor.tables import listed_names

CONTROL = Noun("control", "控件")

_TABLE = frozenset({"annotation_id", "annotator", "lead_time"})


def is_export(head: bytes) -> bool:
    """Whether JSON that begins so may be an export: a list of tasks or one, not a line for each."""
    text = head.lstrip()
    is_one = text.startswith(b"{") and (has_annotations(head) or b'"result"' in head)
    return is_one or text.startswith(b"[")


def has_annotations(head: bytes) -> bool:
    """Whether JSON that begins so has what people have annotated."""
    return re.search(rb'"(annotations|completions|annotation_id)"\s*:', head) is not None


def is_lines(head: bytes) -> bool:
    """Whether lines of JSON that begin so are tasks."""
    return head.lstrip().startswith(b"{") and has_annotations(head)


def is_table(head: bytes) -> bool:
    """Whether a table that begins so is an export."""
    first = decoded(head).partition("\n")[0]
    return {name.strip('"\r') for name in re.split(r"[,;\t]", first)} >= _TABLE


def read(document: Path, recordings: Recordings) -> Iterator[Annotation | Failure]:
    """The labels of an export: of several annotations of a task the ground truth, or the last.

    Raises:
        ManifestError: as `read_each`.
    """
    yield from _read(document, recordings, lambda versions: versions[:1])


def read_each(document: Path, recordings: Recordings) -> Iterator[Annotation | Failure]:
    """The labels that each annotator gave, as `read` has one's.

    Raises:
        ManifestError: it is none, has no annotations, or it is not clear which control has the
            emotions.
    """
    yield from _read(document, recordings, _of_each)


def _of_each(versions: Sequence[Version]) -> Sequence[Version]:
    """Of each annotator the version to be preferred; those of nobody are one's."""
    first: dict[str | None, Version] = {}
    for version in versions:
        first.setdefault(version.annotator, version)
    return [*first.values()]


def _read(
    document: Path,
    recordings: Recordings,
    chosen_of: Callable[[Sequence[Version]], Sequence[Version]],
) -> Iterator[Annotation | Failure]:
    tasks = [*tasks_of(document)]
    everything = [version for task in tasks for version in task.versions]
    if not any(version.regions or version.damaged for version in everything):
        raise _not_annotated(document, tasks)
    if not any(version.regions for version in everything):
        count = sum(version.damaged for version in everything)
        en = f"regions that are not as Label Studio writes them: {count}; there are no others."
        raise refused(
            document, en, f"有 {count} 个区域不符合 Label Studio 的格式，且没有其他区域。"
        )
    controls = _controls(region for version in everything for region in version.regions)
    chosen = emotion_tiers(document, controls, CONTROL)
    yield from passed_over(document, controls, chosen, CONTROL)
    names = {control.name for control in chosen}
    speaking = {control.name for control in controls if has_speakers(control)} - names
    left_out = several = guessed = 0
    for number, task in enumerate(tasks, start=1):
        full = [version for version in task.versions if version.labelled(names)]
        read = chosen_of(full or task.versions[:1])
        several += len(full) > len(read)
        left_out += not full
        for version in read:
            if version.damaged:
                yield _damaged(document, number, version.damaged)
            labelled = version.labelled(names)
            guessed += any(region.guessed for region in labelled)
            places = _recordings(task.data, labelled, recordings)
            if labelled and len(places) > 1:
                yield _which_recording(document, number, places)
                continue
            speakers = _speakers(task, version, labelled, speaking)
            for region, speaker in zip(labelled, speakers, strict=True):
                if len(region.values) > 1:
                    yield _ambiguous(document, number, region)
                    continue
                yield Annotation(
                    places[0],
                    region.start,
                    region.end,
                    region.values[0],
                    speaker,
                    version.annotator,
                )
    yield from _notes(document, left_out, several, guessed)


def _controls(regions: Iterable[Region]) -> list[Tier]:
    found: dict[str, list[Region]] = {}
    for region in regions:
        found.setdefault(region.control, []).append(region)
    return [
        Tier(
            name,
            [
                TierSpan(region.start, region.end, value)
                for region in own
                for value in region.values
            ],
            can_label=any(region.kind in LABELLING for region in own),
        )
        for name, own in found.items()
    ]


def _speakers(
    task: Task, version: Version, labelled: Sequence[Region], speaking: set[str]
) -> Iterator[str | None]:
    """Who speaks in each: whom its region names, else who speaks then, else in all of the task."""
    told = [region for region in version.regions if region.control in speaking and region.values]
    by_id = {region.id: region.values[0] for region in told if region.id}
    of_task = next(
        (
            who
            for name, who in task.data.items()
            if is_called(name, SPEAKER_NAMES) and isinstance(who, str)
        ),
        None,
    )
    then = speakers_at([region.span for region in labelled], [turn.span for turn in told])
    for region, who in zip(labelled, then, strict=True):
        yield by_id.get(region.id or "") or who or region.speaker or of_task


def _recordings(
    data: Mapping[str, Any], regions: Sequence[Region], recordings: Recordings
) -> list[Path]:
    """The recording that a task is about, or all that it may be about."""
    texts = {name: text for name, text in data.items() if isinstance(text, str) and text.strip()}
    own = {region.about for region in regions} & texts.keys()
    names = [texts[name] for name in own] or [*texts.values()]
    names = [name for name in names if names_audio(name)] or names
    found = dict.fromkeys(filter(None, map(recordings.named, names)))
    return [*found] or [recordings.folder / (last_name(names[0]) if names else "?")]


def _not_annotated(document: Path, tasks: Sequence[Task]) -> ManifestError:
    if any(task.has_predictions for task in tasks):
        return refused(
            document,
            "it has predictions, and no annotations: submit them in Label Studio first.",
            "其中只有预标注而没有标注；请先在 Label Studio 中提交。",
        )
    return refused(document, "nothing is annotated in it.", "其中没有任何标注。")


def _which_recording(document: Path, task: int, places: Sequence[Path]) -> Failure:
    names = listed_names([place.name for place in places])
    en = f"task {task}: it is not clear which recording it is about: {names}."
    zh = f"任务 {task}：无法确定其针对哪个录音：{names}。"
    return remark(document, DAMAGED, en, zh)


def _damaged(document: Path, task: int, regions: int) -> Failure:
    en = f"task {task}: regions that are not as Label Studio writes them: {regions}."
    zh = f"任务 {task}：有 {regions} 个区域不符合 Label Studio 的格式。"
    return remark(document, DAMAGED, en, zh)


def _ambiguous(document: Path, task: int, region: Region) -> Failure:
    values = ", ".join(region.values)[:80]
    en = f"task {task}: several labels for one stretch: {values}."
    zh = f"任务 {task}：同一片段有多个标签：{values}。"
    return remark(document, DAMAGED, en, zh)


def _notes(document: Path, left_out: int, several: int, guessed: int) -> Iterator[Failure]:
    if left_out:
        en = f"tasks without an emotion, left out: {left_out}."
        zh = f"没有情感标注而未计入的任务：{left_out} 个。"
        yield remark(document, NOTED, en, zh)
    if several:
        en = f"of {several} tasks with several annotations the ground truth, or the last, is read."
        zh = f"有 {several} 个任务包含多份标注：读取其中的基准标注，否则读取最后一份。"
        yield remark(document, NOTED, en, zh)
    if guessed:
        en = (
            f"in {guessed} tasks choices were taken for the regions in their order, as this format "
            "does not say whose they are; export JSON to be sure."
        )
        zh = (
            f"有 {guessed} 个任务的选项按顺序对应到区域，因为该格式未注明归属；"
            "导出 JSON 可确保无误。"
        )
        yield remark(document, NOTED, en, zh)
