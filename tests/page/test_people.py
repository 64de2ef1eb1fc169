"""On the page likely label errors are put right, and people enrolled, chosen and forgotten."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from library_home import spoken_by_anna
from places import DATA, VOICE
from serving import Server, serving
from visiting import DESKTOP, PHONE, SLOW_MS, OpenPage, keep, recognise, violations, visitors
from voxcor.library.label_errors import errors_in_library
from voxcor.library.store import Library
from voxcor.people.book import People
from voxcor.sources import EXAMPLE

pytest.importorskip("cleanlab", reason="the library extra is not installed")

pytestmark = pytest.mark.usefixtures("patience")


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A library of what Anna says."""
    home = tmp_path_factory.mktemp("voices")
    spoken_by_anna(home)
    with serving(home) as running:
        yield running


@pytest.fixture
def open_voices(browser: Browser, voices: Server) -> Iterator[OpenPage]:
    with visitors(browser, voices) as opened:
        yield opened
    for person in People(voices.home).all():
        People(voices.home).forget(person.name)


def look_for_errors(page: Page, language: str = "en") -> None:
    title, look = {"en": ("Likely label errors", "Look for"), "zh": ("可能有误", "查找")}[language]
    page.locator(".label-errors summary", has_text=title).click()
    page.locator(".label-errors button", has_text=look).click()
    page.wait_for_selector(".label-errors .item", timeout=SLOW_MS)


def test_likely_errors_are_heard_and_put_right(open_rated: OpenPage, rated: Server) -> None:
    library = Library.open(rated.home)
    expected = errors_in_library(library, library.table()).errors
    page = open_rated("library")
    look_for_errors(page)
    rows = page.locator(".label-errors .item")
    assert rows.first.get_attribute("data-id") == expected[0].segment.id
    first = rows.first.inner_text()
    assert "likely" in first
    expect(page.locator(".label-errors [role=status]").first).to_contain_text(
        f"Likely wrong: {len(expected)} of 120 labels."
    )
    with page.expect_response("**/audio") as sound:
        rows.first.get_by_role("button", name=re.compile("^Play ")).click()
    assert sound.value.status in (200, 206)
    page.locator(".label-errors").get_by_label("Your name").fill("Cat")
    with page.expect_response("**/v1/library/labels"):
        rows.first.get_by_role("button", name=re.compile("is right")).click()
    cats = [one for one in library.labels() if one.annotator == "Cat"]
    assert [one.recording for one in cats] == [expected[0].segment.recording]
    with page.expect_download() as download:
        page.get_by_role("button", name="List to put right").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    left = errors_in_library(library, library.table()).errors
    assert [row["segment"] for row in csv.DictReader(io.StringIO(text))] == [
        one.segment.id for one in left
    ]


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("en", "light", DESKTOP),
        ("zh", "dark", DESKTOP),
        ("zh", "light", PHONE),
        ("en", "light", PHONE),
    ],
)
def test_label_errors_and_people_suit_every_reader(
    open_rated: OpenPage, language: str, scheme: str, size: tuple[int, int]
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    page = open_rated("library", language=locale, scheme=scheme, size=size)
    look_for_errors(page, language)
    page.locator(".people summary").click()
    page.locator(".people input").fill("s1")
    page.locator(".people form button").click()
    expect(page.locator(".people .item")).to_contain_text("s1")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"people-{language}-{scheme}-{size[0]}")
    page.locator(".people .item button").click()
    page.locator(".people .item button").click()
    expect(page.locator(".people .item")).to_have_count(0)


def test_who_is_enrolled_is_chosen_and_forgotten(open_voices: OpenPage, voices: Server) -> None:
    page = open_voices("recognise")
    page.locator(".more summary").click()
    chooser = page.get_by_label("Beside the ordinary voice of")
    expect(page.get_by_label("When unsure")).to_be_visible()
    assert chooser.count() == 0
    page.goto(f"{voices.url}/#library")
    page.locator(".people summary").click()
    page.locator(".people input").fill("Anna")
    page.locator(".people form button").click()
    expect(page.locator(".people form [role=status]")).to_contain_text("Anna: 7 utterances")
    page.goto(f"{voices.url}/#recognise")
    page.locator(".more summary").click()
    chooser.select_option("Anna")
    recognise(page, VOICE)
    relative = page.locator(".outcome details.remark")
    expect(relative.locator("summary")).to_have_text(re.compile(r"^Relative to Anna: \S+ .+ \d"))
    relative.locator("summary").click()
    expect(relative.locator("table")).to_be_visible()
    assert violations(page) == []
    keep(page, "relative-desktop")
    expect(page.locator(".narrowings button", has_text="Relative to Anna")).to_be_visible()
    # Who is forgotten is asked for no longer.
    page.goto(f"{voices.url}/#library")
    page.locator(".people summary").click()
    page.get_by_role("button", name="Forget Anna").click()
    page.get_by_role("button", name="Really forget Anna").click()
    expect(page.locator(".people > [role=status]")).to_have_text("Anna is forgotten.")
    page.goto(f"{voices.url}/#recognise")
    recognise(page, EXAMPLE)
    expect(page.locator(".outcome .headline")).to_be_visible()
    assert relative.count() == 0


def test_what_is_found_enrols_somebody(open_voices: OpenPage, voices: Server) -> None:
    page = open_voices("library/neutral%201", language="zh-CN", size=PHONE)
    page.wait_for_selector(".hits .item", timeout=SLOW_MS)
    page.locator(".hits button", has_text="用这些语段登记一个人").click()
    page.locator(".hits .enrol input").fill("王芳")
    keep(page, "enrol-phone")
    page.keyboard.press("Enter")
    expect(page.locator(".hits .enrol [role=status]")).to_contain_text("王芳：7 个语段")
    assert [one.name for one in People(voices.home).all()] == ["王芳"]
    page.locator(".hits .enrol input").fill("李")
    page.locator(".hits .enrol button.quiet").first.click()
    expect(page.locator(".hits .enrol [role=status]")).to_contain_text("李：7 个语段")


def test_a_removal_says_who_was_enrolled_by_it(open_voices: OpenPage, voices: Server) -> None:
    call = (DATA / "heard" / "call.opus").read_bytes()
    result = voices.recognize(call, "call.opus", granularity="segment", embedding="true").json()
    asked = {"result_ids": [result["id"]], "speaker": "Anna"}
    voices.post("/v1/library/recordings", json=asked).raise_for_status()
    voices.post("/v1/library/people", json={"person": "Anna"}).raise_for_status()
    page = open_voices("library")
    page.locator(".people summary").click()
    anna = page.locator(".people .item", has_text="Anna")
    before = anna.inner_text()
    page.get_by_role("button", name="Remove call.opus").click()
    page.get_by_role("button", name="Really remove call.opus").click()
    expect(page.locator(".stock > [role=status]")).to_have_text(
        "call.opus is removed. Anna is no longer enrolled by it."
    )
    expect(anna).not_to_have_text(before, use_inner_text=True)
