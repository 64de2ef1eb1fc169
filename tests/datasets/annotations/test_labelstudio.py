"""Label Studio's exports: every template, which control, which annotation, which recording."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotated import (
    AS_LABELLED,
    CALL,
    labelled,
    read_as,
    region,
    said_of,
    task,
    write_call,
    write_tasks,
)
from voxcor.datasets.annotations import Annotation, read_annotations
from voxcor.datasets.manifest import read_manifest
from voxcor.errors import ManifestError


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    write_call(folder / "call.wav")
    return folder


def refusal(path: Path) -> str:
    with pytest.raises(ManifestError) as refused:
        read_manifest(path)
    return refused.value.message


def spans(control: str, *values: str) -> list[dict[str, Any]]:
    rows = zip(CALL, values, strict=False)
    return labelled(control, [(start, end, value) for (start, end, _), value in rows])


def choices(control: str, regions: list[dict[str, Any]], *values: str) -> list[dict[str, Any]]:
    """A choice for each of the regions, by its id and times."""
    return [
        region(control, value, own["value"]["start"], own["value"]["end"], kind="choices")
        | {"id": own["id"]}
        for own, value in zip(regions, values, strict=True)
    ]


SPEECH = spans("label", "Speech", "Speech")
PARAGRAPH = {
    "id": "p1",
    "from_name": "label",
    "to_name": "text",
    "type": "paragraphlabels",
    "value": {"start": "0", "end": "1", "paragraphlabels": ["Positive"]},
}
RATING = {"id": "q", "from_name": "rating", "type": "rating", "value": {"rating": 7}}
TOPIC = {"id": "t", "from_name": "emotion", "type": "taxonomy", "value": {"taxonomy": [["sad"]]}}

# The templates of label_studio/annotation_templates/audio-speech-processing and of
# docs/source/templates, as they are and with emotions for their values; what comes of each.
TEMPLATES: dict[str, tuple[list[dict[str, Any]], list[str] | str]] = {
    "audio classification": ([region("label", "Politics")], "label 0 of 1"),
    "audio classification, emotions": ([region("label", "angry")], ["angry"]),
    "audio classification, multiple": (
        [region("label", "angry") | {"value": {"choices": ["angry", "sad"]}}],
        "several labels for one stretch: angry, sad",
    ),
    "audio classification with segments": (
        spans("label", "Business", "Other", "Politics"),
        "1 of 3",
    ),
    "with segments, emotions": (spans("label", "angry", "难过"), ["angry", "sad"]),
    "speech recognition": (
        [region("transcription", "Der Lappen liegt", kind="textarea")],
        "transcription 0 of 1",
    ),
    "speech recognition using segments": (
        [*SPEECH, *choices("transcription", SPEECH, "Der Lappen", "liegt")],
        "label 0 of 2, transcription 0 of 2",
    ),
    "speech transcription with sentiment": (
        [*SPEECH, *choices("sentiment", SPEECH, "Positive", "Negative")],
        "label 0 of 2, sentiment 0 of 2",
    ),
    "speech transcription with emotions": (
        [*SPEECH, *choices("sentiment", SPEECH, "Happy", "Angry")],
        ["happy", "angry"],
    ),
    "intent classification": (
        [*SPEECH, *choices("intent", SPEECH, "Question", "Request")],
        "label 0 of 2, intent 0 of 2",
    ),
    "intent classification, emotions": (
        [*SPEECH, *choices("intent", SPEECH, "生气/angry", "😢")],
        ["angry", "sad"],
    ),
    "signal quality": ([RATING], "rating 0 of 0"),
    "signal quality, emotion": ([RATING, region("label", "fear")], ["fearful"]),
    "sound events": (spans("label", "Event A", "Event B"), "label 0 of 2"),
    "speaker segmentation": (spans("label", "Speaker one", "Speaker two"), "label 0 of 2"),
    "speaker segmentation and emotions": (
        [*spans("label", "Speaker one", "Speaker two"), *spans("mood", "angry", "sad")],
        ["angry", "sad"],
    ),
    "conversational analysis": ([PARAGRAPH], "label 0 of 1"),
    "contextual scrolling, emotion": ([PARAGRAPH, region("mood", "calm")], "mood 0 of 1"),
    "taxonomy": ([TOPIC], "emotion 0 of 0"),
    "emotion, whatever its values": (spans("情感", "calm", "bored"), ["calm", "bored"]),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_read_or_refused_with_its_controls(name: str, study: Path) -> None:
    result, outcome = TEMPLATES[name]
    path = write_tasks(study / "project.json", task(result))
    if isinstance(outcome, str):
        assert outcome in refusal(path)
    else:
        assert [u.label for u in read_manifest(path).utterances] == outcome


def test_a_choice_for_the_whole_labels_the_recording(study: Path) -> None:
    path = write_tasks(study / "project.json", task([region("sentiment", "angry")]))
    assert read_as(read_manifest(path)) == [("angry", None, None, None)]
    assert [*read_annotations(path)] == [Annotation(study / "call.wav", None, None, "angry", None)]


def test_a_choice_for_a_region_has_its_times_by_its_id_alone(study: Path) -> None:
    regions = labelled("label", [(0.0, 2.5, "Speech"), (2.5, 9.3, "Speech")])
    regions[1]["value"]["labels"] = []  # drawn, and never labelled
    said = choices("emotion", regions, "angry", "sad")
    for own in said:
        del own["value"]["start"], own["value"]["end"]
    path = write_tasks(study / "project.json", task([*said, *regions]))
    assert read_as(read_manifest(path)) == AS_LABELLED[:2]


def test_who_speaks_is_in_a_second_control(study: Path) -> None:
    turns = labelled("speaker", [(0.0, 9.3, "Anna"), (9.3, 18.6, "Ben")])
    path = write_tasks(study / "project.json", task([*turns, *labelled()]))
    assert [u.speaker for u in read_manifest(path).utterances] == ["Anna", "Anna", "Ben", "Ben"]
    # On the same region, whatever else is said at that time.
    own = [region("说话人", "Cai", *CALL[0][:2]) | {"id": labelled()[0]["id"]}]
    path = write_tasks(study / "project.json", task([*turns, *labelled(), *own]))
    assert [u.speaker for u in read_manifest(path).utterances] == ["Cai", "Anna", "Ben", "Ben"]


def test_one_speaker_of_a_task_is_that_of_all_of_it(study: Path) -> None:
    whole = [region("emotion", "sad"), region("speaker", "Anna")]
    path = write_tasks(study / "project.json", task(whole))
    assert read_as(read_manifest(path)) == [("sad", "Anna", None, None)]
    data = {"audio": "call.wav", "Speaker": "Ben"}
    path = write_tasks(study / "project.json", task(labelled(), data=data))
    assert {u.speaker for u in read_manifest(path).utterances} == {"Ben"}


def test_a_note_on_a_region_is_no_speaker(study: Path) -> None:
    noted = [item | {"meta": {"text": ["noisy"]}} for item in labelled()]
    path = write_tasks(study / "project.json", task(noted))
    assert read_as(read_manifest(path)) == AS_LABELLED


SAD, HAPPY = [region("emotion", "sad")], [region("emotion", "happy")]


@pytest.mark.parametrize(
    ("annotations", "label"),
    [
        ([{"result": SAD}, {"result": []}], "sad"),
        ([{"result": SAD}, {"result": HAPPY}], "happy"),
        ([{"result": SAD}, {"result": HAPPY, "was_cancelled": True}], "sad"),
        ([{"result": SAD, "ground_truth": True}, {"result": HAPPY}], "sad"),
        ([{"result": [], "ground_truth": True}, {"result": HAPPY}], "happy"),
        ([{"result": SAD}, {"result": [RATING]}], "sad"),
        (
            [{"result": SAD, "created_at": "2026-02"}, {"result": HAPPY, "created_at": "2026-01"}],
            "sad",
        ),
        ([{"result": SAD}, {"result": None}], "sad"),
    ],
)
def test_the_last_annotation_that_says_something_is_read(
    annotations: list[dict[str, Any]], label: str, study: Path
) -> None:
    path = write_tasks(study / "project.json", task(annotations=annotations))
    manifest = read_manifest(path)
    assert [u.label for u in manifest.utterances] == [label]
    full = sum(bool(a["result"]) and "was_cancelled" not in a for a in annotations)
    both = full == 2 and RATING not in (annotations[1]["result"] or [])
    assert any("several annotations" in p.message for p in said_of(manifest)) == both


def test_tasks_without_an_annotation_are_counted(study: Path) -> None:
    predicted = {"predictions": [{"result": labelled()}]}
    skipped = [{"result": SAD, "was_cancelled": True}]
    tasks = [task(SAD), task(**predicted), task(annotations=skipped), task([])]
    manifest = read_manifest(write_tasks(study / "project.json", *tasks))
    assert [u.label for u in manifest.utterances] == ["sad"]
    assert "left out: 3" in said_of(manifest)[0].message


def test_predictions_are_no_annotations(study: Path) -> None:
    path = write_tasks(study / "project.json", task(predictions=[{"result": labelled()}]))
    assert "predictions, and no annotations" in refusal(path)
    assert "nothing is annotated" in refusal(write_tasks(study / "project.json", task([])))


def test_old_names_and_a_file_for_each_annotation_are_read(study: Path) -> None:
    old = {"id": 1, "data": {"audio": "call.wav"}, "completions": [{"result": labelled()}]}
    assert read_as(read_manifest(write_tasks(study / "project.json", old))) == AS_LABELLED
    stored = {"id": 7, "result": labelled(), "task": {"id": 1, "data": {"audio": "call.wav"}}}
    (study / "7.json").write_text(json.dumps(stored))
    assert read_as(read_manifest(study / "7.json")) == AS_LABELLED


@pytest.mark.parametrize(
    ("audio", "place"),
    [
        ("/data/local-files/?d=study/call.wav", "study/call.wav"),
        ("/data/local-files/?d=corpora/study/calls/one%20two.wav", "study/calls/one two.wav"),
        ("/data/local-files/?d=study%5Ccalls%5Cone.wav", "study/calls/one.wav"),
        ("/data/local-files/?d=calls/one.wav", "calls/one.wav"),
        ("http://localhost:8080/data/local-files/?d=a/b/one.wav", "study/one.wav"),
        ("/data/upload/3/1a2b3c4d-one.wav", "study/one.wav"),
        ("/data/upload/3/1a2b3c4d-one.wav", "study/1a2b3c4d-one.wav"),
        ("/data/upload/3/1a2b3c4d-Interview_03_Anna.wav", "study/Interview 03 (Anna).wav"),
        ("/data/upload/3/1a2b3c4d-%E9%80%9A%E8%AF%9D_1.wav", "study/通话 1.wav"),
        ("upload/3/1a2b3c4d-one.wav", "study/one.wav"),
        ("s3://bucket/calls/2026/one.wav", "study/2026/one.wav"),
        ("gs://bucket/one.wav", "study/one.wav"),
        ("https://x.org/a/one.wav?X-Amz-Expires=60&X-Amz-Signature=d4/5", "study/one.wav"),
        (r"C:\calls\one.wav", "study/one.wav"),
        ("file:///home/anna/one.wav", "study/one.wav"),
    ],
)
def test_the_recording_of_a_task_is_found(audio: str, place: str, study: Path) -> None:
    target = study.parent / place
    target.parent.mkdir(exist_ok=True, parents=True)
    shutil.move(study / "call.wav", target)
    path = write_tasks(study / "project.json", task(SAD, audio=audio))
    (found,) = read_annotations(path)
    assert isinstance(found, Annotation)
    assert found.recording == target


def test_of_two_recordings_the_one_that_was_labelled_is_meant(study: Path) -> None:
    shutil.copy(study / "call.wav", study / "reference.wav")
    data = {"reference": "reference.wav", "audio": "call.wav"}
    path = write_tasks(study / "project.json", task(SAD, data=data))
    assert [one.recording for one in annotations_in(path)] == [study / "call.wav"]
    data = {"first": "reference.wav", "second": "call.wav"}
    write_tasks(path, task(SAD, data=data), task(HAPPY))
    manifest = read_manifest(path)
    assert [u.label for u in manifest.utterances] == ["happy"]
    assert "task 1: it is not clear which recording" in said_of(manifest)[0].message
    write_tasks(path, task(SAD, data={"url": "s3://x/call.wav", "path": "calls/call.wav"}))
    assert [one.recording for one in annotations_in(path)] == [study / "call.wav"]


def annotations_in(path: Path) -> list[Annotation]:
    return [one for one in read_annotations(path) if isinstance(one, Annotation)]


def test_a_file_far_above_of_the_same_name_is_not_taken(study: Path) -> None:
    shutil.move(study / "call.wav", study.parent / "call.wav")
    path = write_tasks(study / "project.json", task(SAD, audio="s3://bucket/calls/call.wav"))
    message = refusal(path)
    assert "call.wav: there is no such file" in message


def test_regions_that_are_not_as_they_should_be_are_counted(study: Path) -> None:
    broken = [5, {"type": "labels", "value": {"start": "0", "end": 1, "labels": ["sad"]}}]
    arrow = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    path = write_tasks(study / "project.json", task([*labelled(), *broken, arrow]))  # type: ignore[list-item]
    manifest = read_manifest(path)
    assert read_as(manifest) == AS_LABELLED
    (problem,) = said_of(manifest)
    assert problem.code == "damaged_annotation"
    assert "task 1: " in problem.message
    assert problem.message.endswith("writes them: 2.")


def converted(study: Path, form: str, *tasks: dict[str, Any]) -> Path:
    """A file as label_studio_sdk.converter makes it of tasks, which needs what is not here."""
    if form == "JSON":
        return write_tasks(study / "project.json", *tasks)
    rows = [row for given in tasks for row in flat_rows(given)]
    if form == "JSON_MIN":
        return write_tasks(study / "project.json", *rows)
    path = study / f"project.{form.lower()}"
    with path.open("w", encoding="utf-8", newline="") as file:
        separator = "," if form == "CSV" else "\t"
        columns = sorted({name for row in rows for name in row})
        table = csv.DictWriter(file, columns, quoting=csv.QUOTE_NONNUMERIC, delimiter=separator)
        table.writeheader()
        for row in rows:
            is_json = {name: isinstance(value, dict | list) for name, value in row.items()}
            table.writerow({n: json.dumps(v) if is_json[n] else v for n, v in row.items()})
    return path


def flat_rows(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    made = sorted(given["annotations"], key=lambda a: a.get("created_at", ""), reverse=True)
    for annotation in made:
        values: dict[str, list[Any]] = {}
        for item in annotation["result"]:
            own = item["value"]
            one = own.get("choices", [])
            kept = one[0] if item["type"] == "choices" and len(one) == 1 else own
            values.setdefault(item["from_name"], []).append(kept)
        alone = {n: v[0] if len(v) == 1 and isinstance(v[0], str) else v for n, v in values.items()}
        who = annotation.get("completed_by", 1)
        who = who["email"] if isinstance(who, dict) else who
        about = {"annotator": who, "annotation_id": annotation["id"], "lead_time": 12.3}
        when = {"created_at": annotation.get("created_at"), "updated_at": None}
        yield {**given["data"], "id": given["id"], **alone, **about, **when}


FORMS = pytest.mark.parametrize("form", ["JSON", "JSON_MIN", "CSV", "TSV"])


@FORMS
def test_every_export_with_times_is_read(form: str, study: Path) -> None:
    path = converted(study, form, task(labelled(), audio="/data/upload/1/1a2b3c4d-call.wav"))
    manifest = read_manifest(path)
    assert read_as(manifest) == AS_LABELLED
    assert not said_of(manifest)
    assert read_as(read_manifest(study)) == AS_LABELLED


@FORMS
def test_every_export_of_a_choice_for_the_whole_is_read(form: str, study: Path) -> None:
    speech = spans("label", "Speech", "Speech")
    path = converted(study, form, task([region("whole", "sad"), *speech]))
    assert read_as(read_manifest(path)) == [("sad", None, None, None)]


@FORMS
def test_every_export_of_choices_for_regions_is_read(form: str, study: Path) -> None:
    said = choices("mood", SPEECH, "angry", "sad")
    path = converted(study, form, task([SPEECH[0], said[0], SPEECH[1], said[1]]))
    manifest = read_manifest(path)
    assert read_as(manifest) == AS_LABELLED[:2]
    guessed = [problem.message for problem in said_of(manifest)]
    assert len(guessed) == (form != "JSON")
    assert all("in their order" in message for message in guessed)


@FORMS
def test_every_export_of_two_annotations_gives_the_last(form: str, study: Path) -> None:
    twice = task(spans("emotion", "sad"), spans("emotion", "angry"), [])
    for day, annotation in enumerate(twice["annotations"], start=1):
        annotation["created_at"] = f"2026-01-0{day}T10:00:00Z"
    manifest = read_manifest(converted(study, form, twice))
    assert [u.label for u in manifest.utterances] == ["angry"]


@FORMS
def test_each_annotator_s_counts_where_raters_do(form: str, study: Path) -> None:
    """The last of each; who says nothing is no rater."""
    made = task(spans("emotion", "sad"), spans("emotion", "angry"), spans("emotion", "happy"), [])
    people = ({"email": "ann@lab.cn", "id": 3}, 7, 7, 8)
    for day, (annotation, who) in enumerate(zip(made["annotations"], people, strict=True)):
        annotation["created_at"] = f"2026-01-0{day + 1}T10:00:00Z"
        annotation["completed_by"] = who
    path = converted(study, form, made)
    found = read_annotations(path, each_annotator=True)
    said = {(one.annotator, one.label) for one in found if isinstance(one, Annotation)}
    assert said == {("ann@lab.cn", "sad"), ("7", "happy")}
    assert [u.label for u in read_manifest(path).utterances] == ["happy"]


def test_choices_that_cannot_be_told_apart_are_no_labels(study: Path) -> None:
    speech = [own["value"] for own in spans("label", "Speech", "Speech", "Speech")]
    rows = [
        {"id": 1, "audio": "call.wav", "label": speech[:2], "mood": ["angry", "sad"]},
        {"id": 2, "audio": "call.wav", "label": speech, "mood": ["angry", "sad"]},
        {"id": 3, "audio": "call.wav", "label": speech, "mood": "sad"},
    ]
    manifest = read_manifest(write_tasks(study / "project.json", *rows))
    assert read_as(manifest) == AS_LABELLED[:2]
    damaged = [p for p in said_of(manifest) if p.code == "damaged_annotation"]
    assert [p.message.partition("task ")[2][0] for p in damaged] == ["2", "3"]


def wrapped(annotations: object) -> str:
    return json.dumps([{**task([]), "annotations": annotations}])


RESULT = labelled("emotion", CALL)
TASK = json.dumps(task(RESULT))

# Documents of other shapes than an export has, and what is said of them.
SHAPES = {
    "lines": ("project.jsonl", f"{TASK}\n", None),
    "lines in .json": ("project.json", f"\n{TASK}\n{json.dumps(task([]))}\n", "left out: 1"),
    "a result as text": ("project.json", wrapped([{"result": json.dumps(RESULT)}]), None),
    "one annotation": ("project.json", wrapped({"result": RESULT}), None),
    "within tasks": ("project.json", f'{{"tasks": [{TASK}]}}', None),
    "a comma too many": ("project.json", f"[{TASK},]", None),
    "cut off": ("project.json", f'[{TASK}, {{"id": 2, "da', "task 2: regions that are not as"),
    "no object": ("project.json", f"[{TASK}, 7]", "task 2: regions that are not as"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_tasks_are_read_in_whatever_shape_they_lie(name: str, study: Path) -> None:
    file, text, said = SHAPES[name]
    (study / file).write_text(text, encoding="utf-8")
    manifest = read_manifest(study / file)
    assert read_as(manifest) == AS_LABELLED
    assert any((said or "") in problem.message for problem in manifest.problems)


def test_regions_of_which_none_is_one_are_said(study: Path) -> None:
    broken = [{**one, "value": {**one["value"], "start": "soon"}} for one in RESULT]
    path = write_tasks(study / "project.json", task(broken))
    assert "regions that are not as Label Studio writes them: 4" in refusal(path)
