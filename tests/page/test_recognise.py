"""One recording in the page: from the file to the emotion, the curve, the files."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, Route, expect

from places import VOICE
from serving import Server
from visiting import DESKTOP, MAX_UPLOAD_MB, PHONE, OpenPage, keep, recognise
from voxcor.errors import NoSpeech, NoSuchResult, NotAudio, UploadTooLarge
from voxcor.labels import LABEL_IDS, get_label
from voxcor.language import speaking


def newest(service: Server) -> dict:
    """The result document that was made last."""
    return service.get("/v1/results?limit=1").json()["results"][0]


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.click(f".files a:has-text('{name}')")
    return Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize(
    ("language", "menu", "choice"),
    [("en-US", "Export …", "Praat"), ("zh-CN", "导出……", "Praat")],
)
def test_a_result_is_exported_for_another_tool(
    open_page: OpenPage, service: Server, language: str, menu: str, choice: str
) -> None:
    page = open_page(language=language)
    recognise(page, VOICE, "segment")
    select = page.get_by_label(menu)
    formats = service.get("/v1/exports").json()
    key = "zh" if language.startswith("zh") else "en"
    named = [f"{known[key]} ({known['suffix']})" for known in formats]
    expect(select.locator("option")).to_have_text([menu, *named])
    with page.expect_download() as waiting:
        select.select_option(label=next(name for name in named if choice in name))
    address = f"/v1/results/{newest(service)['id']}/export/textgrid"
    expected = service.get(address, headers={"Accept-Language": language}).content
    assert Path(waiting.value.path()).read_bytes() == expected
    assert waiting.value.suggested_filename == "voice.TextGrid"
    expect(select).to_have_value("")
    keep(page, f"export-{language}")


def test_a_result_that_is_gone_cannot_be_exported_and_the_page_says_so(
    open_page: OpenPage, service: Server
) -> None:
    page = open_page()
    recognise(page, VOICE)
    gone = newest(service)["id"]
    service.delete(f"/v1/results/{gone}")
    page.get_by_label("Export …").select_option("srt")
    expect(page.get_by_role("alert")).to_have_text(NoSuchResult(id=gone).message)


@pytest.mark.parametrize(
    ("language", "line", "dimensions"),
    [
        (
            "zh-CN",
            "{emoji} {zh} ({en}) 置信度: {confidence:.1%}",
            "唤醒度 {arousal:+.2f} · 效价 {valence:+.2f} · 由得分推算",
        ),
        (
            "en-US",
            "{emoji} {en} ({zh}) Confidence: {confidence:.1%}",
            "arousal {arousal:+.2f} · valence {valence:+.2f} · derived from the scores",
        ),
    ],
)
def test_a_file_becomes_an_emotion_in_both_languages(
    open_page: OpenPage, service: Server, language: str, line: str, dimensions: str
) -> None:
    page = open_page(language=language)
    keep(page, f"idle-{language}")
    recognise(page, VOICE)
    document = newest(service)
    label = get_label(document["emotion"])
    expected = line.format(
        emoji=label.emoji, zh=label.zh, en=label.en, confidence=document["confidence"]
    )
    expect(page.locator(".outcome .headline")).to_have_text(expected)
    expect(page.locator(".outcome")).to_contain_text("Σ 100%")
    said = dimensions.format_map(document["dimensions"])
    expect(page.locator(".outcome .facts")).to_contain_text(said)
    rows = page.locator(".outcome .bars tr").all_inner_texts()
    assert [row.split()[-1] for row in rows] == [f"{document['scores'][i]:.1%}" for i in LABEL_IDS]
    expect(page.locator(".log li")).to_have_count(7)
    expect(page.locator(":root")).to_have_attribute("lang", {"en-US": "en"}.get(language, language))
    keep(page, f"result-{language}")


def test_the_example_is_one_click_away(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    page.get_by_role("button", name="Example").click()
    expect(page.locator(".drop .file-name")).to_have_text("example.flac")
    page.click("button.primary")
    page.wait_for_selector(".outcome .leads")
    assert newest(service)["audio"]["name"] == "example.flac"


def test_frame_mode_shows_the_scores_of_frames_csv(open_page: OpenPage, service: Server) -> None:
    page = open_page(language="zh-CN")
    recognise(page, VOICE, "frame")
    page.wait_for_selector(".player .u-over")
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "frames.csv").decode())))
    assert len(rows) == 403
    page.locator(".seek").fill("5.1")
    shown = [int(text.rstrip("%")) for text in page.locator(".legend .number").all_inner_texts()]
    near = [row for row in rows if abs(int(row["time_ms"]) - 5100) <= 40]
    told = [[100 * float(row[label]) for label in LABEL_IDS] for row in near]
    assert shown in [pytest.approx(scores, abs=3) for scores in told]
    keep(page, "frame-zh")


def test_the_playhead_moves_while_it_plays(open_page: OpenPage) -> None:
    page = open_page()
    recognise(page, VOICE, "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator(".transport .time")).to_contain_text(re.compile(r"0:0[1-7]\.\d /"))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_click_on_the_curve_seeks(open_page: OpenPage) -> None:
    page = open_page()
    recognise(page, VOICE, "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    over = page.locator(".curve .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    over.click(position={"x": 0.75 * box["width"], "y": 20})
    expect(page.locator(".transport .time")).to_contain_text("0:06.1")
    expect(page.locator(".segments .current")).to_contain_text("0:04.7")
    over.click(position={"x": 1, "y": 20})
    expect(page.locator(".transport .time")).to_contain_text("0:00.1")


def test_the_browser_never_decodes_the_audio(open_page: OpenPage) -> None:
    page = open_page()
    page.add_init_script(
        "window.decoded = 0; const decode = BaseAudioContext.prototype.decodeAudioData;"
        "BaseAudioContext.prototype.decodeAudioData = function (...all) {"
        "  window.decoded++; return decode.apply(this, all); }"
    )
    page.reload()
    recognise(page, VOICE)
    page.wait_for_selector(".waveform canvas >> nth=0")
    assert page.evaluate("window.decoded") == 0


def test_a_region_is_scored_by_itself_and_leaves_nothing(
    open_page: OpenPage, service: Server
) -> None:
    page = open_page()
    recognise(page, VOICE, "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    before = len(service.left_behind)
    waveform = page.locator(".waveform")
    waveform.scroll_into_view_if_needed()
    box = waveform.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 42, steps=4)
    page.mouse.up()
    expect(page.get_by_label("Start of the region")).to_have_value("4.9")
    page.get_by_role("button", name="Score it").click()
    page.wait_for_selector(".region-result .leads")
    assert len(service.left_behind) == before
    keep(page, "region-en")
    page.get_by_role("button", name="Clear the region").click()
    expect(page.locator(".region-result")).to_have_count(0)


def test_the_score_of_a_whole_segment_is_that_of_its_samples(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    page = open_page()
    recognise(page, VOICE, "segment")
    document = newest(service)
    page.wait_for_selector(".waveform canvas >> nth=0")
    page.locator(".segments tbody tr").first.get_by_role("button", name="Select").click()
    page.get_by_role("button", name="Score it").click()
    page.wait_for_selector(".region-result .leads")
    start, end = (document["segments"][0][key] / 1000 for key in ("start_ms", "end_ms"))
    offset = document["preprocessing"]["trimmed_start_ms"] / 1000
    path = f"/v1/results/{document['id']}/files/processed_audio.wav"
    samples, rate = soundfile.read(io.BytesIO(service.get(path).content), dtype="int16")
    clip = io.BytesIO()
    piece = samples[round((start - offset) * rate) : round((end - offset) * rate)]
    soundfile.write(clip, piece, rate, format="WAV", subtype="PCM_16")
    expected = service.recognize(clip.getvalue(), "clip.wav", trim="false").json()
    line = page.locator(".region-result .headline")
    expect(line).to_contain_text(get_label(expected["emotion"]).en)
    expect(line).to_contain_text(f"{expected['confidence']:.1%}")


def test_the_embedding_is_downloaded_with_its_description(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Extract embedding").check()
    recognise(page, VOICE)
    vector = np.load(io.BytesIO(downloaded(page, "embedding.npy")))
    sidecar = json.loads(downloaded(page, "embedding.json"))
    assert vector.dtype == np.float32
    assert list(vector.shape) == sidecar["shape"]
    assert sidecar["model"]["id"] == "small"


def test_the_folder_is_downloaded_as_a_zip(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    recognise(page, VOICE)
    with zipfile.ZipFile(io.BytesIO(downloaded(page, "Folder"))) as archive:
        names = {name.split("/")[1] for name in archive.namelist()}
        assert re.fullmatch(r"outputs_\d{8}_\d{6}", archive.namelist()[0].split("/")[0])
    assert {"processed_audio.wav", "result.json"} <= names


def test_options_restrict_the_emotions(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    page.get_by_text("More", exact=True).click()
    for name in ("Neutral", "Other", "Unknown", "Surprised"):
        page.locator(".chip", has_text=name).click()
    page.get_by_label("Trim silence").uncheck()
    recognise(page, VOICE)
    document = newest(service)
    assert [*document["scores"]] == ["angry", "disgusted", "fearful", "happy", "sad"]
    assert not document["preprocessing"]["trim"]
    expect(page.locator(".outcome .bars tr")).to_have_count(5)


def noise(path: Path, seconds: float, *, amplitude: float) -> Path:
    """White noise, or silence where `amplitude` is 0."""
    samples = amplitude * np.random.default_rng(0).standard_normal(round(16_000 * seconds))
    soundfile.write(path, samples, 16_000, subtype="PCM_16")
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_cannot_be_recognised_is_said_in_words(
    open_page: OpenPage, tmp_path: Path, language: str
) -> None:
    (tmp_path / "letter.mp3").write_text("Dear Sir or Madam, this is no recording. " * 50)
    silence = noise(tmp_path / "silence.wav", 3, amplitude=0)
    large = noise(tmp_path / "large.wav", 40 * MAX_UPLOAD_MB, amplitude=0.1)
    with speaking(language):
        expected = {
            tmp_path / "letter.mp3": NotAudio(name="letter.mp3").message,
            silence: NoSpeech(name="silence.wav", duration_ms=3000).message,
            large: UploadTooLarge(maximum_mb=MAX_UPLOAD_MB).message,
        }
    page = open_page(language=language)
    for path, message in expected.items():
        page.set_input_files(".drop input[type=file]", path)
        page.click("button.primary")
        expect(page.get_by_role("alert")).to_have_text(message)
    keep(page, f"problem-{language}")
    recognise(page, VOICE)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_poor_recordings_are_warned_of_in_plain_words(open_page: OpenPage, tmp_path: Path) -> None:
    speech, rate = soundfile.read(VOICE)
    loud = np.clip(20 * speech, -1, 1)
    soundfile.write(tmp_path / "clipped.wav", loud, rate, subtype="PCM_16")
    page = open_page()
    recognise(page, tmp_path / "clipped.wav")
    expect(page.locator(".outcome .warnings")).to_contain_text("lower the recording level")


def test_a_paste_and_a_drop_are_taken(open_page: OpenPage) -> None:
    page = open_page()
    for kind, transfer, name in (
        ("paste", "clipboardData", "pasted.wav"),
        ("drop", "dataTransfer", "dropped.wav"),
    ):
        page.evaluate(
            """([kind, key, name]) => {
                const data = new DataTransfer();
                data.items.add(new File(["RIFF"], name, { type: "audio/wav" }));
                const made = kind === "paste"
                    ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true })
                    : new DragEvent(kind, { dataTransfer: data, bubbles: true });
                document.body.dispatchEvent(made);
            }""",
            [kind, transfer, name],
        )
        expect(page.locator(".drop .file-name")).to_have_text(name)


def test_a_recognition_can_be_given_up(open_page: OpenPage, service: Server) -> None:
    before = service.left_behind
    page = open_page()
    # The log never ends by itself here, so that there is time to press the button.
    page.route(re.compile("/events"), lambda route: None)
    page.set_input_files(".drop input[type=file]", VOICE)
    # Given up while it is still being sent, there is nothing to delete.
    with page.expect_request(re.compile("/events")):
        page.click("button.primary")
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Recognise")).to_be_enabled()
    assert service.left_behind == before


def two_legs(path: Path, *, silent_right: bool = False) -> Path:
    """A call in stereo: the example on the left, its second half on the right, or nothing."""
    left, rate = soundfile.read(VOICE)
    right = np.zeros_like(left) if silent_right else np.roll(left, len(left) // 2)
    soundfile.write(path, np.column_stack([left, right]), rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_each_side_of_a_call_has_its_own_result(
    open_page: OpenPage, service: Server, tmp_path: Path, language: str, size: tuple[int, int]
) -> None:
    page = open_page(language=language, size=size)
    page.locator(".more summary").click()
    page.get_by_label({"en": "Separate channels", "zh": "分声道识别"}[language]).check()
    recognise(page, two_legs(tmp_path / "call.wav"))
    legs = page.locator(".channels button")
    expect(legs).to_have_count(2)
    documents = service.get("/v1/results?limit=2").json()["results"]
    for leg, document in zip((1, 0), documents, strict=True):
        assert document["audio"]["channel"] == leg
        legs.nth(leg).click()
        expect(legs.nth(leg)).to_have_attribute("aria-pressed", "true")
        headline = page.locator(".outcome .headline")
        expect(headline).to_contain_text(f"{document['confidence']:.1%}")
        expect(page.locator(".files a").first).to_have_attribute("href", re.compile(document["id"]))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep(page, f"channels-{language}-{size[0]}")


def test_a_side_without_speech_says_so_beside_the_other(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(language="zh-CN")
    page.locator(".more summary").click()
    page.get_by_label("分声道识别").check()
    recognise(page, two_legs(tmp_path / "call.wav", silent_right=True))
    expect(page.locator(".channels button")).to_have_count(1)
    expect(page.locator(".channels .problem")).to_contain_text("语音")
    keep(page, "channels-one-silent-zh")


@pytest.mark.parametrize(
    ("language", "field", "said"),
    [("en", "When unsure", "No answer"), ("zh", "把握不大时", "不作判断")],
)
def test_a_result_that_is_not_sure_says_that_there_is_no_answer(
    open_page: OpenPage, service: Server, language: str, field: str, said: str
) -> None:
    page = open_page(language=language, size=PHONE)
    page.locator(".more summary").click()
    page.get_by_label(field).select_option("0.9")
    page.locator(".chip", has_text="😊").click()
    recognise_unsure(page)
    document = newest(service)
    assert document["abstained"]
    expect(page.locator(".outcome .headline")).to_contain_text(said)
    expect(page.locator(".outcome .remark").first).to_contain_text(f"{document['confidence']:.1%}")
    expect(page.locator(".outcome .leads")).to_have_count(0)
    keep(page, f"abstained-{language}")
    page.goto(f"{service.url}/#history")
    expect(page.locator(".list .verdict").first).to_contain_text(said, ignore_case=True)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_narrows_the_answer_is_shown_and_taken_back(
    open_page: OpenPage, service: Server, language: str
) -> None:
    only, channel, unsure, clear = {
        "en": ("Only Happy, Surprised", "Separate channels", "No answer below 30%", "Clear all"),
        "zh": ("仅快乐、惊讶", "分声道识别", "低于 30% 不作判断", "全部清除"),
    }[language]
    page = open_page(language=language)
    page.locator(".more summary").click()
    for emoji in "😠🤢😨😐🤔😢❓":
        page.locator(".chip", has_text=emoji).click()
    page.get_by_label(channel).check()
    page.locator(".more select").last.select_option("0.3")
    # They outlive the visit, folded away; so they are said.
    page.reload()
    chips = page.locator(".input .narrowings li")
    expect(chips).to_contain_text([only, channel, unsure, clear])
    keep(page, f"narrowed-{language}")
    recognise(page, VOICE)
    expect(page.locator(".outcome .narrowings")).to_contain_text(only)
    expect(page.locator(".outcome .narrowings")).to_contain_text(unsure)
    chips.filter(has_text=only).get_by_role("button").click()
    expect(chips).to_contain_text([channel, unsure, clear])
    page.get_by_role("button", name=clear).click()
    expect(chips).to_have_count(0)
    recognise(page, VOICE)
    expect(page.locator(".outcome .bars tr")).to_have_count(len(LABEL_IDS))
    expect(page.locator(".outcome .narrowings")).to_have_count(0)


def test_one_label_less_is_named_by_what_is_missing(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".more summary").click()
    page.locator(".chip", has_text="❓").click()
    expect(page.locator(".input .narrowings")).to_contain_text("Without Unknown")


def test_turns_of_speakers_go_with_one_recording(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    turns = tmp_path / "call.rttm"
    turns.write_text(
        "SPEAKER call 1 0.0 4.3 <NA> <NA> Anna <NA> <NA>\n"
        "SPEAKER call 1 4.3 3.9 <NA> <NA> Ben <NA> <NA>\n"
    )
    page = open_page()
    page.set_input_files(".drop input[type=file]", VOICE)
    page.locator(".more summary").click()
    page.set_input_files(".file-button input", turns)
    expect(page.locator(".input .narrowings")).to_contain_text("call.rttm")
    page.check("input[name=granularity][value=segment]", force=True)
    page.click("button.primary")
    page.wait_for_selector(".outcome .leads")
    assert {segment["speaker"] for segment in newest(service)["segments"]} == {"Anna", "Ben"}
    # They belong to that recording, not to the next.
    page.get_by_role("button", name="Example").click()
    expect(page.locator(".input .narrowings")).to_have_count(0)


def test_the_page_says_how_much_the_server_takes(open_page: OpenPage) -> None:
    said = f"up to 120 minutes and {MAX_UPLOAD_MB}.0 MB"
    expect(open_page().locator(".drop-target")).to_contain_text(said)


def recognise_unsure(page: Page) -> None:
    page.set_input_files(".drop input[type=file]", VOICE)
    page.click("button.primary")
    page.wait_for_selector(".outcome .headline:has-text('🤷')")


def test_given_up_while_the_answer_is_on_its_way_nothing_stays(
    open_page: OpenPage, service: Server
) -> None:
    before = service.left_behind
    page = open_page()
    done: list[str] = []

    def answered_too_late(route: Route) -> None:
        response = route.fetch()
        done.append(response.json()["id"])
        page.get_by_role("button", name="Cancel").click()
        route.fulfill(response=response)

    page.route(re.compile(r"/v1/recognize$"), answered_too_late)
    page.set_input_files(".drop input[type=file]", VOICE)
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.click("button.primary", no_wait_after=True)
    assert len(done) == 1
    assert service.get(f"/v1/results/{done[0]}").status_code == 404
    assert service.left_behind == before
    expect(page.get_by_role("button", name="Recognise")).to_be_enabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_it_fits_wide_and_narrow_screens(
    open_page: OpenPage, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(size=size, scheme=scheme, language="zh-CN")
    recognise(page, VOICE, "frame")
    page.wait_for_selector(".player .u-over")
    page.wait_for_selector(".waveform canvas >> nth=0")
    keep(page, f"result-{size[0]}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
