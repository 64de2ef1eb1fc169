"""The recording to listen to and to look at: what plays, by mouse and by keys, and how close."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from places import VOICE
from serving import Server
from visiting import DESKTOP, PHONE, SCREENSHOTS, OpenPage, keep, recognise, violations

SPANS = [(0.19, 4.19), (4.67, 8.06)]  # of speech in VOICE, seconds


def listening(open_page: OpenPage, granularity: str = "segment", **visitor: object) -> Page:
    """A result of VOICE whose player is ready."""
    page = open_page(**visitor)
    recognise(page, VOICE, granularity)
    page.wait_for_selector(".waveform canvas >> nth=0")
    return page


def time_of(page: Page) -> float:
    return float(page.locator(".seek").input_value())


def stopped_at(page: Page, second: float) -> None:
    """Waits until it has played to this second, and stopped there."""
    page.wait_for_function(
        """(second) => document.querySelector(".transport [aria-label=Play]")
            && Math.abs(document.querySelector(".seek").value - second) < 0.11""",
        arg=second,
    )


def test_a_region_stops_at_its_end(open_page: OpenPage) -> None:
    page = listening(open_page)
    page.get_by_role("button", name="Select a region").click()
    page.get_by_label("End of the region").fill("1.2")
    page.get_by_label("End of the region").blur()
    page.locator(".region").get_by_role("button", name="Play").click()
    stopped_at(page, 1.2)


def test_a_region_that_loops_begins_again(open_page: OpenPage) -> None:
    page = listening(open_page)
    page.get_by_role("button", name="Select a region").click()
    page.get_by_label("End of the region").fill("0.8")
    page.get_by_label("End of the region").blur()
    page.evaluate(
        """() => {
            const media = HTMLMediaElement.prototype;
            const { set, get } = Object.getOwnPropertyDescriptor(media, "currentTime");
            window.sought = 0;
            const count = function (time) { window.sought++; set.call(this, time); };
            Object.defineProperty(media, "currentTime", { get, set: count });
        }"""
    )
    page.get_by_role("button", name="Loop").click()
    page.locator(".region").get_by_role("button", name="Play").click()
    page.wait_for_function("() => window.sought >= 3")
    page.get_by_role("button", name="Loop").click()
    stopped_at(page, 0.8)


@pytest.mark.parametrize(("place", "segment"), [("table", 1), ("strip", 1), ("moments", 0)])
def test_a_click_on_a_segment_plays_it_to_its_end(
    open_page: OpenPage, place: str, segment: int
) -> None:
    page = listening(open_page)
    page.get_by_label("Speed").select_option("2")
    if place == "table":
        page.get_by_role("button", name=re.compile(r"^Play 0:04\.7")).click()
    elif place == "strip":
        page.locator(".lanes .strip div").nth(1).click()
    else:
        page.locator(".moments button").first.click()
    stopped_at(page, SPANS[segment][1])


def test_after_it_stopped_it_plays_on(open_page: OpenPage) -> None:
    page = listening(open_page)
    page.get_by_label("Speed").select_option("2")
    page.locator(".lanes .strip div").first.click()
    stopped_at(page, SPANS[0][1])
    page.locator(".transport [aria-label=Play]").click()
    page.wait_for_function("() => document.querySelector('.seek').value > 4.5")


def test_the_keys_of_players(open_page: OpenPage) -> None:
    page = listening(open_page)
    page.locator(".looks").click(position={"x": 400, "y": 10})
    page.keyboard.press("l")
    assert time_of(page) == pytest.approx(8.1, abs=0.1)
    page.keyboard.press("ArrowLeft")
    assert time_of(page) == pytest.approx(3.1, abs=0.15)
    page.keyboard.press("ArrowRight")
    assert time_of(page) == pytest.approx(8.1, abs=0.15)
    page.keyboard.press("j")
    assert time_of(page) == pytest.approx(0.1, abs=0.1)
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.locator(".transport [aria-label=Play]")).to_be_visible()


def test_controls_keep_their_keys(open_page: OpenPage) -> None:
    page = listening(open_page)
    page.get_by_role("button", name="Select a region").click()
    edge = page.get_by_label("Start of the region")
    edge.focus()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    page.keyboard.press("5")
    expect(edge).to_have_value("0.5")
    for key in (" ", "ArrowLeft", "k", "j", "l"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    assert time_of(page) == pytest.approx(0.1, abs=0.1)
    # A button is pressed by space; nothing plays.
    page.get_by_role("button", name="Stacked").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Stacked")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Volume").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Volume")).to_have_value("0.95")
    assert time_of(page) == pytest.approx(0.1, abs=0.1)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    # Nor do keys act from elsewhere on the page.
    page.get_by_role("button", name="Example, spoken angrily").focus()
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_speed_and_volume_reach_what_plays(open_page: OpenPage) -> None:
    page = open_page()
    page.add_init_script(
        "const { Audio } = window; window.Audio = function (...all) {"
        " return window.audio = new Audio(...all); };"
    )
    page.reload()
    page.wait_for_selector(".state .on")
    recognise(page, VOICE, "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    page.get_by_label("Speed").select_option("1.5")
    page.get_by_label("Volume").fill("0.25")
    wanted = {"rate": 1.5, "volume": 0.25, "pitch": True}
    told = "({ rate: audio.playbackRate, volume: audio.volume, pitch: audio.preservesPitch })"
    assert page.evaluate(told) == wanted
    # The next recording plays alike.
    recognise(page, VOICE, "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    assert page.evaluate(told) == wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("look", ["Lines", "Stacked"])
def test_the_curve_tells_what_is_pointed_at(
    open_page: OpenPage, service: Server, look: str, scheme: str
) -> None:
    page = listening(open_page, scheme=scheme)
    page.get_by_role("button", name=look).click()
    document = service.get("/v1/results?limit=1").json()["results"][0]
    over = page.locator(".curve .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    over.hover(position={"x": 0.8 * box["width"], "y": 60})
    told = page.locator(".hovered")
    expect(told).to_contain_text(re.compile(r"0:06\.\d"))
    best = sorted(document["segments"][1]["scores"].values(), reverse=True)[:3]
    for score in best:
        expect(told).to_contain_text(f"{score:.1%}")
    # A screenshot of the whole page would move the pointer out.
    page.screenshot(path=SCREENSHOTS / f"hover-{look}-{scheme}.png")
    page.mouse.move(0, 0)
    expect(told).to_have_count(0)


@pytest.fixture(scope="session")
def long(service: Server) -> dict:
    """The result of five minutes and a half: longer than a screen shows in detail."""
    samples, rate = soundfile.read(VOICE)
    pause = np.zeros(rate // 2)
    content = io.BytesIO()
    soundfile.write(
        content, np.concatenate([samples, pause] * 38), rate, format="MP3", compression_level=0.9
    )
    made = service.recognize(content.getvalue(), "long.mp3", granularity="segment")
    assert made.status_code == 200
    return made.json()


def look_at(page: Page, document: dict) -> None:
    """Opens a result of the past."""
    page.locator(".list").get_by_role("button", name=document["audio"]["name"]).first.click()
    page.wait_for_selector(".player .u-over")
    page.wait_for_selector(".waveform canvas >> nth=0")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_long_recording_has_an_overview_a_filter_and_its_peaks(
    open_page: OpenPage, long: dict, size: tuple[int, int]
) -> None:
    page = open_page("history", size=size)
    look_at(page, long)
    expect(page.get_by_role("button", name="Stacked")).to_have_attribute("aria-pressed", "true")
    keep(page, f"long-{size[0]}")
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    overview = page.get_by_label("Part of the recording that is shown")
    expect(overview).to_have_value(re.compile(r"^0\.\d+$"))
    overview.focus()
    page.keyboard.press("End")
    expect(overview).to_have_attribute("aria-valuetext", re.compile(r"^4:\d\d\.\d – 5:\d\d\.\d$"))
    # The same part is seen in the strip.
    first = page.locator(".lanes .strip div").first.get_attribute("title") or ""
    assert first.startswith("4:")
    page.locator(".segments summary").click()
    chosen = long["segments"][0]["emotion"]
    page.locator(".segments select").select_option(chosen)
    ours = [segment for segment in long["segments"] if segment["emotion"] == chosen]
    rows = page.locator(".segments tbody tr")
    expect(rows).to_have_count(len(ours))
    assert len(ours) < len(long["segments"])
    page.locator(".segments thead").get_by_role("button", name="Confidence").click()
    expect(page.locator(".segments th[aria-sort=descending]")).to_have_count(1)
    peaks = sorted((segment["confidence"] for segment in ours), reverse=True)
    said = [re.findall(r"[\d.]+%", row)[0] for row in rows.all_inner_texts()]
    assert said == [f"{peak:.1%}" for peak in peaks]
    # The curve shows this emotion, the legend and the shares say so.
    expect(page.locator(".legend [aria-pressed=true]")).to_have_count(1)
    expect(page.locator(".share-list [aria-pressed=true]")).to_have_count(1)
    keep(page, f"long-zoomed-{size[0]}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    page.locator(".share-list [aria-pressed=true]").click()
    expect(rows).to_have_count(len(long["segments"]))


def test_the_spectrogram_is_loaded_on_demand_and_of_what_is_visible(
    open_page: OpenPage, tmp_path: Path
) -> None:
    # A tone of 2 kHz over the voice's first half: a line at a quarter of the height.
    samples, rate = soundfile.read(VOICE)
    half = np.arange(len(samples) // 2) / rate
    samples[: len(half)] += 0.5 * np.sin(2 * np.pi * 2000 * half)
    soundfile.write(tmp_path / "tone.wav", samples / 2, rate, subtype="PCM_16")
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".more summary").click()
    page.get_by_label("Any sound").check()
    page.get_by_label("Trim silence").uncheck()
    recognise(page, tmp_path / "tone.wav", "segment")
    page.wait_for_selector(".waveform canvas >> nth=0")
    assert not any("spectrogram" in url for url in asked)
    page.get_by_role("button", name="Spectrogram").click()
    page.wait_for_selector(".spectrogram canvas[data-drawn]")
    assert any(url.endswith("spectrogram.js") for url in asked)
    row, height = page.evaluate(
        """() => {
            const canvas = document.querySelector(".spectrogram canvas");
            const at = Math.round(canvas.width / 4);
            const column = canvas.getContext("2d").getImageData(at, 0, 1, canvas.height).data;
            let best = 0;
            for (let y = 0; y < canvas.height; y++)
                if (column[4 * y + 3] > column[4 * best + 3]) best = y;
            return [best, canvas.height];
        }"""
    )
    assert 1 - row / height == pytest.approx(2000 / 8000, abs=0.02)
    keep(page, "spectrogram")
    drawn = page.locator(".spectrogram canvas").get_attribute("data-drawn")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".spectrogram canvas")).not_to_have_attribute("data-drawn", drawn or "")
    assert violations(page) == []


def test_too_much_for_a_spectrogram_says_to_zoom_in(open_page: OpenPage, long: dict) -> None:
    page = open_page("history", language="zh-CN")
    look_at(page, long)
    page.get_by_role("button", name="频谱图").click()
    expect(page.locator(".spectrogram")).to_contain_text("放大到 5 分钟以内")
    page.get_by_role("button", name="放大").click()
    page.wait_for_selector(".spectrogram canvas[data-drawn]")
    expect(page.locator(".spectrogram p")).to_have_count(0)
    keep(page, "spectrogram-zh")


def test_the_stack_of_frames_is_the_mean_of_what_shares_a_pixel(
    open_page: OpenPage, service: Server
) -> None:
    page = listening(open_page, "frame")
    stacked = page.evaluate(
        """async (path) => {
            const { columnsOf, stackOf, loadCurve } = await import("./static/player/curve.js");
            const result = (await (await fetch("v1/results?limit=1")).json()).results[0];
            const curve = await loadCurve(result, `v1/results/${result.id}/files/frames.csv`);
            const rows = columnsOf(curve, 0, 9, 40);
            const all = stackOf(rows, curve.labels.map(() => true));
            const first = stackOf(rows, curve.labels.map((_, index) => index === 0));
            return { all: all[1], first: first[1], alone: rows[1] };
        }"""
    )
    assert 30 < len(stacked["all"]) <= 50
    assert stacked["all"] == pytest.approx([1] * len(stacked["all"]), abs=1e-3)
    assert stacked["first"] == stacked["alone"]
    frames = service.get(
        f"/v1/results/{service.get('/v1/results?limit=1').json()['results'][0]['id']}"
        "/files/frames.csv"
    ).text
    column = np.loadtxt(io.StringIO(frames), delimiter=",", skiprows=1, usecols=1)
    each = len(column) // 40
    assert stacked["alone"][0] == pytest.approx(column[:each].mean(), abs=1e-6)
