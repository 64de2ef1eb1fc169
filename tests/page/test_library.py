"""The library on the page: words find speech, what they mean is changed, a map shows all of it."""

import csv
import json
import random
import re
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from places import DATA, SHARED, VOICE
from serving import Server, serving
from visiting import (
    DESKTOP,
    PHONE,
    SCREENSHOTS,
    SLOW_MS,
    OpenPage,
    keep,
    recognise,
    tab_to,
    violations,
    visitors,
)
from voxcor import Recognizer
from voxcor.labels import LABEL_IDS
from voxcor.library.incoming import add
from voxcor.library.store import Library
from voxcor.sources import EXAMPLE

pytest.importorskip("lancedb", reason="the library extra is not installed")

pytestmark = pytest.mark.usefixtures("patience")

CORPUS = SHARED / "corpora" / "emodb"


A_HUNDRED_THOUSAND = 100_000


def clips(count: int) -> dict[str, list[str]]:
    """So many recordings of each speaker; none where the corpus is not there."""
    found: dict[str, list[str]] = {}
    if CORPUS.is_dir():
        with (CORPUS / "manifest.csv").open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                found.setdefault(row["speaker"], []).append(str(CORPUS / row["path"]))
    return {speaker: [*islice(paths, count)] for speaker, paths in found.items()}


@pytest.fixture(scope="module")
def library_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("library")
    library, recognizer = Library(home / "library"), Recognizer("small", threads=1)
    own = {
        "anna": [str(EXAMPLE)],
        "espeak": [str(VOICE), str(DATA / "heard" / "opus-chained.opus")],
    }
    for speaker, paths in {**own, **clips(6)}.items():
        list(add(library, paths, lambda: recognizer, speaker=speaker))
    return home


@pytest.fixture(scope="module")
def library(library_home: Path) -> Iterator[Server]:
    with serving(library_home) as running:
        # What opens it first waits until its packages are loaded.
        assert running.get("/v1/library/recordings").status_code == 200
        yield running


@pytest.fixture
def open_library(browser: Browser, library: Server) -> Iterator[OpenPage]:
    with visitors(browser, library) as opened:
        yield opened


def found(page: Page) -> list[str]:
    """What the hits say."""
    page.wait_for_selector(".hits[aria-busy=false] .item", timeout=SLOW_MS)
    return page.locator(".hits .item").all_inner_texts()


def search(page: Page, words: str, button: str = "Search") -> list[str]:
    page.get_by_role("searchbox").fill(words, timeout=SLOW_MS)
    # Until it is asked, the hits of the search before stand there as found.
    with page.expect_response("**/v1/library/search", timeout=SLOW_MS):
        page.get_by_role("button", name=button, exact=True).click()
    return found(page)


def look_at_map(page: Page, name: str) -> None:
    """A picture of what is in the window: what is drawn elsewhere is not in one of the page."""
    page.locator(".map-place").scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def share(page: Page, label: str) -> int:
    return int(page.get_by_label(re.compile(rf"^(Share of )?{label}\b.*")).input_value())


@pytest.mark.parametrize(
    ("language", "scheme", "size", "words", "leading"),
    [
        ("en-US", "light", DESKTOP, "furious but controlled", ["Angry", "Neutral"]),
        ("zh-CN", "dark", DESKTOP, "强颜欢笑", ["悲伤", "快乐"]),
        ("zh-CN", "light", PHONE, "强颜欢笑", ["悲伤", "快乐"]),
    ],
)
def test_words_find_speech(
    open_library: OpenPage,
    language: str,
    scheme: str,
    size: tuple[int, int],
    words: str,
    leading: list[str],
) -> None:
    page = open_library("library", language=language, scheme=scheme, size=size)
    hits = search(page, words, {"en-US": "Search", "zh-CN": "搜索"}[language])
    nearness = [int(number) for hit in hits for number in re.findall(r"(\d+)\s?%", hit)]
    # Each says once how similar it is, the nearest first.
    assert len(nearness) == len(hits)
    assert nearness == sorted(nearness, reverse=True)
    shares = {
        row.inner_text().split("\n")[0]: int(row.locator("input").input_value())
        for row in page.locator(".shares-moved label").all()
    }
    most = sorted(shares, key=lambda name: -shares[name])[:2]
    assert [next(name for name in leading if name in one) for one in most] == leading
    assert quote(words) in page.url
    page.wait_for_selector(".map-place canvas[data-drawn-ms]", timeout=SLOW_MS)
    page.locator(".map-place").scroll_into_view_if_needed()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-{language[:2]}-{scheme}-{size[0]}")
    look_at_map(page, f"library-map-{language[:2]}-{scheme}-{size[0]}")


def test_a_search_is_shared_reloaded_and_gone_back_to(
    open_library: OpenPage, library: Server
) -> None:
    page = open_library(f"library/{quote('a forced smile')}")
    first = found(page)
    expect(page.get_by_role("searchbox")).to_have_value("a forced smile")
    assert search(page, "angry 0.6 sad 0.4") != first
    page.reload()
    found(page)
    assert share(page, "Angry") == 60
    with page.expect_response("**/v1/library/search", timeout=SLOW_MS):
        page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("a forced smile")
    assert found(page) == first
    # A slash, a per cent sign and a question mark are words like others.
    search(page, "50/50? 100% sad")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("50/50? 100% sad")


def test_what_words_mean_is_changed_and_asked_again(open_library: OpenPage) -> None:
    page = open_library(f"library/{quote('furious but controlled')}")
    found(page)
    sad = page.get_by_label("Share of Sad")
    sad.focus()
    with page.expect_response("**/v1/library/search") as asked:
        page.keyboard.press("End")
    question = asked.value.request.post_data_json
    assert question["mixture"]["shares"]["sad"] == 1
    assert question["mixture"]["arousal"] == pytest.approx(0.28)
    assert "shares=sad%3A1" in page.url
    assert share(page, "Angry") == 0
    # The words stay where they are, and lead back to what they meant.
    expect(page.get_by_role("searchbox")).to_have_value("furious but controlled")
    with page.expect_response("**/v1/library/search") as asked:
        page.get_by_label("Arousal does not matter").click()
    assert asked.value.request.post_data_json["mixture"]["arousal"] is None
    page.get_by_role("button", name="As it was taken first").click()
    expect(page.get_by_label("Share of Angry")).to_have_value("48")


def test_the_point_of_arousal_and_valence_is_moved(open_library: OpenPage) -> None:
    page = open_library(f"library/{quote('furious but controlled')}")
    found(page)
    box = page.locator(".affect").bounding_box()
    assert box is not None
    with page.expect_response("**/v1/library/search") as asked:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=4)
        page.mouse.up()
    mixture = asked.value.request.post_data_json["mixture"]
    assert (mixture["arousal"], mixture["valence"]) == pytest.approx((0.5, 0.5), abs=0.02)
    expect(page.get_by_label("Arousal", exact=True)).to_have_value(
        str(round(100 * mixture["arousal"]))
    )


def test_filters_say_which_segments_count(open_library: OpenPage) -> None:
    page = open_library(f"library/{quote('calm')}")
    found(page)
    page.get_by_label("Speaker").first.select_option("espeak")
    others = page.locator(".hits .item").filter(has_not_text="espeak")
    expect(others).to_have_count(0)
    assert all("espeak" in hit for hit in found(page))
    page.reload()
    assert all("espeak" in hit for hit in found(page))
    page.get_by_label("Recorded before").fill("2001-01-01")
    page.get_by_label("Recorded before").blur()
    expect(page.locator(".hits .nothing")).to_contain_text("Nothing is like that")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".hits .nothing")).to_have_count(0)


def test_a_hit_is_heard_to_its_end_and_leads_on(open_library: OpenPage) -> None:
    page = open_library("library/angry/speaker=anna")
    found(page)
    row = page.locator(".hits .item", has_text="example.flac")
    row.get_by_role("button", name="Play").click()
    expect(row.get_by_role("button", name="Stop")).to_be_visible()
    expect(row.get_by_role("button", name="Play")).to_be_visible(timeout=SLOW_MS)
    row.get_by_role("button", name="More like").click()
    expect(page.locator(".asked-like")).to_have_text(re.compile("Like example.flac"))
    expect(page.locator(".hits .item", has_text="example.flac")).to_have_count(0)
    assert "segment=" in page.url


def test_a_clip_finds_itself(open_library: OpenPage) -> None:
    page = open_library("library")
    page.set_input_files(".search input[type=file]", EXAMPLE)
    assert "example.flac" in found(page)[0]
    # The browser keeps no file: a reload says so.
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("example.flac is not kept")


def test_a_dropped_clip_is_searched_by(open_library: OpenPage) -> None:
    page = open_library("library")
    page.wait_for_selector(".search", timeout=SLOW_MS)
    bytes_ = list(EXAMPLE.read_bytes())
    page.evaluate(
        """(bytes) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([new Uint8Array(bytes)], "example.flac"));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }""",
        bytes_,
    )
    assert "example.flac" in found(page)[0]
    assert "#library/" in page.url


Fresh = tuple[OpenPage, Server]


@pytest.fixture
def fresh(browser: Browser, tmp_path: Path) -> Iterator[Fresh]:
    """The page of a server whose library is empty."""
    with serving(tmp_path / "home") as service, visitors(browser, service) as open_page:
        yield open_page, service


def test_an_empty_library_is_filled_from_the_history_and_emptied(fresh: Fresh) -> None:
    open_page, service = fresh
    page = open_page("library")
    expect(page.locator("main")).to_contain_text("The library is empty")
    expect(page.locator("main code").last).to_have_text("voxcor library add")
    keep(page, "library-empty-en")
    page.get_by_role("button", name="Add all results").click()
    expect(page.get_by_text("History has no results yet.")).to_be_visible()
    service.recognize(name="trees.flac")
    service.recognize(EXAMPLE.read_bytes(), name="rivers.flac")
    page.get_by_role("button", name="Add all results").click()
    stock = page.locator(".stock .item")
    expect(stock).to_have_count(2, timeout=SLOW_MS)
    page.get_by_role("button", name="Remove trees.flac").click()
    expect(stock).to_have_count(2)
    page.get_by_role("button", name="Really remove trees.flac").click()
    expect(stock).to_have_count(1)
    expect(stock).to_contain_text("rivers.flac")
    names = [one["name"] for one in service.get("/v1/library/recordings").json()["recordings"]]
    assert names == ["rivers.flac"]


def test_a_result_goes_in_and_finds_what_is_similar(fresh: Fresh, tmp_path: Path) -> None:
    open_page, _ = fresh
    page = open_page()
    shutil.copy(VOICE, tmp_path / "trees.flac")
    recognise(page, tmp_path / "trees.flac", "segment")
    page.get_by_role("button", name="Add to the library").click()
    expect(page.locator(".added")).to_contain_text("In the library now.", timeout=SLOW_MS)
    keep(page, "library-result-en")
    place = page.url
    page.get_by_role("link", name="Find what is similar to 0:00.2").click()
    page.wait_for_url(re.compile(r"#library//result=\w+&start=\d+&end=\d+"))
    # Its own stretch is what is asked for: the other one is found.
    (hit,) = found(page)
    assert "0:04." in hit
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_url(place)
    page.get_by_role("link", name="Find similar", exact=True).click()
    expect(page.locator(".asked-like")).to_contain_text("Like")


def test_a_job_goes_in(fresh: Fresh) -> None:
    open_page, service = fresh
    page = open_page("queue")
    page.set_input_files(".queue input[type=file]", [VOICE, EXAMPLE])
    page.get_by_label("Extract embedding").check()
    page.get_by_role("button", name="Recognise").click()
    job = page.locator(".job").first
    expect(job.locator(".state-name")).to_have_text("done", timeout=SLOW_MS)
    job.get_by_role("button", name="Add to the library").click()
    expect(job.locator(".added")).to_be_visible(timeout=SLOW_MS)
    assert service.get("/v1/library/recordings").json()["total"] == 2


def test_without_its_packages_it_says_what_they_bring(open_page: OpenPage) -> None:
    page = open_page()
    command = 'pip install "voxcor[library]"'
    document = {
        "installed": False,
        "tables": [],
        "extra": {"missing_mb": 600, "command": command},
    }
    page.route("**/v1/library", lambda route: route.fulfill(json=document))
    page.get_by_role("link", name="Library").click()
    lead = page.locator(".library-lead")
    expect(lead.locator("code")).to_have_text(command)
    expect(lead).to_contain_text("600 MB")
    assert violations(page) == []
    keep(page, "library-not-installed-en")


def test_its_code_comes_when_it_is_opened(open_library: OpenPage) -> None:
    page = open_library()
    loaded = "performance.getEntries().filter((e) => e.name.includes('/static/library/')).length"
    assert page.evaluate(loaded) == 0
    page.get_by_role("link", name="Library").click()
    page.wait_for_selector(".search", timeout=SLOW_MS)
    assert page.evaluate(loaded) > 5


def mapped(page: Page) -> dict[str, list]:
    """The map that the page has drawn."""
    page.wait_for_selector(".map-place canvas[data-drawn-ms]", timeout=SLOW_MS)
    page.locator(".map-place").scroll_into_view_if_needed()
    url = page.url.split("#")[0]
    asked = {"model": None, "filters": {}, "by_speaker": False}
    columns: dict[str, list] = page.request.post(f"{url}v1/library/map", data=asked).json()
    return columns


def place_of(page: Page, columns: dict[str, list], index: int) -> tuple[float, float]:
    """Where a point of the map lies in the window."""
    box = page.locator(".map-place canvas").bounding_box()
    assert box is not None
    scale = min(box["width"], box["height"]) / 2.1
    across = box["x"] + box["width"] / 2 + columns["x"][index] * scale
    return across, box["y"] + box["height"] / 2 - columns["y"][index] * scale


def lasso(page: Page) -> None:
    """Round the whole map."""
    page.get_by_role("button", name="Lasso").click()
    box = page.locator(".map-place canvas").bounding_box()
    assert box is not None
    left, top = box["x"] + 2, box["y"] + 2
    right, bottom = box["x"] + box["width"] - 2, box["y"] + box["height"] - 2
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top + 9)):
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def test_a_click_on_the_map_plays_what_is_there(open_library: OpenPage) -> None:
    page = open_library("library")
    columns = mapped(page)
    # The one that is furthest out lies alone.
    index = max(
        range(len(columns["ids"])), key=lambda i: abs(columns["x"][i]) + abs(columns["y"][i])
    )
    where = place_of(page, columns, index)
    page.mouse.move(*where)
    expect(page.locator(".pointed-at > div")).to_be_visible()
    with page.expect_response("**/audio") as heard:
        page.mouse.click(*where)
    assert heard.value.status in (200, 206)
    named = page.locator(".pointed-at").inner_text()
    document = page.request.get(heard.value.url.removesuffix("/audio")).json()
    assert document["name"] in named


def test_a_lasso_selects_lists_and_searches(open_library: OpenPage, library: Server) -> None:
    page = open_library("library")
    columns = mapped(page)
    lasso(page)
    selection = page.locator(".selection")
    expect(selection.get_by_role("status").first).to_have_text(f"{len(columns['ids'])} selected")
    look_at_map(page, "library-selection-en")
    # What is hidden is not selected.
    counts = [columns["emotion"].count(place) for place in range(len(columns["labels"]))]
    most = counts.index(max(counts))
    name = columns["labels"][most].capitalize()
    page.locator(".map .legend button", has_text=name).click()
    expect(selection).to_have_count(0)
    lasso(page)
    expect(selection.get_by_role("status").first).to_have_text(
        f"{len(columns['ids']) - counts[most]} selected"
    )
    selection.get_by_role("button", name="List").click()
    expect(selection.locator(".item").first).to_be_visible()
    selection.get_by_role("button", name="Like these").click()
    found(page)
    assert "shares=" in page.url


@pytest.mark.parametrize("kind", ["CSV", "JSONL"])
def test_a_selection_is_a_file(open_library: OpenPage, kind: str) -> None:
    page = open_library("library")
    columns = mapped(page)
    lasso(page)
    with page.expect_download() as waiting:
        page.locator(".selection").get_by_role("button", name=kind, exact=True).click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    rows = [*csv.DictReader(text.splitlines())] if kind == "CSV" else text.splitlines()
    assert len(rows) == len(columns["ids"])
    if kind == "JSONL":
        assert {json.loads(row)["segment"] for row in rows} == set(columns["ids"])


def test_the_map_is_used_by_keys(open_library: OpenPage) -> None:
    page = open_library("library")
    columns = mapped(page)
    tab_to(page, "Map of")
    for key in ("ArrowRight", "ArrowLeft", "-", "+", "0", "r"):
        page.keyboard.press(key)
    status = page.locator(".selection").get_by_role("status").first
    expect(status).to_have_text(f"{len(columns['ids'])} selected")
    expect(page.locator(".pointed-at > div")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".selection")).to_have_count(0)
    with page.expect_response("**/audio"):
        page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("+")
    page.keyboard.press("r")
    all_of_them = page.locator(".selection", has_text=f"{len(columns['ids'])} selected")
    expect(all_of_them).to_have_count(0)


def synthetic(route: Route) -> None:
    """A map of a hundred thousand segments, in forty groups."""
    draw = random.Random(7)
    emotion = [draw.randrange(len(LABEL_IDS)) for _ in range(A_HUNDRED_THOUSAND)]
    middles = [(draw.uniform(-0.8, 0.8), draw.uniform(-0.8, 0.8)) for _ in range(40)]
    groups = [draw.choice(range(of, 40, len(LABEL_IDS))) for of in emotion]
    spread = [(draw.gauss(0, 0.06), draw.gauss(0, 0.06)) for _ in groups]
    route.fulfill(
        json={
            "map": "synthetic",
            "labels": LABEL_IDS,
            "speakers": ["ann", "ben"],
            "x": [round(middles[g][0] + x, 4) for g, (x, _) in zip(groups, spread, strict=True)],
            "y": [round(middles[g][1] + y, 4) for g, (_, y) in zip(groups, spread, strict=True)],
            "emotion": emotion,
            "speaker": [draw.choice([-1, 0, 1]) for _ in emotion],
            "ids": [f"{index:016x}@0-1" for index in range(A_HUNDRED_THOUSAND)],
        }
    )


def test_a_hundred_thousand_points_are_moved_and_selected(open_library: OpenPage) -> None:
    page = open_library()
    page.route("**/v1/library/map", synthetic)
    page.get_by_role("link", name="Library").click()
    canvas = page.locator(".map-place canvas[data-drawn-ms]")
    canvas.wait_for(timeout=SLOW_MS)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    took = []
    page.mouse.move(box["x"] + 500, box["y"] + 300)
    for turn in range(20):
        page.mouse.wheel(0, -60 if turn % 2 else 60)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
        took.append(float(canvas.get_attribute("data-drawn-ms") or "nan"))
    print(f"\na frame of 100,000 points: {sorted(took)[10]} ms, the fastest {min(took)} ms")
    look_at_map(page, "library-100000-en")
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Select what is visible").click()
    status = page.locator(".selection").get_by_role("status").first
    expect(status).to_have_text("100000 selected")
    page.get_by_role("button", name="Speaker", exact=True).click()
    expect(page.locator(".map .legend button", has_text="ben")).to_be_visible()
    page.locator(".map .legend button", has_text="ben").click()
    expect(page.locator(".selection")).to_have_count(0)


@pytest.fixture
def labelled_page(open_library: OpenPage, library: Server) -> Iterator[OpenPage]:
    """Whatever is said here is taken back."""
    yield open_library
    for who in (None, "Ann"):
        form = {"segments": [*labels_in(library)], "annotator": who}
        library.request("DELETE", "/v1/library/labels", json=form).raise_for_status()


def labels_in(library: Server) -> dict[str, str | None]:
    """The label of every segment, by their ids."""
    asked = {"query": "calm", "limit": 200}
    hits = library.post("/v1/library/search", json=asked).json()["hits"]
    return {one["id"]: one["label"] for one in hits}


def is_told(page: Page, what: str) -> None:
    expect(page.locator(".corrections .saved").first).to_have_text(what)


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [
        ("en-US", "light", DESKTOP),
        ("zh-CN", "dark", DESKTOP),
        ("zh-CN", "light", PHONE),
        ("en-US", "dark", PHONE),
    ],
)
def test_a_hit_is_put_right_and_stays_so(
    labelled_page: OpenPage, language: str, scheme: str, size: tuple[int, int]
) -> None:
    page = labelled_page("library/angry", language=language, scheme=scheme, size=size)
    is_english = language == "en-US"
    found(page)
    row = page.locator(".hits .item").first
    segment = row.get_attribute("data-id")
    before = row.locator("b").inner_text()
    row.locator(".edit").click()
    menu = row.locator("select")
    expect(menu).to_be_focused()
    menu.select_option("surprised")
    is_told(page, "1 segment labelled" if is_english else "已标注 1 个语段")
    expect(row.locator("b")).to_contain_text("Surprised" if is_english else "惊讶")
    expect(row.locator(".badge")).to_have_text("relabelled" if is_english else "已更正")
    expect(row.locator("s")).to_contain_text(before)
    # The next one is right, the one after it wrong.
    for place, mark in ((1, 0), (2, 1)):
        page.locator(".hits .item").nth(place).locator(".judge button").nth(mark).click()
        expect(page.locator(".hits .item").nth(place).locator(".badge")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    keep(page, f"library-labels-{language[:2]}-{scheme}-{size[0]}")
    page.reload()
    found(page)
    again = page.locator(f".hits .item[data-id='{segment}']")
    expect(again.locator("b")).to_contain_text("Surprised" if is_english else "惊讶")
    expect(again.locator("s")).to_contain_text(before)
    again.locator(".edit").click()
    again.get_by_role(
        "button", name="As the model has it" if is_english else "恢复模型结果"
    ).click()
    expect(again.locator("b")).to_have_text(before)
    expect(again.locator(".badge")).to_have_count(0)


def test_hits_are_put_right_by_keys_and_taken_back(labelled_page: OpenPage) -> None:
    page = labelled_page("library/angry")
    found(page)
    row = page.locator(".hits .item").first
    row.get_by_role("button", name="Play").focus()
    page.keyboard.press("r")
    expect(row.locator(".badge")).to_have_text("confirmed")
    expect(row.get_by_role("button", name="is right")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("w")
    expect(row.locator(".badge")).to_have_text("relabelled")
    expect(row.locator("b")).to_contain_text("Unknown")
    page.keyboard.press("Control+z")
    expect(row.locator(".badge")).to_have_text("confirmed")
    page.keyboard.press("Control+z")
    expect(row.locator(".badge")).to_have_count(0)
    page.keyboard.press("Control+Shift+Z")
    expect(row.locator(".badge")).to_have_text("confirmed")
    page.keyboard.press("c")
    expect(row.locator("select")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row.locator("select")).to_have_count(0)
    expect(row.locator(".edit")).to_be_focused()
    # Any other label, too.
    page.keyboard.press("c")
    row.locator("select").select_option(label="Another label…")
    row.get_by_label("Label", exact=True).fill("ironic")
    page.keyboard.press("Enter")
    expect(row.locator("b")).to_contain_text("ironic", ignore_case=True)


def test_those_who_disagree_are_shown(labelled_page: OpenPage, library: Server) -> None:
    page = labelled_page("library/angry")
    found(page)
    row = page.locator(".hits .item").first
    segment = row.get_attribute("data-id")
    form = {"segments": [segment], "label": "sad", "annotator": "Ann"}
    library.request("PUT", "/v1/library/labels", json=form).raise_for_status()
    page.reload()
    found(page)
    expect(row.locator("b")).to_contain_text("Sad")
    # Of whoever has said nothing yet nothing is taken back.
    expect(row.get_by_role("button", name="is wrong")).to_have_attribute("aria-pressed", "false")
    row.get_by_role("button", name="is wrong").click()
    expect(row).to_contain_text("unnamed: Wrong · Ann: Sad")
    expect(row.locator("b")).to_contain_text("Sad")
    page.get_by_label("Your name").first.fill("Ann")
    row.locator(".edit").click()
    row.get_by_role("button", name="As the model has it").click()
    expect(row.locator("b")).to_contain_text("Unknown")


@pytest.mark.parametrize(
    ("language", "scheme", "size"),
    [("en-US", "light", DESKTOP), ("zh-CN", "dark", PHONE)],
)
def test_a_selection_is_labelled_at_once(
    labelled_page: OpenPage,
    library: Server,
    language: str,
    scheme: str,
    size: tuple[int, int],
) -> None:
    page = labelled_page("library", language=language, scheme=scheme, size=size)
    is_english = language == "en-US"
    columns = mapped(page)
    count = len(columns["ids"])
    labels = labels_in(library)
    visible = {"en-US": "Select what is visible", "zh-CN": "选中可见部分"}[language]
    page.get_by_role("button", name=visible).click()
    selection = page.locator(".selection")
    selection.locator("select").select_option("surprised")
    question = selection.get_by_role("group")
    expect(question).to_contain_text(str(count))
    expect(question.locator(".primary")).to_be_focused()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    selection.scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"library-label-all-{language[:2]}-{size[0]}.png")
    # A question is not an answer.
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert labels_in(library) == labels
    selection.locator("select").select_option("surprised")
    expect(question.locator(".primary")).to_be_focused()
    page.keyboard.press("Enter")
    is_told(page, f"{count} segments labelled" if is_english else f"已标注 {count} 个语段")
    assert {*labels_in(library).values()} == {"surprised"}
    # The map has their colour, and the list says so.
    surprised = "Surprised" if is_english else "惊讶"
    expect(page.locator(".map .legend button")).to_have_count(1)
    expect(page.locator(".map .legend button")).to_contain_text(surprised)
    selection.get_by_role("button", name="List" if is_english else "列出").click()
    expect(selection.locator(".item b").first).to_contain_text(surprised)
    look_at_map(page, f"library-labelled-{language[:2]}-{size[0]}")
    selection.get_by_role("button", name="Undo" if is_english else "撤销").click()
    is_told(page, "Undone" if is_english else "已撤销")
    assert labels_in(library) == labels


def test_labels_are_downloaded_as_a_training_list(labelled_page: OpenPage) -> None:
    page = labelled_page("library/angry")
    found(page)
    row = page.locator(".hits .item").first
    row.get_by_role("button", name="is right").click()
    is_told(page, "1 segment labelled")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="All labels as a training list").first.click()
    assert waiting.value.suggested_filename == "labels.csv"
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    (listed,) = csv.DictReader(text.splitlines())
    assert listed["verdict"] == "right"


def test_what_cannot_be_kept_is_told_and_nothing_is_shown_as_said(
    labelled_page: OpenPage,
) -> None:
    page = labelled_page("library/angry")
    found(page)
    row = page.locator(".hits .item").first
    problem = {"code": "disk_full", "message": "The disk is full.", "details": {}}
    page.route("**/v1/library/labels", lambda route: route.fulfill(status=507, json=problem))
    row.get_by_role("button", name="is wrong").click()
    expect(page.get_by_role("alert")).to_have_text("The disk is full.")
    expect(row.locator(".badge")).to_have_count(0)
