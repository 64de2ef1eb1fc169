"""The page without a mouse and without eyes: the keyboard, and an audit by axe."""

import pytest
from playwright.sync_api import expect

from places import VOICE
from visiting import DESKTOP, PHONE, OpenPage, recognise, tab_to, violations


def test_from_the_file_to_the_region_with_the_keyboard_only(open_page: OpenPage) -> None:
    page = open_page()
    tab_to(page, "Skip to content")
    page.keyboard.press("Enter")
    tab_to(page, "Example, spoken angrily")
    page.keyboard.press("Enter")
    expect(page.locator(".drop .file-name")).to_have_text("example.flac")
    tab_to(page, "Utterance")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tab_to(page, "Extract embedding")
    page.keyboard.press("Space")
    tab_to(page, "Recognise")
    page.keyboard.press("Enter")
    expect(page.locator(".files")).to_contain_text("frames.csv")
    expect(page.locator(".files")).to_contain_text("embedding.npy")
    page.wait_for_selector(".waveform canvas >> nth=0")
    tab_to(page, "Position")
    page.keyboard.press("End")
    expect(page.locator(".transport .time")).to_contain_text("0:02.5 /")
    tab_to(page, "Select a region")
    page.keyboard.press("Enter")
    tab_to(page, "Score it")
    page.keyboard.press("Enter")
    expect(page.locator(".region-result .headline, .region .problem")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_result(
    open_page: OpenPage, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(size=size, scheme=scheme)
    page.get_by_text("More", exact=True).click()
    page.locator(".chip").last.click()
    page.get_by_label("Separate channels").check()
    recognise(page, VOICE, "frame")
    page.wait_for_selector(".waveform canvas >> nth=0")
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Select a region").click()
    page.get_by_role("button", name="Score it").click()
    page.wait_for_selector(".region-result .leads, .region .problem")
    assert violations(page) == []
