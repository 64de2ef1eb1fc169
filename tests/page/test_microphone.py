"""The microphone of the page: a browser whose device plays the example over and over."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import soundfile
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from places import VOICE
from serving import Server, serving
from visiting import PHONE, OpenPage, chromium, keep, violations, visitors
from voxcor import Recognizer
from voxcor.labels import LABEL_IDS
from voxcor.people.book import People, Utterance

# The example begins anew after 8.2 s; two utterances of it are complete well before this.
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    samples, rate = soundfile.read(VOICE, dtype="int16")
    soundfile.write(path, samples, rate, subtype="PCM_16")
    with chromium(
        playwright,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    ) as started:
        yield started


def test_utterances_are_listed_as_they_end(open_page: OpenPage) -> None:
    page = open_page("live", language="zh-CN")
    page.get_by_role("button", name="开始聆听").click()
    items = page.locator(".live .list .item")
    expect(items.nth(1)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".live .headline")).to_contain_text("置信度")
    expect(page.get_by_role("meter")).not_to_have_attribute("aria-valuenow", "0.00")
    assert violations(page) == []
    keep(page, "live-zh")
    page.get_by_role("button", name="停止").click()
    expect(page.get_by_role("button", name="开始聆听")).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_session_is_also_relative_to_who_is_chosen(open_page: OpenPage, service: Server) -> None:
    heard = Recognizer("small", threads=1).recognize(VOICE)
    said = [Utterance(str(number), None, 5.0, heard.scores) for number in range(3)]
    People(service.home).add("Anna", heard.model, said)
    page = open_page("live")
    page.get_by_label("Beside the ordinary voice of").select_option("Anna")
    page.get_by_role("button", name="Start listening").click()
    relative = page.locator(".live details.remark")
    expect(relative).to_contain_text("Relative to Anna:", timeout=PATIENCE_MS)
    expect(page.locator(".live .headline")).to_contain_text("Confidence")
    assert violations(page) == []
    keep(page, "live-relative-en")
    page.get_by_role("button", name="Stop").click()
    People(service.home).forget("Anna")


def test_a_saved_rule_shows_in_the_live_view(open_page: OpenPage, service: Server) -> None:
    rule = {"rule": "talk: any of angry, happy, neutral > 0.01"}
    httpx2.put(f"{service.url}/v1/rules/talk", json=rule, trust_env=False).raise_for_status()
    page = open_page("live")
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator(".firings li").first).to_contain_text("talk", timeout=PATIENCE_MS)
    expect(page.locator(".firings li").first).to_contain_text("Angry")
    page.get_by_role("link", name="History").click()
    service.delete("/v1/rules/talk")


def test_a_session_goes_on_while_something_else_is_looked_at(open_page: OpenPage) -> None:
    page = open_page("live")
    page.get_by_role("button", name="Start listening").click()
    items = page.locator(".live .list .item")
    expect(items.first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("img", name="the microphone is on")).to_be_visible()
    assert violations(page) == []
    keep(page, "live-elsewhere-en")
    page.get_by_role("link", name="Live").click()
    before = items.count()
    expect(items.nth(before)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("img", name="the microphone is on")).to_have_count(0)


def test_a_session_is_kept_and_becomes_a_result(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    page = open_page("live", size=PHONE)
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator(".live .list .item").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name="This session")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    kept = page.get_by_role("region", name="This session")
    events = json.loads(downloaded(page, kept.get_by_role("button", name="Events")).read_text())
    closed = events["events"][-1]
    assert closed["type"] == "session.closed"
    finals = [e for e in events["events"] if e.get("trigger") == "speech_ended"]
    assert len(finals) == closed["utterances"] > 0
    sound = downloaded(page, kept.get_by_role("button", name="Sound"))
    samples, rate = soundfile.read(sound)
    assert (rate, round(1000 * len(samples) / rate)) == (16_000, closed["duration_ms"])
    kept.get_by_role("button", name="Save as a result").click()
    kept.get_by_role("button", name="Open the result").click(timeout=PATIENCE_MS)
    expect(page.locator(".outcome .facts .file-name")).to_contain_text("live-")
    result = service.get("/v1/results?limit=1").json()["results"][0]
    assert result["audio"]["duration_ms"] == closed["duration_ms"]
    assert result["granularity"] == "segment"
    # What was said live, and what is recognised of the sound, begin together.
    assert result["segments"][0]["start_ms"] == pytest.approx(finals[0]["start_ms"], abs=100)
    page.get_by_role("link", name="Live").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    keep(page, "live-kept-en-390")
    kept.get_by_role("button", name="Discard").click()
    expect(kept).to_have_count(0)


def test_sound_that_is_not_wanted_is_not_kept(open_page: OpenPage) -> None:
    page = open_page("live", scheme="dark")
    page.get_by_label("Keep the sound").uncheck()
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator(".live .headline")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Stop").click()
    kept = page.get_by_role("region", name="This session")
    expect(kept.get_by_role("button", name="Events")).to_be_visible()
    expect(kept.get_by_role("button", name="Sound")).to_have_count(0)
    expect(kept.get_by_role("button", name="Save as a result")).to_have_count(0)
    keep(page, "live-silent-en-dark")


def test_the_microphone_is_chosen(open_page: OpenPage) -> None:
    page = open_page("live")
    page.evaluate(
        """() => {
          const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = (wanted) => {
            window.asked = wanted.audio.deviceId?.exact;
            return real(wanted);
          };
        }"""
    )
    choice = page.get_by_role("combobox", name="Microphone")
    expect(choice.locator("option")).to_have_count(3)
    choice.select_option(label="Fake Audio Input 2")
    page.get_by_role("button", name="Start listening").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("window.asked") == choice.input_value() != ""
    expect(choice).to_be_disabled()


def test_the_level_is_green_where_speech_is(open_page: OpenPage) -> None:
    page = open_page("live")
    green, colour = page.evaluate(
        """() => {
          const bar = document.querySelector(".meter i");
          const style = getComputedStyle(bar);
          return [
            getComputedStyle(document.documentElement).getPropertyValue("--good"),
            style.backgroundImage,
          ];
        }"""
    )
    red, green_until, blue = (int(green[i : i + 2], 16) for i in (1, 3, 5))
    # What is shown of the scale is cut off, not squeezed: half of it stays green.
    assert f"rgb({red}, {green_until}, {blue}) 78%" in colour
    page.get_by_role("button", name="Start listening").click()
    bar = page.locator(".meter i")
    expect(bar).not_to_have_css("clip-path", "inset(0px 100% 0px 0px)", timeout=PATIENCE_MS)
    expect(bar).to_have_css("transform", "none")


def test_the_curve_has_a_legend_that_hides_lines(open_page: OpenPage) -> None:
    page = open_page("live")
    page.get_by_role("button", name="Start listening").click()
    legend = page.locator(".live .legend button")
    expect(legend).to_have_count(len(LABEL_IDS), timeout=PATIENCE_MS)
    legend.first.click()
    expect(legend.first).to_have_attribute("aria-pressed", "false")
    expect(legend.nth(1)).to_have_attribute("aria-pressed", "true")


def test_a_server_that_is_gone_is_said_and_costs_nothing_that_was_heard(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path) as service, visitors(browser, service) as open_page:
        page = open_page("live")
        page.get_by_role("button", name="Start listening").click()
        items = page.locator(".live .list .item")
        expect(items.first).to_be_visible(timeout=PATIENCE_MS)
        service.process.kill()
        expect(page.get_by_role("alert")).to_contain_text("connection to the server was lost")
        expect(items.first).to_be_visible()
        sound = downloaded(page, page.get_by_role("button", name="Sound"))
        assert soundfile.info(sound).duration > 1


def test_a_server_that_stops_says_so(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as service, visitors(browser, service) as open_page:
        page = open_page("live", language="zh")
        page.get_by_role("button", name="开始聆听").click()
        expect(page.locator(".live .headline")).to_be_visible(timeout=PATIENCE_MS)
        service.process.terminate()
        expect(page.get_by_role("alert")).to_contain_text("服务器已停止")


def test_a_recording_is_recognised(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("button", name="Stop")).to_contain_text("4.", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".drop .file-name")).to_contain_text("recording-")
    page.click("button.primary")
    page.wait_for_selector(".outcome .leads")
    audio = service.get("/v1/results?limit=1").json()["results"][0]["audio"]
    assert audio["sample_rate"] == 16_000
    assert audio["duration_ms"] >= 4000


def test_a_microphone_that_is_refused_is_explained(open_page: OpenPage) -> None:
    page = open_page("live")
    page.evaluate(
        "void (navigator.mediaDevices.getUserMedia = () =>"
        " Promise.reject(new DOMException('', 'NotAllowedError')))"
    )
    page.get_by_role("button", name="Start listening").click()
    expect(page.get_by_role("alert")).to_contain_text("did not allow the microphone")


def downloaded(page: Page, button: Locator) -> Path:
    """The file that a button gives."""
    with page.expect_download() as download:
        button.click()
    return download.value.path()
