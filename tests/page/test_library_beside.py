"""In the page's library two recordings are set beside each other, and raters."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from library_groups import MODEL, taken
from library_home import without_library
from places import VOICE
from results_by_hand import with_frames
from serving import Server, published, serving
from visiting import DESKTOP, PHONE, SLOW_MS, OpenPage, keep, tab_to, violations, visitors
from voxcor.evaluation.raters import agreement
from voxcor.library.query import Region
from voxcor.library.rated import ratings_in_library
from voxcor.library.store import Library
from voxcor.library.takes import compare_takes, of_region
from voxcor.results import AudioInfo, Result

pytest.importorskip("dtaidistance", reason="the library extra is not installed")

pytestmark = pytest.mark.usefixtures("patience")


LOOKS = [
    ("en-US", "light", DESKTOP),
    ("zh-CN", "dark", DESKTOP),
    ("en-US", "dark", PHONE),
    ("zh-CN", "light", PHONE),
]

FIRST, SECOND, THIRD = "a" * 16, "b" * 16, "c" * 16


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose library has three takes."""
    home = tmp_path_factory.mktemp("takes")
    assert taken(home, path=str(VOICE)) == (FIRST, SECOND, THIRD)
    with serving(home) as running:
        yield running


@pytest.fixture
def open_takes(browser: Browser, takes: Server) -> Iterator[OpenPage]:
    with visitors(browser, takes) as opened:
        yield opened


def beside(one: str, other: str) -> str:
    return f"library//panel=compare&first={one}&second={other}"


def look_at_agreement(page: Page) -> None:
    page.locator(".agreement > summary").click()
    page.locator(".agreement button").click()


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_two_recordings_say_how_alike_they_are_and_where_they_differ(
    open_takes: OpenPage, takes: Server, language: str, scheme: str, size: tuple[int, int]
) -> None:
    library = Library.open(takes.home)
    found = compare_takes(*(of_region(Region(one), library, None) for one in (FIRST, SECOND)))
    assert len(found.stretches) == 1
    page = open_takes(beside(FIRST, SECOND), language=language, scheme=scheme, size=size)
    is_english = language == "en-US"
    verdict = page.locator(".map .verdict")
    expect(verdict).to_contain_text(f"{found.similarity:.2f}")
    expect(page.locator(".figure")).to_have_count(3)
    similarity = page.locator(".figure").first
    expect(similarity.locator("b")).to_have_text(f"{found.similarity:.2f}")
    expect(similarity.locator("summary")).to_have_attribute(
        "title", re.compile("the same at any pace" if is_english else "与语速无关")
    )
    assert found.valence is not None
    expect(page.locator(".figure b").nth(2)).to_have_text(f"{found.valence:+.2f}")
    expect(page.locator(".takes caption").nth(1)).to_contain_text("take-2.wav")
    sides = page.locator(".stretches .side")
    expect(sides).to_have_count(2)
    expect(sides.first).to_contain_text("Happy" if is_english else "快乐")
    expect(sides.last).to_contain_text("Sad" if is_english else "悲伤")
    expect(page.locator(".map")).to_contain_text(
        "in seven cases of eight" if is_english else "八次有七次"
    )
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-takes-{language[:2]}-{scheme}-{size[0]}")


def test_each_side_of_a_stretch_is_heard(open_takes: OpenPage) -> None:
    page = open_takes(beside(FIRST, SECOND))
    for side, name in ((0, FIRST), (1, SECOND)):
        button = page.locator(".stretches .side button").nth(side)
        with page.expect_response("**/audio") as heard:
            button.click()
        assert heard.value.status in (200, 206)
        assert f"/{name}%402-3/audio" in heard.value.url


def test_two_are_chosen_in_the_list_and_are_an_address(open_takes: OpenPage) -> None:
    page = open_takes("library")
    stock = page.locator(".stock")
    one = stock.get_by_role("button", name="Compare take-1.wav with another")
    one.click()
    expect(one).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith(f"panel=compare&first={FIRST}")
    expect(page.locator(".map select").first).to_have_value(FIRST)
    stock.get_by_role("button", name="Compare take-3.wav with take-1.wav").click()
    # They differ nowhere.
    expect(page.locator(".verdict")).to_contain_text("1.00 of 1: much alike")
    expect(page.locator(".map")).to_contain_text("Nowhere do they differ")
    expect(page.locator("#panel")).to_be_in_viewport()
    page.reload()
    expect(page.locator(".verdict")).to_contain_text("1.00 of 1")
    page.locator(".map select").nth(1).select_option(SECOND)
    expect(page.locator(".stretches li")).to_have_count(1)
    page.go_back()
    expect(page.locator(".stretches li")).to_have_count(0)
    # Two groups are no two recordings.
    page.get_by_role("link", name="Over time").first.click()
    expect(page.locator(".comparing")).to_be_visible()
    expect(page.locator(".comparing form")).not_to_be_visible()
    assert "first=" not in page.url


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_hit_is_compared_by_keys(open_takes: OpenPage, size: tuple[int, int]) -> None:
    page = open_takes("library/sad%201", size=size)
    page.wait_for_selector(".hits .item")
    tab_to(page, "Compare take-2.wav with another")
    page.keyboard.press("Enter")
    expect(page.locator(".map select").first).to_have_value(SECOND)
    expect(page.locator(".hits .item").first).to_be_visible()
    keep(page, f"library-hits-compared-{size[0]}")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    # Once more lets it go.
    page.keyboard.press("Enter")
    expect(page.locator(".map select").first).to_have_value("")


def test_two_recordings_are_handed_on_as_a_page(open_takes: OpenPage) -> None:
    page = open_takes(beside(FIRST, SECOND))
    with page.expect_download(timeout=SLOW_MS) as waiting:
        page.get_by_role("button", name="Page to hand on").click()
    assert waiting.value.suggested_filename == "comparison.html"
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert "take-1.wav beside take-2.wav" in text
    assert "take-1.wav 与 take-2.wav 的对比" in text


def test_a_recording_that_is_gone_is_told(open_takes: OpenPage) -> None:
    page = open_takes(beside(FIRST, "d" * 16))
    expect(page.locator(".map [role=alert]")).to_contain_text("d" * 16)


def by_its_model(name: str = "call.m4a") -> Result:
    """By the model of the library: happy, then sad."""
    audio = AudioInfo(name, 3.2, 44_100, 2, "b" * 64, channel=None)
    return with_frames(model=MODEL, audio=audio)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_result_is_compared_from_its_own_page(
    open_takes: OpenPage, takes: Server, size: tuple[int, int]
) -> None:
    result = published(takes.home, by_its_model())
    page = open_takes(f"result/{result}", size=size)
    page.get_by_role("link", name="Compare with another").click()
    expect(page.locator("#panel")).to_be_focused()
    expect(page.locator("#panel")).to_be_in_viewport()
    assert page.url.endswith(f"#library//panel=compare&first={result}")
    first, second = page.locator(".map select").all()
    expect(first).to_have_value(result)
    second.select_option(label="take-1.wav · 2026-01-03")
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("of 1:")
    expect(page.locator(".takes caption").first).to_contain_text("call.m4a")
    expect(page.locator(".stretches .side").first).to_contain_text("Sad")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-result-compared-{size[0]}")
    similarity = verdict.inner_text().partition(" ")[0]
    # Whoever is given the address sees the same.
    other = open_takes(page.url.partition("#")[2], language="zh-CN", size=size)
    expect(other.locator(".map select").first).to_have_value(result)
    expect(other.locator(".verdict")).to_contain_text(similarity)
    expect(other.locator(".map select").first.locator("optgroup").nth(1)).to_have_attribute(
        "label", "识别结果"
    )
    assert violations(other) == []
    takes.delete(f"/v1/results/{result}")
    other.reload()
    expect(other.locator(".map [role=alert]")).to_contain_text(result)


def test_a_stretch_of_a_result_is_heard_to_its_end(open_takes: OpenPage, takes: Server) -> None:
    result = published(takes.home, by_its_model())
    page = open_takes(beside(result, FIRST))
    button = page.locator(".stretches .side button").first
    with page.expect_response("**/processed_audio.wav") as heard:
        button.click()
    assert heard.value.status in (200, 206)
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_results_are_compared_where_the_library_is_empty(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as service, visitors(browser, service) as open_page:
        one, other = (published(tmp_path, by_its_model(name)) for name in ("a.wav", "b.wav"))
        page = open_page(f"library//panel=compare&first={one}")
        page.locator(".map select").nth(1).select_option(other)
        expect(page.locator(".verdict")).to_contain_text("1.00 of 1")
        expect(page.locator(".library-lead")).to_contain_text("The library is empty")


def test_where_there_is_no_library_no_result_is_compared(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with without_library(tmp_path, tmp_path / "none") as service:
        result = published(tmp_path, by_its_model())
        with visitors(browser, service) as open_page:
            page = open_page(f"result/{result}")
            expect(page.get_by_role("link", name="Find similar").first).to_be_visible()
            expect(page.get_by_role("link", name="Compare")).to_have_count(0)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_raters_agree_as_the_engine_says(
    open_rated: OpenPage, rated: Server, language: str, scheme: str, size: tuple[int, int]
) -> None:
    library = Library.open(rated.home)
    found = json.loads(
        json.dumps(agreement(ratings_in_library(library, library.table())).to_document())
    )
    page = open_rated("library", language=language, scheme=scheme, size=size)
    look_at_agreement(page)
    figures = page.locator(".agreement .figure")
    expect(figures).to_have_count(3)
    for at, name in enumerate(("observed", "alpha", "cohen")):
        value, low, high = (f"{found[name][part]:.2f}" for part in ("value", "low", "high"))
        expect(figures.nth(at).locator("b")).to_have_text(value)
        expect(figures.nth(at).locator("small")).to_have_text(f"[{low}, {high}]")
        expect(figures.nth(at).locator("summary")).to_have_attribute("title", re.compile("."))
    expect(page.locator(".agreement tbody tr")).to_have_count(len(found["labels"]))
    for row, one in enumerate(found["labels"].values()):
        expect(page.locator(".agreement tbody tr").nth(row)).to_contain_text(
            f"{one['specific']['value']:.2f}"
        )
    words = (
        f"Ann, Ben: {found['units']} segments labelled by both."
        if language == "en-US"
        else f"Ann、Ben：两人都标注的有 {found['units']} 个语段。"
    )
    expect(page.locator(".agreement [role=status]")).to_have_text(words)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-agreement-{language[:2]}-{scheme}-{size[0]}")


@pytest.mark.parametrize(
    ("language", "words"), [("en-US", "by two people who gave their names"), ("zh-CN", "两位署名")]
)
def test_where_fewer_than_two_gave_a_name_it_is_said(
    open_takes: OpenPage, language: str, words: str
) -> None:
    page = open_takes("library", language=language)
    look_at_agreement(page)
    expect(page.locator(".agreement [role=status]")).to_contain_text(words)
    expect(page.locator(".agreement [role=alert]")).to_have_count(0)
