"""Arousal and valence: derived by hand-computed figures, and the same behind every door."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from places import VOICE
from results_by_hand import happy_then_sad, with_frames
from schema import validate
from voxcor import Recognizer
from voxcor.cli import view
from voxcor.exports import FORMATS, export
from voxcor.exports.content import read_content
from voxcor.labels import LABEL_IDS
from voxcor.result_folder import save
from voxcor.results import DIMENSIONS, Dimensions, FrameDimensions
from voxcor.stored_result import frames_from, result_from
from voxcor.timeline import dimensions_of, frame_view

# What Russell & Mehrabian have of the words: arousal, valence.
PUBLISHED = {
    "angry": (0.59, -0.51),
    "disgusted": (0.35, -0.60),
    "fearful": (0.60, -0.64),
    "happy": (0.51, 0.81),
    "neutral": (0.0, 0.0),
    "sad": (-0.27, -0.63),
    "surprised": (0.67, 0.40),
}


def scores(**named: float) -> dict[str, float]:
    return {label: named.get(label, 0.0) for label in LABEL_IDS}


@pytest.mark.parametrize("label", PUBLISHED)
def test_a_word_alone_stands_where_it_was_published(label: str) -> None:
    found = dimensions_of(scores(**{label: 1.0}))
    assert found is not None
    assert (found.arousal, found.valence) == PUBLISHED[label]
    assert found.origin == "derived from scores"


def test_a_mixture_stands_where_its_words_do_on_average() -> None:
    # Of .8: (.5 * .59 + .25 * .51) / .8 and (.5 * -.51 + .25 * .81) / .8; `other` is left out.
    found = dimensions_of(scores(angry=0.5, happy=0.25, neutral=0.05, other=0.2))
    assert found is not None
    assert (found.arousal, found.valence) == pytest.approx((0.528125, -0.065625))


@pytest.mark.parametrize(
    ("given", "is_said"),
    [
        ({"happy": 0.5, "other": 0.3, "unknown": 0.2}, True),
        ({"happy": 0.49, "other": 0.31, "unknown": 0.2}, False),  # most of it stands nowhere
        ({"other": 1.0}, False),
    ],
)
def test_where_most_of_the_scores_name_no_emotion_nothing_is_said(
    given: dict[str, float], is_said: bool
) -> None:
    found = dimensions_of(scores(**given))
    assert (found is not None) == is_said
    if found is not None:
        assert (found.arousal, found.valence) == pytest.approx(PUBLISHED["happy"])


def test_a_model_s_own_labels_are_left_out_and_three_known_ones_are_needed() -> None:
    three = dimensions_of({"calm": 0.4, "angry": 0.3, "sad": 0.1, "neutral": 0.2})
    assert three is not None
    assert (three.arousal, three.valence) == pytest.approx((0.25, -0.36))
    assert dimensions_of({"calm": 0.4, "angry": 0.4, "sad": 0.2}) is None
    assert dimensions_of({"complaint": 0.9, "praise": 0.1}) is None


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9).filter(lambda values: sum(values) > 1e-3))
def test_frames_have_what_each_would_have_alone(values: list[float]) -> None:
    row = np.array(values) / sum(values)
    view_ = frame_view(np.stack([row, row[::-1]]).astype(np.float32), LABEL_IDS, 0.0)
    assert view_.dimensions is not None
    for frame, own in enumerate((row, row[::-1])):
        share = 1 - own[LABEL_IDS.index("other")] - own[LABEL_IDS.index("unknown")]
        if abs(share - 0.5) < 1e-6:
            continue  # float32 may round it to either side
        alone = dimensions_of(dict(zip(LABEL_IDS, own.tolist(), strict=True)))
        expected = (alone.arousal, alone.valence) if alone else (np.nan, np.nan)
        found = view_.dimensions.arousal[frame], view_.dimensions.valence[frame]
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_recogniser_says_them_of_the_whole_segments_and_frames() -> None:
    result = Recognizer("small", threads=1).recognize(VOICE, granularity="frame")
    assert result.dimensions == dimensions_of(result.scores)
    assert len(result.segments) > 1
    for segment in result.segments:
        assert segment.dimensions == dimensions_of(segment.scores)
    assert result.frames is not None
    assert result.frames.dimensions is not None
    assert result.frames.dimensions.arousal.shape == (len(result.frames.times),)
    document = result.to_document()
    validate(document, "result")
    assert document["dimensions"]["origin"] == "derived from scores"


def test_labels_that_span_no_plane_leave_them_null() -> None:
    result = Recognizer("small", threads=1).recognize(
        VOICE, granularity="frame", labels=["happy", "sad"]
    )
    document = result.to_document()
    validate(document, "result")
    assert document["dimensions"] is document["segments"][0]["dimensions"] is None
    assert result.frames is not None
    assert result.frames.dimensions is None


def test_they_are_read_back_from_the_folder(tmp_path: Path) -> None:
    result = with_frames(dimensions=Dimensions(0.25, -0.5, "model"))
    assert result.frames is not None
    arousal = np.linspace(-1, 1, 149, dtype=np.float32)
    arousal[7] = np.nan
    dimensions = FrameDimensions(arousal, -arousal, "model")
    folder = save(replace(result, frames=replace(result.frames, dimensions=dimensions)), tmp_path)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    frames = frames_from((folder / "frames.csv").read_text(), document)
    again = result_from({**document, "id": "", "files": []}, frames)
    assert again.dimensions == result.dimensions
    assert again.segments[0].dimensions == result.segments[0].dimensions is not None
    assert again.frames is not None
    assert again.frames.dimensions is not None
    assert again.frames.dimensions.origin == "model"
    np.testing.assert_allclose(again.frames.dimensions.arousal, arousal, atol=1e-6)
    np.testing.assert_allclose(again.frames.dimensions.valence, -arousal, atol=1e-6)


def test_a_curve_whose_labels_are_called_so_is_read_by_their_number() -> None:
    text = "time_ms,calm,arousal,valence\n10,0.5,0.3,0.2\n"
    frames = frames_from(text, {"scores": {"calm": 0.5, "arousal": 0.3, "valence": 0.2}})
    assert frames.labels == ("calm", "arousal", "valence")
    assert frames.dimensions is None
    with pytest.raises(ValueError, match="other columns"):
        frames_from(text, {"scores": {"calm": 0.5, "arousal": 0.5}})


@pytest.mark.parametrize(
    "point",
    [
        "calm",
        {"arousal": 0.1},
        {"arousal": "x", "valence": 0, "origin": "model"},
        {"arousal": float("inf"), "valence": 0, "origin": "model"},
        {"arousal": 0, "valence": 0, "origin": "a guess"},
    ],
)
def test_what_are_no_dimensions_is_no_result(point: Any) -> None:
    document = {**happy_then_sad().to_document(), "id": "", "files": []}
    with pytest.raises(ValueError, match=r"arousal|valence|origin|number|Dimensions"):
        result_from({**document, "dimensions": point})


def of_an_older_version(folder: Path) -> None:
    """What Voxcor wrote before there were dimensions."""
    file = folder / "result.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["dimensions"]
    for segment in document["segments"]:
        del segment["dimensions"]
    file.write_text(json.dumps(document), encoding="utf-8")
    curve = folder / "frames.csv"
    rows = [line.split(",")[:10] for line in curve.read_text().splitlines()]
    curve.write_text("".join(",".join(row) + "\n" for row in rows))


def test_results_of_older_versions_are_read_and_exported(tmp_path: Path) -> None:
    folder = save(with_frames(), tmp_path)
    of_an_older_version(folder)
    document = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    validate(document, "result")
    content = read_content(folder)
    assert content.result.dimensions is None
    frames = frames_from((folder / "frames.csv").read_text(), document)
    assert frames.dimensions is None
    for kind in FORMATS:
        assert export(content, kind)
    first = next(csv.DictReader(io.StringIO(export(content, "csv").decode("utf-8-sig"))))
    assert (first["arousal"], first["valence"]) == ("", "")
    assert "arousal" not in export(content, "html").decode()


def test_tables_players_and_the_page_of_an_export_have_them(tmp_path: Path) -> None:
    content = read_content(save(with_frames(), tmp_path))
    happy, sad = (segment.dimensions for segment in content.result.segments)
    assert happy is not None
    assert sad is not None
    rows = list(csv.DictReader(io.StringIO(export(content, "csv").decode("utf-8-sig"))))
    for row, own in zip(rows, (happy, sad), strict=True):
        assert [float(row[name]) for name in DIMENSIONS] == pytest.approx(
            [own.arousal, own.valence], abs=1e-6
        )
    cues = export(content, "vtt-metadata").decode()
    first = json.loads(next(line for line in cues.splitlines() if line.startswith("{")))
    assert first["dimensions"] == pytest.approx(
        {"arousal": happy.arousal, "valence": happy.valence, "origin": "derived from scores"},
        abs=1e-4,
    )
    page = export(content, "html").decode()
    assert "arousal +0.48 · valence +0.69 · derived from the scores" in page
    assert "唤醒度 +0.48 · 效价 +0.69 · 由得分推算" in page
    assert f"<td>{sad.valence:+.2f}</td>" in page.replace(' class="word"', "")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "arousal +0.48 · valence +0.69 · derived from the scores"),
        ("zh", "唤醒度 +0.48 · 效价 +0.69 · 由得分推算"),
    ],
)
def test_the_terminal_has_a_line(
    language: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    console = Console(width=90, record=True, file=io.StringIO())
    console.print(view.card(happy_then_sad(), 90))
    shown = console.export_text()
    assert shown.count(words) == 1
    by_model = happy_then_sad(dimensions=Dimensions(-0.004, 1.0, "model"))
    console.print(view.card(by_model, 90))
    assert {"en": "by the model", "zh": "由模型给出"}[language] in console.export_text()
