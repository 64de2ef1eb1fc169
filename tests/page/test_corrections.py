"""Labels put right in the page: by mouse and by keys, saved, undone, told where they are not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, Route, expect

from places import VOICE
from serving import Server
from visiting import PHONE, OpenPage, keep, recognise, violations
from voxcor.corrections import CORRECTIONS_FILE


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The voice twice, with a pause: four segments."""
    samples, rate = soundfile.read(VOICE, dtype="float32")
    path = tmp_path_factory.mktemp("talk") / "talk.flac"
    soundfile.write(path, np.concatenate([samples, np.zeros(2 * rate)] * 2), rate)
    return path


@pytest.fixture
def page(open_page: OpenPage, talk: Path, service: Server) -> Iterator[Page]:
    opened = open_page()
    recognise(opened, talk, "segment")
    yield opened
    for result in service.get("/v1/results").json()["results"]:
        service.delete(f"/v1/results/{result['id']}")


def newest(service: Server) -> dict:
    document: dict = service.get("/v1/results?limit=1").json()["results"][0]
    return document


def stored(service: Server) -> list[dict]:
    answer = service.get(f"/v1/results/{newest(service)['id']}/corrections")
    corrections: list[dict] = answer.json()["corrections"]
    return corrections


def row(page: Page, place: int) -> Locator:
    return page.locator(f".segments tr[data-place='{place}']").first


def is_saved(page: Page) -> None:
    expect(page.locator(".corrections .saved")).to_have_text("Saved")


def open_again(page: Page, name: str = "talk.flac") -> None:
    """The same result after a reload, from the history."""
    page.goto(page.url.split("#")[0] + "#history")
    page.reload()
    page.click(f".list .file-name:has-text('{name}') >> nth=0")
    page.wait_for_selector(".segments")


def test_a_label_is_put_right_and_stays_so(page: Page, service: Server) -> None:
    model = newest(service)["segments"][1]
    row(page, 1).get_by_role("button", name="correct").click()
    menu = page.get_by_label("Emotion", exact=True)
    expect(menu).to_be_focused()
    wanted = "sad" if model["emotion"] != "sad" else "angry"
    menu.select_option(wanted)
    is_saved(page)
    keep(page, "corrections-en")
    assert violations(page) == []
    (kept,) = stored(service)
    assert (kept["segment"], kept["label"]) == (1, wanted)
    assert (kept["start_ms"], kept["end_ms"]) == (model["start_ms"], model["end_ms"])
    open_again(page)
    expect(row(page, 1)).to_contain_text(wanted.capitalize())
    expect(row(page, 1).locator("s")).to_contain_text(model["emotion"].capitalize())
    is_saved(page)


def test_who_chose_in_the_menu_undoes_it_there(page: Page, service: Server) -> None:
    row(page, 1).get_by_role("button", name="correct").click()
    menu = page.get_by_label("Emotion", exact=True)
    menu.select_option("happy")
    is_saved(page)
    expect(row(page, 1).locator("s")).to_have_count(1)
    expect(menu).to_be_focused()
    page.keyboard.press("Control+z")
    expect(row(page, 1).locator("s")).to_have_count(0)
    is_saved(page)
    assert stored(service) == []


def test_a_label_of_one_s_own_is_taken(page: Page, service: Server) -> None:
    row(page, 0).get_by_role("button", name="correct").click()
    page.get_by_label("Emotion", exact=True).select_option(label="Another label…")
    field = page.get_by_label("Label", exact=True)
    field.fill("ironic")
    field.press("Enter")
    is_saved(page)
    expect(row(page, 0)).to_contain_text("Ironic")
    assert stored(service)[0]["label"] == "ironic"


def test_right_and_wrong_are_marked_and_taken_back(page: Page, service: Server) -> None:
    first = newest(service)["segments"][0]
    right = row(page, 0).get_by_role("button", name="is right")
    wrong = row(page, 0).get_by_role("button", name="is wrong")
    right.click()
    is_saved(page)
    expect(right).to_have_attribute("aria-pressed", "true")
    assert stored(service)[0]["label"] == first["emotion"]
    wrong.click()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(right).to_have_attribute("aria-pressed", "false")
    expect(row(page, 0).locator("s")).to_be_visible()
    is_saved(page)
    assert stored(service)[0]["label"] is None
    wrong.click()
    is_saved(page)
    assert stored(service) == []


def test_it_goes_by_keys_alone(page: Page, service: Server) -> None:
    row(page, 1).locator("button").first.focus()
    page.keyboard.press("r")
    is_saved(page)
    assert [each["segment"] for each in stored(service)] == [1]
    page.keyboard.press("w")
    expect(row(page, 1).get_by_role("button", name="is wrong")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(row(page, 1).locator("[aria-pressed=true]")).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(row(page, 1).get_by_role("button", name="is right")).to_have_attribute(
        "aria-pressed", "true"
    )
    is_saved(page)
    page.keyboard.press("c")
    expect(page.get_by_label("Emotion", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("tr.correction")).to_have_count(0)
    expect(row(page, 1).get_by_role("button", name="correct")).to_be_focused()
    assert [each["segment"] for each in stored(service)] == [1]


def test_undo_and_redo(page: Page, service: Server) -> None:
    undo, redo = page.get_by_role("button", name="Undo"), page.get_by_role("button", name="Redo")
    expect(undo).to_be_disabled()
    for place in (0, 1):
        row(page, place).get_by_role("button", name="is right").click()
    undo.click()
    is_saved(page)
    assert [each["segment"] for each in stored(service)] == [0]
    redo.click()
    is_saved(page)
    assert [each["segment"] for each in stored(service)] == [0, 1]
    expect(redo).to_be_disabled()


def test_borders_are_moved_up_to_those_of_the_neighbours(page: Page, service: Server) -> None:
    _, second, third = newest(service)["segments"][:3]
    row(page, 1).get_by_role("button", name="correct").click()
    start = page.get_by_label("Start of the segment, in seconds")
    end = page.get_by_label("End of the segment, in seconds")
    start.fill(f"{second['start_ms'] / 1000 + 0.2:.2f}")
    start.press("Enter")
    end.fill("9999")
    end.press("Enter")
    expect(end).to_have_value(f"{third['start_ms'] / 1000:.2f}")
    end.fill("")
    end.press("Enter")
    expect(end).to_have_value(f"{third['start_ms'] / 1000:.2f}")
    is_saved(page)
    (kept,) = stored(service)
    assert abs(kept["start_ms"] - second["start_ms"] - 200) <= 5
    assert kept["end_ms"] == third["start_ms"]
    assert kept["label"] == second["emotion"]
    page.get_by_role("button", name="As the model has it").click()
    is_saved(page)
    assert stored(service) == []


def test_the_region_gives_its_borders(page: Page, service: Server) -> None:
    second = newest(service)["segments"][1]
    row(page, 1).get_by_role("button", name="correct").click()
    take = page.get_by_role("button", name="Take the region's borders")
    expect(take).to_be_disabled()
    edge = page.get_by_label("Start of the region, in seconds")
    edge.fill(f"{second['start_ms'] / 1000 + 0.3:.1f}")
    edge.press("Enter")
    take.click()
    is_saved(page)
    (kept,) = stored(service)
    assert abs(kept["start_ms"] - second["start_ms"] - 300) <= 60


def test_who_listens_is_remembered(page: Page, service: Server) -> None:
    held: list[Route] = []
    page.route("**/corrections", lambda route: held.append(route), times=1)
    with page.expect_request("**/corrections"):
        row(page, 0).get_by_role("button", name="is right").click()
    name = page.get_by_label("Your name (optional)")
    name.fill("小明")
    held[0].continue_()
    is_saved(page)
    expect(name).to_have_value("小明")  # what is being typed outlives the answer
    row(page, 1).get_by_role("button", name="is right").click()
    is_saved(page)
    assert [each["annotator"] for each in stored(service)] == [None, "小明"]
    open_again(page)
    expect(page.get_by_label("Your name (optional)")).to_have_value("小明")


def test_all_of_them_come_as_a_list(page: Page, service: Server) -> None:
    row(page, 0).get_by_role("button", name="is right").click()
    is_saved(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="All corrections as a training list").click()
    assert waiting.value.suggested_filename == "corrections.csv"
    assert newest(service)["id"] in Path(waiting.value.path()).read_text(encoding="utf-8")


def test_a_second_tab_does_not_overwrite_the_first(
    page: Page, open_page: OpenPage, service: Server
) -> None:
    other = open_page("history")
    other.click(".list .file-name:has-text('talk.flac') >> nth=0")
    other.wait_for_selector(".segments")
    row(page, 0).get_by_role("button", name="is right").click()
    is_saved(page)
    row(other, 1).get_by_role("button", name="is right").click()
    problem = other.get_by_role("alert")
    expect(problem).to_contain_text("Somebody else has changed these corrections")
    assert [each["segment"] for each in stored(service)] == [0]
    problem.get_by_role("button", name="Load what is there").click()
    expect(problem).to_have_count(0)
    row(other, 1).get_by_role("button", name="is right").click()
    is_saved(other)
    assert [each["segment"] for each in stored(service)] == [0, 1]


def test_damaged_corrections_are_told_and_set_aside_when_asked(page: Page, service: Server) -> None:
    row(page, 0).get_by_role("button", name="is right").click()
    is_saved(page)
    path = service.home / "results" / newest(service)["id"] / CORRECTIONS_FILE
    path.write_bytes(b"{")
    open_again(page)
    expect(page.get_by_role("alert")).to_contain_text(CORRECTIONS_FILE)
    expect(row(page, 0).get_by_role("button", name="is right")).to_be_disabled()
    page.get_by_role("button", name="Set them aside and begin anew").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    row(page, 0).get_by_role("button", name="is right").click()
    is_saved(page)
    assert path.with_name(f"{CORRECTIONS_FILE}.unreadable").read_bytes() == b"{"


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("zh-CN", PHONE, "light"), ("en-US", PHONE, "dark"), ("zh-CN", (1280, 900), "dark")],
)
def test_it_fits_phones_and_the_dark(
    open_page: OpenPage, talk: Path, language: str, size: tuple[int, int], scheme: str
) -> None:
    page = open_page(language=language, size=size, scheme=scheme)
    recognise(page, talk, "segment")
    row(page, 0).locator(".judge button").first.click()
    row(page, 1).locator(".judge .edit").click()
    page.locator("tr.correction select").select_option("angry")
    expect(page.locator(".corrections .saved")).to_have_text(
        "Saved" if language == "en-US" else "已保存"
    )
    keep(page, f"corrections-{language}-{size[0]}-{scheme}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
