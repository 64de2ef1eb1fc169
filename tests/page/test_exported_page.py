"""The HTML export, opened from the disk: it plays, follows, and fetches nothing."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from places import VOICE
from visiting import DESKTOP, PHONE, keep, violations
from voxcor import Recognizer
from voxcor.exports import export
from voxcor.exports.content import read_content
from voxcor.language import speaking
from voxcor.result_folder import save
from voxcor.results import Result

OpenReport = Callable[..., Page]


@pytest.fixture(scope="module")
def result() -> Result:
    return Recognizer("small").recognize(VOICE, granularity="frame")


@pytest.fixture
def open_report(browser: Browser, result: Result, tmp_path: Path) -> Iterator[OpenReport]:
    """Opens the export of a real result as one who was sent it; nothing may be asked for."""
    asked: list[str] = []
    broken: list[str] = []
    contexts = []

    def open_one(
        language: str = "en", size: tuple[int, int] = DESKTOP, scheme: str = "light"
    ) -> Page:
        path = tmp_path / f"{language}.html"
        with speaking(language):
            path.write_bytes(export(read_content(save(result, tmp_path)), "html"))
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert {*asked} <= {"file", "data"}
    assert broken == []


def test_the_audio_plays_and_the_table_seeks(open_report: OpenReport, result: Result) -> None:
    page = open_report()
    expect(page.locator(".answer")).to_contain_text(result.emotion.capitalize())
    page.wait_for_function("document.querySelector('audio').readyState >= 2")
    length = page.evaluate("document.querySelector('audio').duration")
    assert length == pytest.approx(len(result.processed) / 16_000, abs=0.05)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(len(result.segments))
    rows.last.click()
    page.wait_for_function("document.querySelector('audio').currentTime > 0")
    page.evaluate("document.querySelector('audio').pause()")
    sought = result.segments[-1].start - result.preprocessing.trimmed_start
    page.wait_for_function(f"document.querySelector('audio').currentTime >= {sought - 0.05}")
    expect(page.locator("tbody tr.now")).to_have_count(1)


def test_a_click_on_the_waveform_seeks(open_report: OpenReport, result: Result) -> None:
    page = open_report()
    page.wait_for_function("document.querySelector('audio').readyState >= 2")
    box = page.locator("figure").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    page.wait_for_function("document.querySelector('audio').currentTime > 0")
    page.evaluate("document.querySelector('audio').pause()")
    middle = result.audio.duration / 2 - result.preprocessing.trimmed_start
    page.wait_for_function(f"document.querySelector('audio').currentTime >= {middle - 0.05}")
    # Past the middle of 1200.
    expect(page.locator(".playhead")).to_have_attribute(
        "transform", re.compile(r"translate\((59[5-9]|[6-9]\d\d|1\d{3})")
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_in_the_report(
    open_report: OpenReport, language: str, scheme: str
) -> None:
    page = open_report(language, scheme=scheme)
    assert violations(page) == []
    keep(page, f"report-{language}-{scheme}")


def test_the_report_fits_a_phone_and_changes_its_language(open_report: OpenReport) -> None:
    page = open_report(size=PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE[0]
    expect(page.locator("h1")).to_have_text("Voxcor: emotion in speech", use_inner_text=True)
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text("心声：语音情感识别", use_inner_text=True)
    assert violations(page) == []
    keep(page, "report-phone")
