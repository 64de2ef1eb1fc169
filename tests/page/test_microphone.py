"""The microphone of the page: a browser whose device plays the example over and over."""

from collections.abc import Iterator

import httpx2
import pytest
import soundfile
from playwright.sync_api import Browser, Playwright, expect

from places import VOICE
from serving import Server
from visiting import OpenPage, chromium, keep

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
    keep(page, "live-zh")
    page.get_by_role("button", name="停止").click()
    expect(page.get_by_role("button", name="开始聆听")).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_saved_rule_shows_in_the_live_view(open_page: OpenPage, service: Server) -> None:
    rule = {"rule": "talk: any of angry, happy, neutral > 0.01"}
    httpx2.put(f"{service.url}/v1/rules/talk", json=rule, trust_env=False).raise_for_status()
    page = open_page("live")
    page.get_by_role("button", name="Start listening").click()
    expect(page.locator(".firings li").first).to_contain_text("talk at", timeout=PATIENCE_MS)
    page.get_by_role("link", name="History").click()
    service.delete("/v1/rules/talk")


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
