"""What stands beside the main job: the history, models, rules, language and theme."""

import shutil
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, expect

from places import VOICE
from serving import Server, serving
from visiting import OpenPage, keep, recognise, visitors
from voxcor.audio.quality import describe_warning
from voxcor.invocation import voxcor
from voxcor.labels import LABEL_IDS, get_label
from voxcor.language import Language, speaking
from voxcor.results import Dimensions, DimensionsOrigin


def test_what_was_recognised_is_found_again_and_deleted(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    path = tmp_path / "remembered.flac"
    shutil.copy(VOICE, path)
    page = open_page()
    recognise(page, path)
    page.reload()
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="remembered.flac", exact=True).click()
    expect(page.locator(".outcome .facts .file-name")).to_have_text("remembered.flac")
    before = service.left_behind
    page.go_back()
    keep(page, "history-en")
    page.get_by_role("button", name="Delete remembered.flac").click()
    page.get_by_role("button", name="Really delete remembered.flac").click()
    expect(page.get_by_role("button", name="remembered.flac", exact=True)).to_have_count(0)
    assert len(before - service.left_behind) == 1
    page.get_by_role("link", name="Recognise").click()
    expect(page.locator(".outcome .leads")).to_have_count(0)


@pytest.mark.parametrize("address", ["", "nowhere", "constructor"])
def test_an_address_without_a_view_opens_the_first(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    expect(page.locator("nav [aria-current=page]")).to_have_text("Recognise")
    expect(page.locator("h1")).to_have_text("Recognise")


def test_an_honest_banner_says_that_small_answers(open_page: OpenPage, service: Server) -> None:
    page = open_page()
    banner = page.get_by_role("note")
    # As it is typed where the server runs, which is not always `voxcor`.
    (command,) = (
        model["command"]
        for model in service.get("/v1/models").json()["models"]
        if model["id"] == "plus-base"
    )
    assert command == f"{voxcor()} models pull plus-base"
    expect(banner).to_contain_text(command)
    expect(banner.get_by_role("button", name="Download (1.1 GB)")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(banner).to_contain_text("内置模型 small")


def test_language_and_theme_are_remembered(open_page: OpenPage) -> None:
    page = open_page(language="de-DE")
    root = page.locator(":root")
    expect(root).to_have_attribute("lang", "en")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="中文").click()
    page.get_by_role("button", name="深色").click()
    page.reload()
    expect(page.get_by_role("button", name="🎯 开始识别")).to_be_visible()
    expect(root).to_have_attribute("lang", "zh-CN")
    expect(root).to_have_attribute("data-theme", "dark")


def test_the_theme_follows_the_system(open_page: OpenPage) -> None:
    page = open_page(scheme="dark")
    expect(page.locator(":root")).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator(":root")).to_have_attribute("data-theme", "light")


def test_a_server_with_a_key_asks_for_it_once(browser: Browser, tmp_path: Path) -> None:
    key = "a-key-of-many-letters"
    with (
        serving(tmp_path / "home", VOXCOR_API_KEY=key) as service,
        visitors(browser, service) as open_page,
    ):
        page = open_page()
        field = page.get_by_label("API key", exact=False).last
        field.fill("a-key-that-is-wrong")
        page.get_by_role("button", name="Continue").click()
        # Words for the person at the page, not for a program that sends headers.
        expect(page.get_by_role("alert")).to_contain_text("That is not the key of this server")
        expect(page.get_by_role("dialog")).to_contain_text("VOXCOR_API_KEY")
        expect(page.get_by_role("dialog")).not_to_contain_text("Authorization")
        keep(page, "key-en")
        field.fill(key)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        recognise(page, VOICE)
        # What was refused before the key was known is there without a reload.
        expect(page.locator("select.export option", has_text="ELAN")).to_have_count(1)
        page.reload()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_waits_for_the_key_comes_with_it(browser: Browser, tmp_path: Path) -> None:
    key = "a-key-of-many-letters"
    with (
        serving(tmp_path / "home", VOXCOR_API_KEY=key) as service,
        visitors(browser, service) as open_page,
    ):
        bearer = {"Authorization": f"Bearer {key}"}
        made = service.post(
            "/v1/recognize", files={"file": ("call.flac", VOICE.read_bytes())}, headers=bearer
        ).json()
        for address, place in (
            ("history", ".list .file-name"),
            (f"result/{made['id']}", ".outcome .facts .file-name"),
        ):
            page = open_page(address)
            page.get_by_role("dialog").get_by_role("textbox").fill(key)
            page.get_by_role("button", name="Continue").click()
            expect(page.locator(place)).to_have_text("call.flac")
            expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator("select.export option", has_text="ELAN")).to_have_count(1)


def test_results_of_the_past_are_searched_and_deleted_together(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    for name in ("Trees one.flac", "Trees two.flac", "rivers.flac"):
        service.recognize(name=name)
    page = open_page("history")
    page.get_by_label("Search by name").fill("trees")
    names = page.locator(".list .file-name")
    expect(names).to_have_text(["Trees two.flac", "Trees one.flac"])
    emotion = service.get("/v1/results?name=trees").json()["results"][0]["emotion"]
    other = next(label for label in LABEL_IDS if label != emotion)
    page.get_by_label("Emotion").select_option(other)
    expect(page.locator(".nothing")).to_have_text("No result is like that.")
    page.get_by_label("Emotion").select_option(emotion)
    expect(names).to_have_count(2)
    page.get_by_label("Confidence").select_option("0.9")
    expect(names).to_have_count(2)
    page.get_by_label("Select Trees one.flac").check()
    page.get_by_label("Select Trees two.flac").check()
    keep(page, "history-chosen-en")
    page.get_by_role("button", name="Delete 2 chosen").click()
    page.get_by_role("button", name="Really delete 2").click()
    expect(names).to_have_count(0)
    assert service.get("/v1/results?name=trees").json()["results"] == []
    assert len(service.get("/v1/results?name=rivers").json()["results"]) == 1


def test_under_a_path_of_a_proxy_every_address_is_below_it(
    browser: Browser, service: Server
) -> None:
    with visitors(browser, service) as open_page:
        page = open_page()
        addresses = page.evaluate(
            "[...document.querySelectorAll('[href],[src]')].map((e) =>"
            " e.getAttribute('href') ?? e.getAttribute('src'))"
        )
    assert addresses
    assert not [address for address in addresses if address.startswith("/")]


def test_names_and_colours_are_those_of_the_command(open_page: OpenPage) -> None:
    page = open_page()
    labels = page.evaluate(
        "async (ids) => { const { labelOf } = await import('./static/labels.js');"
        " return ids.map((id) => Object.values(labelOf(id))); }",
        [*LABEL_IDS, "very_tired", "疲惫"],
    )
    known = [get_label(id_) for id_ in (*LABEL_IDS, "very_tired", "疲惫")]
    assert labels == [[one.id, one.en, one.zh, one.emoji, one.color] for one in known]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_warnings_are_in_the_words_of_the_command_with_what_is_known(
    open_page: OpenPage, service: Server, tmp_path: Path, language: Language
) -> None:
    sound = VOICE.read_bytes()
    (tmp_path / "cut.flac").write_bytes(sound[: len(sound) // 2])
    page = open_page(language=language)
    recognise(page, tmp_path / "cut.flac")
    quality = service.get("/v1/results?limit=1").json()["results"][0]["quality"]
    assert "truncated" in quality["warnings"]
    with speaking(language):
        expected = [
            describe_warning(code, quality["details"].get(code, {})) for code in quality["warnings"]
        ]
    assert str(round(quality["details"]["truncated"]["missing_s"], 1)) in expected[0]
    expect(page.locator(".outcome .warnings li")).to_have_text(expected)
    for sentence in expected:
        expect(page.locator(".log")).to_contain_text(sentence)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("origin", get_args(DimensionsOrigin))
def test_dimensions_are_in_the_words_of_the_command(
    open_page: OpenPage, language: Language, origin: DimensionsOrigin
) -> None:
    page = open_page(language=language)
    said = page.evaluate(
        """async (whose) => {
          const { t } = await import("./static/strings.js");
          return `${t("dimensionsOf", { arousal: "+0.42", valence: "-0.30" })} · ${t(whose)}`;
        }""",
        {"model": "dimensionsModel"}.get(origin, "dimensionsDerived"),
    )
    words = Dimensions(0.42, -0.3, origin).words
    assert said == (words.en if language == "en" else words.zh)
