"""The report's files: they agree with each other, hold both languages and fetch nothing."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from markdown_it import MarkdownIt

from voxcor.audio.augmentation import STRESSES
from voxcor.datasets.labelled import RowProblem
from voxcor.datasets.manifest import Utterance
from voxcor.errors import StorageError
from voxcor.evaluation.calibration import calibrate
from voxcor.evaluation.measurement import Evaluation, StressFigures
from voxcor.evaluation.metrics import Estimate, coverage, measure
from voxcor.evaluation.report import plots
from voxcor.evaluation.report.files import has_losses, remarks, save, to_document, to_markdown
from voxcor.evaluation.report.tables import Both, interval, tables
from voxcor.results import Failure, ModelInfo

LABELS = ("angry", "happy", "neutral", "sad")


@pytest.fixture
def evaluation() -> Evaluation:
    """Sixty clips of six speakers, two languages, scored at random but better than chance."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 4, size=60)
    logits = rng.normal(size=(60, 4)) + 2 * np.eye(4)[truth]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    utterances = tuple(
        Utterance(
            Path(f"clips/<{row}> & co.wav"),
            LABELS[label],
            str(row % 6),
            row + 2,
            {"language": "zh" if row % 2 else "de", "corpus": "emodb"},
        )
        for row, label in enumerate(truth)
    )
    speakers = [utterance.voice for utterance in utterances]
    pairs = rng.uniform(-1, 1, size=(60, 2))
    rated = {"valence": pairs}
    whole = measure(truth, scores, LABELS, speakers, dimensions=rated)
    # Nobody rated what is in Chinese.
    halves = {
        name: measure(
            truth[rest::2],
            scores[rest::2],
            LABELS,
            speakers[rest::2],
            dimensions={} if rest else {"valence": pairs[::2]},
        )
        for rest, name in enumerate(("de", "zh"))
    }
    return Evaluation(
        source="list.csv",
        timestamp="2026-11-24 10:20:30",
        model=ModelInfo("small", "fp32", "1", "a" * 64, official=True, fallback=False),
        labels=LABELS,
        restricted=True,
        trim=True,
        problems=(RowProblem(9, "gone.wav", "missing_file", "row 9: gone.wav: no <such> file."),),
        failures=(Failure("noise.wav", "no_speech", "noise.wav: no speech."),),
        utterances=utterances,
        scores=scores,
        whole=whole,
        groups={"language": halves},
        languages=halves,
        primary={"emodb": whole},
        coverage=coverage(truth, scores, (0.5, 0.9)),
        calibration=calibrate(np.log(scores), truth, speakers),
        stresses=(StressFigures(STRESSES[0], whole, 3), StressFigures(STRESSES[1], None, 60)),
    )


def test_a_report_is_four_files_in_a_folder_of_its_own(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    first, second = save(evaluation, tmp_path / "new"), save(evaluation, tmp_path / "new")
    assert first.name == "evaluation_20261124_102030"
    assert second.name == "evaluation_20261124_102030_2"
    assert {path.name for path in first.iterdir()} == {
        *("evaluation.json", "evaluation.md", "evaluation.html", "clips.csv"),
    }


def test_nothing_half_written_stays(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        save(evaluation, tmp_path / "file")
    no_number = replace(evaluation.whole, ua=Estimate(float("nan"), 0, 1))
    with pytest.raises(ValueError, match="JSON compliant"):
        save(replace(evaluation, whole=no_number), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_document_is_plain_json_with_every_interval(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    document = json.loads((save(evaluation, tmp_path) / "evaluation.json").read_text())
    assert document == json.loads(json.dumps(to_document(evaluation)))
    ua = document["figures"]["ua"]
    assert ua["low"] <= ua["value"] <= ua["high"]
    assert document["groups"]["language"]["zh"]["clips"] == 30
    assert document["published"]["emodb"]["zero_shot"]["plus-large"]["ua"] == 98.6
    assert document["published"]["emodb"]["linear_probe"]["ua"] == 84.85
    assert document["stress"]["noise_10db"] == {"failed": 60, "figures": None}
    assert document["failures"][0]["code"] == "no_speech"


def test_the_row_of_a_clip_adds_up(evaluation: Evaluation, tmp_path: Path) -> None:
    with (save(evaluation, tmp_path) / "clips.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 60
    right = [row["emotion"] == row["label"] for row in rows]
    assert [row["right"] == "1" for row in rows] == right
    assert np.mean(right) == pytest.approx(evaluation.whole.wa.value)
    for row in rows:
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1, abs=1e-5)
        assert float(row["confidence"]) == max(float(row[label]) for label in LABELS)


def test_every_table_has_a_cell_for_each_column(evaluation: Evaluation) -> None:
    shown = list(tables(evaluation))
    assert len(shown) == 8
    for table in shown:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_old_system_s_table_is_one_of_them(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", "zh")
    table = list(tables(evaluation))[1]
    assert [str(column) for column in table.columns] == ["语言", "平均置信度", "正确识别率"]
    zh = evaluation.languages["zh"]
    assert ("zh", f"{zh.confidence.value:.1%}", f"{zh.wa.value:.1%}") in table.rows


@pytest.mark.parametrize(("language", "title"), [("en", "# Evaluation"), ("zh", "# 评测")])
def test_markdown_speaks_the_reader_s_language(
    evaluation: Evaluation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    title: str,
) -> None:
    monkeypatch.setenv("VOXCOR_LANGUAGE", language)
    text = (save(evaluation, tmp_path) / "evaluation.md").read_text(encoding="utf-8")
    assert text.startswith(title)
    assert interval(evaluation.whole.ua) in text
    assert bool(re.search(r"[\u4e00-\u9fff]", text)) == (language == "zh")
    widths = {line.count(" | ") for line in text.split("\n\n")[4].splitlines()}
    assert len(widths) == 1


class Page(HTMLParser):
    """What a page fetches, what is said in which language, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.said: dict[str, list[str]] = {"en": [], "zh": []}
        self.open: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [str(given[name]) for name in ("src", "href") if name in given]
        if tag != "meta":
            self.open.append((tag, given.get("lang")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        language = self.open[-1][1] if self.open else None
        if language and self.open[-1][0] != "html":
            self.said[language].append(data)


def test_the_page_holds_both_languages_and_fetches_nothing(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    text = (save(evaluation, tmp_path) / "evaluation.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.fetched == []
    assert "url(" not in text
    assert "http" not in re.sub(r"<!doctype[^>]*>", "", text)
    assert len(page.said["en"]) == len(page.said["zh"]) > 60
    assert not any(re.search(r"[\u4e00-\u9fff]", said) for said in page.said["en"])


def test_what_a_manifest_says_cannot_become_markup(evaluation: Evaluation, tmp_path: Path) -> None:
    group = {"<script>alert(1)</script>": evaluation.whole}
    hostile = replace(evaluation, groups={"<b>": group}, source="<i>list</i>")
    text = (save(hostile, tmp_path) / "evaluation.html").read_text(encoding="utf-8")
    assert "alert(1)" in text
    for tag in ("<script>alert", "<b>:", "<i>list", "no <such> file"):
        assert tag not in text


def svgs(evaluation: Evaluation) -> Iterator[ET.Element]:
    title = Both("Recall", "召回率")
    rows = [plots.Bar(label, estimate) for label, estimate in evaluation.whole.recall.items()]
    for text in (
        plots.confusion(evaluation.whole.labels, evaluation.whole.confusion),
        plots.reliability(evaluation.whole),
        plots.bars([*rows, plots.Bar("none", None)], title, guide=0.25),
    ):
        yield ET.fromstring(text)


def test_nothing_is_drawn_outside_its_plot(evaluation: Evaluation) -> None:
    for svg in svgs(evaluation):
        _, _, width, height = map(float, svg.attrib["viewBox"].split())
        for shape in svg.iter("rect"):
            x, y = float(shape.attrib["x"]), float(shape.attrib["y"])
            assert x >= 0
            assert y >= 0
            assert x + float(shape.attrib["width"]) <= width + 0.1
            assert y + float(shape.attrib["height"]) <= height + 0.1
        for text in svg.iter("text"):
            assert 0 <= float(text.attrib["x"]) <= width
            assert 0 <= float(text.attrib["y"]) <= height


def test_the_confusion_plot_says_the_shares_of_the_matrix(evaluation: Evaluation) -> None:
    svg = ET.fromstring(plots.confusion(evaluation.whole.labels, evaluation.whole.confusion))
    hints = [title.text for title in svg.iter("title")]
    expected = [f"{count} / {sum(row)}" for row in evaluation.whole.confusion for count in row]
    assert hints == expected


def test_remarks_list_the_first_few_of_a_kind_and_count_the_rest() -> None:
    problems = [RowProblem(row, "", "missing_file", f"row {row}") for row in range(9)]
    lines = remarks([*problems, RowProblem(None, "", "one_class", "all are sad.")])
    assert lines[0] == "row 0 (missing_file)"
    assert lines[5:] == ["… and 4 more (missing_file)", "all are sad. (one_class)"]


def test_a_loss_is_what_somebody_wanted_and_did_not_get(evaluation: Evaluation) -> None:
    few = RowProblem(2, "", "few_clips", "")
    assert has_losses(evaluation)
    assert has_losses(replace(evaluation, problems=()))
    assert has_losses(replace(evaluation, failures=()))
    assert not has_losses(replace(evaluation, problems=(few,), failures=()))


NASTY = "<img src=x onerror=alert(1)>|`*[x](javascript:alert(1))\n# h\n<script>\x1b[2J"


def test_what_strangers_wrote_is_text_in_every_report(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    bad = replace(
        evaluation,
        source=NASTY,
        model=replace(evaluation.model, id=NASTY),
        groups={NASTY: {NASTY: evaluation.whole}},
        languages={NASTY: evaluation.whole},
        primary={},
        problems=(RowProblem(1, NASTY, "missing_file", f"row 1: {NASTY}: no file."),),
        failures=(Failure(NASTY, "no_speech", NASTY),),
        trained_clips=3,
    )
    folder = save(bad, tmp_path)
    for name in ("evaluation.md", "evaluation.html"):
        text = (folder / name).read_text(encoding="utf-8")
        shown = MarkdownIt().enable("table").render(text) if name.endswith("md") else text
        assert "<img" not in shown
        assert "<script>\n#" not in shown
        assert "<a " not in shown
        assert "\x1b" not in shown
    markdown = MarkdownIt().enable("table").parse((folder / "evaluation.md").read_text())
    headings = [token for token in markdown if token.type == "heading_open"]
    assert [token.tag for token in headings].count("h1") == 1
    assert not [token for token in markdown if token.type == "html_block"]


def test_a_clip_s_name_is_no_formula(evaluation: Evaluation, tmp_path: Path) -> None:
    first, *others = evaluation.utterances
    bad = replace(first, path=Path("=HYPERLINK(1)"), speaker="-1+1", columns={})
    with (save(replace(evaluation, utterances=(bad, *others)), tmp_path) / "clips.csv").open(
        newline="", encoding="utf-8-sig"
    ) as file:
        row = next(csv.DictReader(file))
    assert row["path"] == "'=HYPERLINK(1)"
    assert row["speaker"] == "'-1+1"
    assert float(row["confidence"]) > 0


def test_a_model_that_has_heard_it_is_not_to_be_calibrated_on_it(evaluation: Evaluation) -> None:
    assert "--calibrate stores it" in to_markdown(evaluation)
    for heard in ({"trained_clips": 2}, {"trained_corpora": ("emodb",)}):
        text = to_markdown(replace(evaluation, **heard))
        assert "--calibrate" not in text
        assert "small was" in text


def test_a_dimension_that_was_rated_is_in_every_report(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    folder = save(evaluation, tmp_path)
    document = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    ccc = document["figures"]["concordance"]["valence"]["ccc"]
    assert document["figures"]["concordance"]["valence"]["clips"] == 60
    assert {*document["groups"]["language"]["de"]["concordance"]} == {"valence"}
    assert document["groups"]["language"]["zh"]["concordance"] == {}
    written = interval(Estimate(**ccc), percent=False)
    for name in ("evaluation.md", "evaluation.html"):
        assert written in (folder / name).read_text(encoding="utf-8")
    page = (folder / "evaluation.html").read_text(encoding="utf-8")
    assert "CCC, valence" in page
    assert "CCC，效价" in page
    by_language = next(table for table in tables(evaluation) if str(table.title) == "By language")
    assert [row[-1] == "–" for row in by_language.rows] == [False, True]
