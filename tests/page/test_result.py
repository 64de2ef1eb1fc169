"""What a result says first, and what it shows of the whole: shares, moments, scores, the plane."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from places import VOICE
from results_by_hand import HAPPY, SAD, happy_then_sad, scores_of
from results_by_hand import segment as stretch
from serving import Server, published
from visiting import DESKTOP, PHONE, OpenPage, keep, recognise, violations
from voxcor.labels import LABEL_IDS, get_label
from voxcor.results import AudioInfo
from voxcor.sources import EXAMPLE
from voxcor.timeline import COORDINATES

NARROW = (360, 740)

# The longest name of the nine.
DISGUSTED = (0.02, 0.82, *(0.0228,) * 7)


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds and more of two voices in turn: a dozen segments."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    (calm, rate), (angry, other) = soundfile.read(VOICE), soundfile.read(EXAMPLE)
    assert rate == other == 16_000
    pause = np.zeros(rate)
    soundfile.write(path, np.concatenate([calm, pause, angry, pause] * 4), rate)
    return path


def newest(service: Server) -> dict:
    """The result document that was made last."""
    return service.get("/v1/results?limit=1").json()["results"][0]


def shares_of(document: dict, limit: float = 0) -> dict[str | None, float]:
    """How much of the speech each emotion leads; None where the score is below the limit."""
    durations: dict[str | None, int] = {}
    for segment in document["segments"]:
        label = segment["emotion"] if segment["confidence"] >= limit else None
        length = segment["end_ms"] - segment["start_ms"]
        durations[label] = durations.get(label, 0) + length
    total = sum(durations.values())
    return dict(sorted(((k, v / total) for k, v in durations.items()), key=lambda item: -item[1]))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_recording_of_many_segments_leads_with_its_shares_and_moments(
    open_page: OpenPage, service: Server, talk: Path, language: str, size: tuple[int, int]
) -> None:
    page = open_page(language=language, size=size)
    recognise(page, talk, "segment")
    document = newest(service)
    expected = shares_of(document)
    listed = page.locator(".share-list li").all_inner_texts()
    assert len(listed) == len(expected) == page.locator(".share-bar i").count()
    for said, (label, share) in zip(listed, expected.items(), strict=True):
        known = get_label(label or "")
        assert known.emoji in said
        assert getattr(known, language) in said
        assert f"{share:.0%}" in said
    first, share = next(iter(expected.items()))
    said = page.locator(".outcome .headline").inner_text()
    if share > 0.5 and first == document["emotion"]:
        assert get_label(first or "").emoji in said
        assert f"{share:.0%}" in said
    else:
        assert said == {"en": "No one emotion leads", "zh": "没有占主导的情感"}[language]
    moments = page.locator(".moments button")
    strongest = sorted(
        (s for s in document["segments"] if s["emotion"] not in ("neutral", "other", "unknown")),
        key=lambda segment: -segment["confidence"],
    )[:5]
    assert moments.count() == len(strongest) > 1
    for said, segment in zip(moments.all_inner_texts(), strongest, strict=True):
        assert f"{segment['confidence']:.1%}" in said
        assert get_label(segment["emotion"]).emoji in said
    page.wait_for_selector(".waveform canvas >> nth=0")
    page.wait_for_selector(".player .u-over")
    keep(page, f"talk-{language}-{size[0]}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def test_where_nothing_leads_that_is_what_it_says(open_page: OpenPage, talk: Path) -> None:
    page = open_page()
    documents = rewritten(page, ["angry", "happy", "sad"])
    recognise(page, talk, "segment")
    expect(page.locator(".outcome .headline")).to_have_text("No one emotion leads")
    label, share = next(iter(shares_of(documents[0]).items()))
    said = f"Most often {get_label(label or '').emoji} {get_label(label or '').en}"
    expect(page.locator(".outcome .remark")).to_contain_text(said)
    expect(page.locator(".outcome .remark")).to_contain_text(f"{share:.0%} of the speech")
    keep(page, "talk-nothing-leads")


def test_where_one_emotion_leads_it_is_the_headline(open_page: OpenPage, talk: Path) -> None:
    page = open_page(language="zh-CN")
    rewritten(page, ["sad"])
    recognise(page, talk, "segment")
    expect(page.locator(".outcome .headline")).to_have_text("😢 悲伤 (Sad) 为主：占语音时长 100%")
    keep(page, "talk-leads-zh")


def rewritten(page: Page, leaders: list[str]) -> list[dict]:
    """From now on the page gets results whose segments these labels lead in turn."""
    documents: list[dict] = []

    def answer(route) -> None:
        response = route.fetch()
        if response.status != 200:
            route.fulfill(response=response)
            return
        document = response.json()
        for index, segment in enumerate(document["segments"]):
            segment["emotion"] = leaders[index % len(leaders)]
        document["emotion"] = leaders[0]
        documents.append(document)
        route.fulfill(response=response, json=document)

    page.route(re.compile(r"/v1/results/[0-9a-f]{32}$"), answer)
    return documents


def test_a_long_utterance_is_not_one_word(open_page: OpenPage, service: Server, talk: Path) -> None:
    page = open_page()
    recognise(page, talk)
    assert newest(service)["granularity"] == "utterance"
    expect(page.locator(".outcome .headline")).not_to_contain_text("Confidence")
    expect(page.locator(".share-bar i").first).to_be_visible()


def test_every_score_is_shown_once(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    recognise(page, VOICE)
    document = newest(service)
    rows = page.locator(".outcome .bars tr").all_inner_texts()
    assert [row.split()[-1] for row in rows] == [f"{document['scores'][i]:.1%}" for i in LABEL_IDS]
    assert all(row.count("%") == 1 and "0." not in row for row in rows)


def test_an_utterance_draws_no_curve(open_page: OpenPage) -> None:
    page = open_page()
    recognise(page, VOICE)
    page.wait_for_selector(".waveform canvas >> nth=0")
    expect(page.locator(".curve, .legend")).to_have_count(0)
    recognise(page, VOICE, "segment")
    expect(page.locator(".curve .u-over")).to_have_count(1)


@pytest.mark.parametrize(("language", "said"), [("en", "no answer"), ("zh", "不作判断")])
def test_the_limit_reaches_shares_strip_and_table(
    open_page: OpenPage, service: Server, talk: Path, language: str, said: str
) -> None:
    page = open_page(language=language)
    page.locator(".more summary").click()
    page.get_by_label({"en": "When unsure", "zh": "把握不大时"}[language]).select_option("0.5")
    page.set_input_files(".drop input[type=file]", talk)
    page.check("input[name=granularity][value=segment]", force=True)
    page.click("button.primary")
    page.wait_for_selector(".segments tbody tr")
    document = newest(service)
    unsure = [segment["confidence"] < 0.5 for segment in document["segments"]]
    assert any(unsure)
    rows = page.locator(".segments tbody tr").all_inner_texts()
    assert [said in row for row in rows] == unsure
    assert page.locator(".lanes .strip .none").count() == sum(unsure)
    expect(page.locator(".share-list")).to_contain_text(f"🤷 {said}")
    share = shares_of(document, 0.5)[None]
    expect(page.locator(".share-list")).to_contain_text(f"{share:.0%}")
    keep(page, f"limit-{language}")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_plane_says_what_it_is_derived_from(
    open_page: OpenPage, service: Server, talk: Path, language: str
) -> None:
    page = open_page(language=language)
    recognise(page, talk, "segment")
    document = newest(service)
    whole = document["dimensions"]
    plane = page.locator(".plane svg")
    named = plane.get_attribute("aria-label") or ""
    assert f"{whole['arousal']:+.2f}" in named
    assert f"{whole['valence']:+.2f}" in named
    known = [segment for segment in document["segments"] if segment["dimensions"]]
    expect(plane.locator("circle")).to_have_count(len(known))
    # The right of the middle is pleasant, above it excited.
    for circle, segment in zip(plane.locator("circle").all(), known, strict=True):
        across, down = (float(circle.get_attribute(name) or 0) for name in ("cx", "cy"))
        assert (across > 130) == (segment["dimensions"]["valence"] > 0)
        assert (down < 130) == (segment["dimensions"]["arousal"] > 0)
    expect(plane.locator(".word")).to_have_count(len(COORDINATES))
    page.locator(".plane summary").click()
    expect(page.locator(".plane .source")).to_contain_text("Mehrabian 1977")
    keep(page, f"plane-{language}")
    # The table of segments says the same in numbers.
    first = known[0]["dimensions"]
    numbers = f"{first['arousal']:+.2f} · {first['valence']:+.2f}"
    expect(page.locator(".segments tbody")).to_contain_text(numbers)


def test_without_dimensions_there_is_no_plane_and_it_says_why(
    open_page: OpenPage, service: Server
) -> None:
    page = open_page()
    page.locator(".more summary").click()
    for label in LABEL_IDS:
        if label not in ("happy", "sad"):
            page.locator(".chip", has_text=get_label(label).emoji).click()
    recognise(page, VOICE, "segment")
    assert newest(service)["dimensions"] is None
    expect(page.locator(".plane")).to_have_count(0)
    expect(page.locator(".facts")).to_contain_text("none: most of the scores")


def test_one_segment_of_frames_has_its_path_through_them(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("button", name="Example").click()
    page.check("input[name=granularity][value=frame]", force=True)
    page.click("button.primary")
    page.wait_for_selector(".outcome .leads")
    expect(page.locator(".segments summary")).to_have_text("1 segment")
    expect(page.locator(".plane circle").nth(20)).to_be_attached()
    expect(page.locator(".facts")).to_contain_text("mono")
    keep(page, "plane-frames")


def test_one_side_of_a_call_leads_to_the_other(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(VOICE)
    sides = np.column_stack([samples, np.roll(samples, len(samples) // 2)])
    soundfile.write(tmp_path / "call.wav", sides, rate, subtype="PCM_16")
    content = (tmp_path / "call.wav").read_bytes()
    made = service.recognize(content, "call.wav", channels="separate")
    assert made.status_code == 200
    page = open_page("history")
    page.get_by_role("button", name="call.wav").first.click()
    sides = page.locator(".channels button")
    expect(sides).to_have_count(2)
    expect(page.locator(".facts")).to_contain_text(re.compile(r"channel [12] of 2"))
    before = page.locator(".channels [aria-pressed=true]").inner_text()
    page.locator(".channels [aria-pressed=false]").click()
    expect(page.locator(".channels [aria-pressed=true]")).not_to_have_text(before)
    keep(page, "other-side")


def test_a_part_that_is_next_to_nothing_is_not_called_nothing(
    open_page: OpenPage, service: Server
) -> None:
    segments = (stretch(0.1, 400.0, HAPPY), stretch(400.5, 401.5, SAD))
    audio = AudioInfo("call.m4a", 402.0, 44_100, 1, "b" * 64, channel=None)
    heard = happy_then_sad(granularity="segment", segments=segments, audio=audio)
    page = open_page(f"result/{published(service.home, heard)}")
    shares = page.locator(".share-list li")
    expect(shares).to_have_text([re.compile("Happy.*100%"), re.compile("Sad.*<1%")])


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_on_a_narrow_phone_nothing_lies_beside_the_screen(
    open_page: OpenPage, service: Server, language: str
) -> None:
    name = f"{'a recording with a long name ' * 4}.m4a"
    audio = AudioInfo(name, 3.2, 44_100, 2, "b" * 64, channel=None)
    scores = scores_of(DISGUSTED)
    heard = happy_then_sad(
        granularity="segment",
        audio=audio,
        emotion="disgusted",
        scores=scores,
        segments=(stretch(0.1, 1.5, DISGUSTED), stretch(1.9, 3.1, DISGUSTED)),
    )
    page = open_page(
        f"result/{published(service.home, heard, name)}", language=language, size=NARROW
    )
    table = page.locator(".segments .scroll")
    expect(table.locator("tbody tr")).to_have_count(2)
    assert table.evaluate("table => table.scrollWidth <= table.clientWidth")
    expect(table.locator(".edit").first).to_be_visible()
    page.goto(f"{service.url}/#history")
    first = page.locator(".list .item").first
    expect(first.locator(".verdict")).to_be_visible()
    places = [one.bounding_box() or {} for one in first.locator(".icon-only").all()]
    assert len({place["y"] for place in places}) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
