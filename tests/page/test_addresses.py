"""What is on the page has an address: it survives a reload, Back, another tab; nobody is moved."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Browser, Page, Route, expect

from audio_files import speech
from places import VOICE
from serving import Server, serving, wait_until
from visiting import PHONE, OpenPage, keep, recognise, visitors


def newest(service: Server) -> str:
    """The id of the result that was made last."""
    made: str = service.get("/v1/results?limit=1").json()["results"][0]["id"]
    return made


def choose(page: Page, path: Path) -> None:
    page.set_input_files(".drop input[type=file]", path)
    page.click("button.primary")


def test_a_result_is_found_again_by_its_address(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    recognise(page, VOICE)
    headline = page.locator(".outcome .headline").inner_text()
    assert page.url.endswith(f"#result/{newest(service)}")
    page.reload()
    expect(page.locator(".outcome .headline")).to_have_text(headline)
    # Its log comes along.
    expect(page.locator(".log li")).to_have_count(7)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".outcome .headline")).to_have_text(headline)


def test_back_and_forward_go_from_result_to_result(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    for name in ("first.flac", "second.flac"):
        shutil.copy(VOICE, tmp_path / name)
        recognise(page, tmp_path / name)
        expect(page.locator(".outcome .facts .file-name")).to_have_text(name)
    page.go_back()
    expect(page.locator(".outcome .facts .file-name")).to_have_text("first.flac")
    page.go_back()
    expect(page.locator(".outcome .headline")).to_have_text("The emotion appears here")
    page.go_forward()
    page.go_forward()
    expect(page.locator(".outcome .facts .file-name")).to_have_text("second.flac")


def test_the_link_of_the_view_leads_back_to_the_result(open_page: OpenPage) -> None:
    page = open_page()
    recognise(page, VOICE)
    address = page.url
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Recognise").click()
    page.wait_for_selector(".outcome .leads")
    assert page.url == address


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_result_that_is_gone_says_so(open_page: OpenPage, service: Server, language: str) -> None:
    said = {"en": "This result is no longer here", "zh": "该结果已不存在"}[language]
    page = open_page(language=language)
    recognise(page, VOICE)
    service.delete(f"/v1/results/{newest(service)}")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text(said)
    keep(page, f"gone-{language}")
    page.goto(f"{service.url}/#result/nonsense")
    expect(page.get_by_role("alert")).to_contain_text(said)


def lengthy(path: Path) -> Path:
    """A recording that takes a while."""
    soundfile.write(path, speech(600), 16_000, subtype="PCM_16", format="FLAC")
    return path


Fresh = tuple[OpenPage, Server]


@pytest.fixture
def fresh(browser: Browser, tmp_path: Path) -> Iterator[Fresh]:
    """The page of a server of its own, which has no limit that a test would meet."""
    with serving(tmp_path / "home") as service, visitors(browser, service) as open_page:
        yield open_page, service


def test_a_run_is_taken_up_again_after_a_reload(fresh: Fresh, tmp_path: Path) -> None:
    open_page, _ = fresh
    page = open_page()
    choose(page, lengthy(tmp_path / "long.flac"))
    page.wait_for_url(re.compile("#result/"))
    page.reload()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.locator(".outcome")).to_contain_text("Listening")
    page.wait_for_selector(".outcome .leads", timeout=120_000)
    expect(page.locator(".outcome .facts .file-name")).to_have_text("long.flac")
    expect(page.locator(".log")).to_contain_text("Received")
    expect(page.get_by_role("button", name="Recognise")).to_be_visible()


def test_a_run_that_was_taken_up_again_can_be_given_up(fresh: Fresh, tmp_path: Path) -> None:
    open_page, service = fresh
    page = open_page()
    choose(page, lengthy(tmp_path / "long.flac"))
    page.wait_for_url(re.compile("#result/"))
    page.reload()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Recognise")).to_be_visible()
    page.wait_for_url(re.compile("#recognise"))
    wait_until(lambda: not service.left_behind, "nothing stays")


def held_back(page: Page) -> list[Route]:
    """Keeps the log of the next recognition waiting; who continues the routes lets it end."""
    held: list[Route] = []
    page.route(re.compile(r"/v1/results/\w+/events"), lambda route: held.append(route))
    return held


def let_go(page: Page, held: list[Route]) -> None:
    for route in held:
        route.continue_()
    page.unroute(re.compile(r"/v1/results/\w+/events"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_result_moves_nobody_and_is_told_of_where_they_are(
    open_page: OpenPage, service: Server, language: str
) -> None:
    page = open_page(language=language)
    held = held_back(page)
    with page.expect_request(re.compile("/events")):
        choose(page, VOICE)
    page.goto(f"{service.url}/#rules")
    field = page.get_by_role("textbox", name={"en": "Rule", "zh": "规则"}[language], exact=True)
    field.fill("angry > 0.5")
    let_go(page, held)
    notice = page.locator(".notice")
    expect(notice).to_contain_text(VOICE.name)
    expect(field).to_have_value("angry > 0.5")
    assert page.url.endswith("#rules")
    keep(page, f"notice-{language}")
    notice.get_by_role("link").click()
    page.wait_for_selector(".outcome .leads")
    expect(notice).to_have_count(0)


def test_a_recognition_that_ends_leaves_live_speech_alone(open_page: OpenPage) -> None:
    page = open_page()
    held = held_back(page)
    with page.expect_request(re.compile("/events")):
        choose(page, VOICE)
    page.get_by_role("link", name="Live").click()
    let_go(page, held)
    expect(page.locator(".notice")).to_contain_text(VOICE.name)
    assert page.url.endswith("#live")
    expect(page.get_by_role("button", name="Start listening")).to_be_visible()


def test_a_failure_elsewhere_is_told_too_and_can_be_closed(
    open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "letter.mp3").write_text("Dear Sir or Madam, this is no recording. " * 50)
    page = open_page()
    held = held_back(page)
    with page.expect_request(re.compile("/events")):
        choose(page, tmp_path / "letter.mp3")
    page.get_by_role("link", name="History").click()
    let_go(page, held)
    expect(page.locator(".notice .problem")).to_contain_text("letter.mp3")
    page.get_by_role("button", name="Close the notice").click()
    expect(page.locator(".notice")).to_have_count(0)


def test_a_file_that_comes_while_one_runs_is_next(open_page: OpenPage, tmp_path: Path) -> None:
    shutil.copy(VOICE, tmp_path / "second.flac")
    page = open_page()
    held = held_back(page)
    with page.expect_request(re.compile("/events")):
        choose(page, VOICE)
    page.set_input_files(".drop input[type=file]", tmp_path / "second.flac")
    expect(page.locator(".drop .file-name")).to_have_text("second.flac")
    expect(page.locator(".next")).to_contain_text("This one is next")
    keep(page, "next-en")
    let_go(page, held)
    expect(page.locator(".next")).to_contain_text("this one’s turn")
    page.get_by_role("button", name="Recognise").click()
    expect(page.locator(".outcome .facts .file-name")).to_have_text("second.flac")
    expect(page.locator(".next")).to_have_text("")


def test_the_answer_comes_into_sight_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    recognise(page, VOICE)
    expect(page.locator(".outcome .headline")).to_be_in_viewport(ratio=1)
    page.screenshot(path=str(Path(__file__).with_name("outputs") / "phone-answer.png"))


def test_the_state_of_the_server_is_always_true(browser: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home) as first, visitors(browser, first) as open_page:
        page = open_page()
        recognise(page, VOICE)
        headline = page.locator(".outcome .headline").inner_text()
        port = int(first.url.rpartition(":")[2])
        first.process.kill()
        first.process.wait()
        expect(page.locator(".state")).to_contain_text("no connection", timeout=30_000)
        expect(page.locator(".banner.problem")).to_contain_text("voxcor serve")
        # What is on the page stays there, and nothing can be started that would replace it.
        expect(page.locator(".outcome .headline")).to_have_text(headline)
        expect(page.get_by_role("button", name="Recognise")).to_be_disabled()
        keep(page, "server-gone-en")
        with serving(home, "--port", str(port)):
            expect(page.locator(".state")).to_contain_text("ready", timeout=30_000)
            expect(page.get_by_role("alert")).to_have_count(0)
            recognise(page, VOICE)


def test_a_click_that_meets_a_dead_server_wipes_nothing(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as service, visitors(browser, service) as open_page:
        page = open_page()
        recognise(page, VOICE)
        headline = page.locator(".outcome .headline").inner_text()
        # The page does not know yet: its question is on the way for ever.
        page.route(re.compile("/readyz"), lambda route: None)
        service.process.kill()
        service.process.wait()
        page.click("button.primary")
        expect(page.get_by_role("alert").last).to_contain_text("voxcor serve")
        expect(page.locator(".outcome .headline")).to_have_text(headline)
        expect(page.locator(".state")).to_contain_text("no connection")


def test_the_log_is_told_in_the_language_of_the_page(open_page: OpenPage) -> None:
    page = open_page()
    recognise(page, VOICE)
    expect(page.locator(".log")).to_contain_text("Done.")
    page.get_by_role("button", name="中文").click()
    expect(page.locator(".log")).to_contain_text("完成。")
    expect(page.locator(".log")).not_to_contain_text("Received")
    expect(page.locator(".log")).not_to_contain_text("前面还有 0")
