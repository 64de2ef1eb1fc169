"""Groups and courses in the page's library: what is in them, where they lead, their addresses."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from library_groups import grouped, spoken
from places import VOICE
from serving import Server, serving
from visiting import DESKTOP, PHONE, SLOW_MS, OpenPage, keep, tab_to, violations, visitors

pytest.importorskip("lancedb", reason="the library extra is not installed")

pytestmark = pytest.mark.usefixtures("patience")


LOOKS = [
    ("en-US", "light", DESKTOP),
    ("zh-CN", "dark", DESKTOP),
    ("en-US", "dark", PHONE),
    ("zh-CN", "light", PHONE),
]


@pytest.fixture(scope="module")
def moods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose library has groups."""
    home = tmp_path_factory.mktemp("moods")
    grouped(home, {"angry": 30, "sad": 20, "happy": 20}, noise=5, path=str(VOICE))
    with serving(home) as running:
        assert running.get("/v1/library/recordings").status_code == 200
        yield running


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose library has recordings of twelve days."""
    home = tmp_path_factory.mktemp("days")
    spoken(home, path=str(VOICE))
    with serving(home) as running:
        assert running.get("/v1/library/recordings").status_code == 200
        yield running


@pytest.fixture
def open_moods(browser: Browser, moods: Server) -> Iterator[OpenPage]:
    with visitors(browser, moods) as opened:
        yield opened


@pytest.fixture
def open_days(browser: Browser, days: Server) -> Iterator[OpenPage]:
    with visitors(browser, days) as opened:
        yield opened


def groups_of(page: Page) -> Locator:
    groups = page.locator(".group")
    expect(groups.first).to_be_visible()
    return groups


def opaque(page: Page) -> int:
    """How many pixels of the map are seen in full."""
    page.wait_for_selector(".map-place canvas[data-drawn-ms]")
    return int(
        page.evaluate(
            """() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => {
              const canvas = document.querySelector(".map-place canvas");
              const { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              told(data.filter((value, place) => place % 4 === 3 && value === 255).length);
            })))"""
        )
    )


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_groups_say_what_and_who_is_in_them(
    open_moods: OpenPage, language: str, scheme: str, size: tuple[int, int]
) -> None:
    page = open_moods("library//panel=groups", language=language, scheme=scheme, size=size)
    is_english = language == "en-US"
    first = groups_of(page).first
    expect(first).to_contain_text("segments" if is_english else "个语段")
    expect(first.locator(".badge")).to_have_text(re.compile(r"\d\.\d\d"))
    # Two voices lie far apart: each group is one of them, and that is said.
    alone = "alone: this may be a voice, and no mood" if is_english else "可能是嗓音而非情绪"
    expect(first.locator(".doubt").first).to_contain_text(alone)
    expect(page.locator(".map")).to_contain_text("of 75 segments" if is_english else "/ 75 个语段")
    first.locator(".group-head").click()
    expect(first.locator(".segments-found .item")).to_have_count(3)
    page.locator(".outliers summary").click()
    expect(page.locator(".outliers .item").first).to_be_visible()
    page.wait_for_selector(".map-place canvas[data-drawn-ms]")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-groups-{language[:2]}-{scheme}-{size[0]}")


def test_a_group_stands_out_on_the_map_and_is_an_address(open_moods: OpenPage) -> None:
    page = open_moods("library//panel=groups")
    first = groups_of(page).first
    before = opaque(page)
    first.locator(".group-head").click()
    expect(first.locator(".group-head")).to_have_attribute("aria-pressed", "true")
    size = re.search(r"(\d+) segments", first.inner_text())
    assert size is not None
    expect(first.locator(".selection [role=status]").first).to_have_text(f"{size[1]} selected")
    assert 0 < opaque(page) < before
    assert "group=" in page.url
    page.reload()
    expect(first.locator(".group-head")).to_have_attribute("aria-pressed", "true")
    assert 0 < opaque(page) < before
    # Its middle leads to all that is like it.
    first.get_by_role("button", name="Like these").click()
    expect(page.locator(".hits .item").first).to_be_visible()
    assert "shares=" in page.url
    assert "panel=groups" in page.url
    page.go_back()
    page.go_back()
    expect(page.locator(".group-head[aria-pressed=true]")).to_have_count(0)


def test_what_to_hear_first_is_a_click_away_and_leads_on(open_moods: OpenPage) -> None:
    page = open_moods("library//panel=groups")
    first = groups_of(page).first
    with page.expect_response("**/audio") as heard:
        first.locator(".exemplar").first.click()
    assert heard.value.status in (200, 206)
    first.locator(".group-head").click()
    first.get_by_role("button", name="More like").first.click()
    expect(page.locator(".asked-like")).to_contain_text("Like")
    assert "segment=" in page.url


def test_a_group_that_is_labelled_says_so(open_moods: OpenPage) -> None:
    page = open_moods("library//panel=groups")
    first = groups_of(page).first
    before = first.locator(".group-head b").inner_text()
    first.locator(".group-head").click()
    first.get_by_label("Label all…").select_option("surprised")
    first.locator(".asked .primary").click()
    expect(first.locator(".group-head b")).to_contain_text("Surprised 100%")
    expect(first.locator(".segments-found b").first).to_contain_text("Surprised")
    first.get_by_role("button", name="Undo").click()
    expect(first.locator(".group-head b")).to_have_text(before)


def test_voices_are_taken_away_and_filters_apply(open_moods: OpenPage) -> None:
    page = open_moods("library//panel=groups")
    voices = groups_of(page).count()
    with page.expect_request("**/v1/library/clusters") as asked:
        page.get_by_label("Moods, not voices").check()
    assert asked.value.post_data_json["by_speaker"] is True
    expect(page.locator(".group").first).to_contain_text("Speakers: ")
    assert groups_of(page).count() < voices
    page.reload()
    expect(page.get_by_label("Moods, not voices")).to_be_checked()
    groups_of(page)
    with page.expect_request("**/v1/library/clusters") as asked:
        page.get_by_label("Speaker", exact=True).first.select_option("ann")
    assert asked.value.post_data_json["filters"] == {"speaker": "ann"}
    # Whose segments were asked for, theirs they are.
    expect(page.locator(".group").first).to_contain_text("Speakers: ann 100%")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en-US", "Too few for groups: 2 segments."), ("zh-CN", "语段太少，无法聚类：只有 2 个语段")],
)
def test_where_there_are_no_groups_it_is_said(
    open_moods: OpenPage, language: str, words: str
) -> None:
    page = open_moods("library//panel=groups&since=2026-01-28", language=language)
    expect(page.locator(".map")).to_contain_text(words)
    expect(page.locator(".group")).to_have_count(0)
    assert violations(page) == []


def test_what_takes_long_says_so_and_can_be_left(open_moods: OpenPage) -> None:
    page = open_moods()
    turns = iter([0.25, 0.5])

    def slowly(route: Route) -> None:
        share = next(turns, None)
        if share is None:
            route.continue_()
        else:
            route.fulfill(status=202, json={"state": "working", "progress": share})

    page.route("**/v1/library/clusters", slowly)
    page.goto(page.url.split("#")[0] + "#library//panel=groups")
    expect(page.locator(".waits")).to_contain_text("You can leave: it goes on, and is kept.")
    expect(page.locator(".waits progress")).to_have_attribute("value", "0.25")
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator(".waits progress")).to_have_count(0)
    page.get_by_role("link", name="Groups", exact=True).click()
    groups_of(page)


def test_a_label_is_seen_after_a_reload_on_the_same_map(
    open_moods: OpenPage, moods: Server
) -> None:
    page = open_moods("library")
    with page.expect_response("**/v1/library/map") as told:
        page.reload()
    before = told.value.json()
    form = {"segments": before["ids"][:3], "label": "surprised"}
    moods.request("PUT", "/v1/library/labels", json=form).raise_for_status()
    with page.expect_response("**/v1/library/map") as told:
        page.reload()
    assert told.value.status == 200
    assert told.value.json()["map"] == before["map"]
    expect(page.locator(".legend button", has_text="Surprised")).to_contain_text("3")
    moods.request("DELETE", "/v1/library/labels", json={"segments": before["ids"][:3]})


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_a_course_has_figures_changes_and_its_recordings(
    open_days: OpenPage, language: str, scheme: str, size: tuple[int, int]
) -> None:
    page = open_days("library//panel=courses", language=language, scheme=scheme, size=size)
    is_english = language == "en-US"
    expect(page.locator(".curve-place .band")).to_be_attached()
    expect(page.locator(".sessions li")).to_have_count(12)
    # From the seventh day on it is more pleasant.
    expect(page.locator(".curve-place .change")).to_have_count(1)
    expect(page.get_by_role("button", name="2026-01-07", exact=True)).to_be_visible()
    figures = page.locator(".figure")
    expect(figures).to_have_count(5)
    inertia = figures.nth(2)
    expect(inertia).to_contain_text("inertia" if is_english else "惯性")
    expect(inertia.locator(".formula")).not_to_be_visible()
    inertia.locator("summary").click()
    expect(inertia.locator(".formula")).to_have_text("Σ (xₜ − x̄)(xₜ₊₁ − x̄) / Σ (xₜ − x̄)²")
    expect(inertia).to_contain_text("Kuppens")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-course-{language[:2]}-{scheme}-{size[0]}")


def test_a_curve_opens_a_recording_and_that_plays(open_days: OpenPage) -> None:
    page = open_days("library//panel=courses&speaker=ann")
    expect(page.locator(".sessions li")).to_have_count(6)
    curve = page.locator(".curve-place")
    box = curve.bounding_box()
    assert box is not None
    curve.click(position={"x": box["width"] - 14, "y": 60})
    expect(page.locator(".map p > b")).to_have_text("ann-10.wav")
    assert "recording=" in page.url
    expect(page.locator(".map")).to_contain_text("a click plays it")
    with page.expect_response("**/audio") as heard:
        curve.click(position={"x": 40, "y": 60})
    assert heard.value.status in (200, 206)
    assert "%400-0.2/audio" in heard.value.url
    page.reload()
    expect(page.locator(".map p > b")).to_have_text("ann-10.wav")
    page.go_back()
    expect(page.locator(".sessions li")).to_have_count(6)
    with page.expect_response("**/audio"):
        page.locator(".small-curve").first.click()
    expect(page.locator(".sessions .playing")).to_have_count(1)
    page.locator(".sessions a").nth(1).click()
    expect(page.locator(".map p > b")).to_have_text("ann-2.wav")


def test_a_curve_is_read_and_opened_by_keys(open_days: OpenPage) -> None:
    page = open_days("library//panel=courses&dimension=valence")
    curve = page.get_by_role("slider", name="Valence")
    expect(curve).to_have_attribute("aria-valuemax", "12")
    tab_to(page, "Valence. Points of the curve")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(curve).to_have_attribute("aria-valuetext", re.compile(r"2026-01-03 · ann-2.wav · -0"))
    page.keyboard.press("Enter")
    expect(page.locator(".map p > b")).to_have_text("ann-2.wav")
    with page.expect_response("**/audio"):
        curve.press("Enter")


def test_what_says_nothing_of_a_dimension_is_told(open_days: OpenPage) -> None:
    page = open_days("library//panel=courses")
    expect(page.locator(".curve-place")).to_be_visible()
    page.get_by_role("button", name="Arousal", exact=True).click()
    expect(page.locator(".map")).to_contain_text("No segment here says anything of Arousal.")
    assert "dimension=arousal" in page.url
    page.get_by_label("Recorded from").fill("2027-01-01")
    page.get_by_label("Recorded from").blur()
    expect(page.locator(".map")).to_contain_text("The filters leave no segment.")


def test_a_course_is_handed_on_as_a_page(open_days: OpenPage) -> None:
    page = open_days("library//panel=courses&speaker=ben")
    with page.expect_download(timeout=SLOW_MS) as waiting:
        page.get_by_role("button", name="Page to hand on").click()
    assert waiting.value.suggested_filename == "valence.html"
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert "Valence over time: ben" in text
    assert "效价随时间的变化：ben" in text


@pytest.mark.parametrize(
    ("language", "scheme", "size", "verdict"),
    [
        ("en-US", "light", DESKTOP, "Beyond chance, valence is higher: from 2026-01-07."),
        ("zh-CN", "dark", PHONE, "超出随机波动，效价更高的是：2026-01-07 起。"),
    ],
)
def test_two_groups_are_compared(
    open_days: OpenPage, language: str, scheme: str, size: tuple[int, int], verdict: str
) -> None:
    page = open_days("library//panel=courses", language=language, scheme=scheme, size=size)
    page.locator(".comparing summary").click()
    fields = page.locator(".comparing input")
    fields.nth(0).fill("..2026-01-07")
    fields.nth(1).fill("2026-01-07..")
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_have_text(verdict)
    expect(page.locator(".compared dt")).to_have_count(5)
    assert "first=" in page.url
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-compared-{language[:2]}-{size[0]}")
    page.reload()
    expect(page.locator(".verdict")).to_have_text(verdict)
