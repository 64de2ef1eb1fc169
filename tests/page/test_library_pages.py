"""Pages of the library, opened from the disk: they fit every screen and fetch nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from places import VOICE
from visiting import DESKTOP, PHONE, violations
from voxcor import Recognizer
from voxcor.library.groups import compare_groups
from voxcor.library.pages.course import course_page
from voxcor.library.pages.models import models_page
from voxcor.library.pages.takes import takes_page
from voxcor.library.segments import LibrarySegment
from voxcor.library.takes import compare_takes, take_of
from voxcor.library.trajectory import follow, follow_each
from voxcor.library.two_models import compare_models
from voxcor.sources import EXAMPLE

pytest.importorskip("dtaidistance", reason="the library extra is not installed")
pytest.importorskip("ruptures", reason="the library extra is not installed")
pytest.importorskip("scipy", reason="the library extra is not installed")

OpenFile = Callable[..., Page]


@pytest.fixture
def open_file(browser: Browser, tmp_path: Path) -> Iterator[OpenFile]:
    """Opens a page as one who was sent it; nothing may be asked for, nothing may break."""
    asked: list[str] = []
    broken: list[str] = []
    contexts = []

    def open_one(html: str, size: tuple[int, int] = DESKTOP, scheme: str = "light") -> Page:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
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


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    small = Recognizer("small", threads=1)
    first, second = (
        take_of(str(path), library=pytest.fail, recognizer=lambda: small)
        for path in (VOICE, EXAMPLE)
    )
    rng = np.random.default_rng(0)
    segment = LibrarySegment(
        *("0" * 16, "call.wav", None, None, 0.0, 1.0, "neutral", 0.9, {"neutral": 1.0}),
        *(0.0, 0.0, "ann", None, datetime(2026, 1, 5), "test"),
    )
    segments = [
        replace(
            segment,
            recording=f"{day:016x}",
            name=f"a call with quite a long name of its own {day}.flac",
            start=3.0 * at,
            end=3.0 * at + 2,
            valence=float(np.clip(rng.normal(-0.3 if day < 6 else 0.2, 0.2), -1, 1)),
            recorded_at=segment.recorded_at + timedelta(days=9 * day),
        )
        for day in range(10)
        for at in range(12)
    ]
    halves = compare_groups(("..2026-03-01", segments[:72]), ("2026-03-01..", segments[72:]))
    course = follow(segments)
    return {
        "takes": takes_page(compare_takes(first, second), audio=True),
        "models": models_page(compare_models([str(VOICE)], lambda: small, lambda: small)),
        "course": course_page(
            course, follow_each(segments), about="ann", model=small.model, compared=halves
        ),
        "recording": course_page(follow(segments[:12]), (), about="call.wav", model=small.model),
    }


@pytest.mark.parametrize("name", ["takes", "models", "course", "recording"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_have_no_barriers(
    name: str, scheme: str, pages: dict[str, str], open_file: OpenFile
) -> None:
    page = open_file(pages[name], PHONE, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert violations(page) == []
    page.click("nav button[value=zh]")
    expect(page.locator("h1 [lang=zh]")).to_be_visible()
    expect(page.locator("h1 [lang=en]")).to_be_hidden()
    expect(
        page.locator("svg.narrow").first if name != "models" else page.locator("svg").first
    ).to_be_visible()


def test_a_wide_screen_has_the_wide_drawing(pages: dict[str, str], open_file: OpenFile) -> None:
    page = open_file(pages["course"])
    expect(page.locator("svg.wide").first).to_be_visible()
    expect(page.locator("svg.narrow").first).to_be_hidden()
    expect(page.locator(".sessions figure")).to_have_count(10)


def test_a_stretch_plays_in_the_recording_it_is_of(
    pages: dict[str, str], open_file: OpenFile
) -> None:
    page = open_file(pages["takes"])
    page.wait_for_function("document.getElementById('second').readyState >= 2")
    button = page.locator("button[data-take=second]").first
    start = float(button.get_attribute("data-start") or 0)
    begins = float(page.locator("#second").get_attribute("data-start") or 0)
    button.click()
    page.wait_for_function(
        f"document.getElementById('second').currentTime >= {max(0, start - begins) - 0.05}"
    )
    assert page.evaluate("document.getElementById('first').paused")


def test_paper_has_no_buttons(pages: dict[str, str], open_file: OpenFile) -> None:
    page = open_file(pages["course"], scheme="dark")
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
