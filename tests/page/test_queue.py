"""Many recordings on the page: a job of the server, followed here, found again after a reload."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Locator, Page, expect

from audio_files import speech
from batches import write_calls
from places import VOICE
from serving import Server, serving, wait_until
from visiting import DESKTOP, PHONE, OpenPage, keep, tab_to, violations, visitors
from voxcor.errors import NotAudio
from voxcor.labels import LABEL_IDS

JOB_MS = 60_000


@pytest.fixture
def ten_files(tmp_path: Path) -> list[Path]:
    """Nine recordings and a letter."""
    paths = [tmp_path / f"call {number:02}.flac" for number in range(1, 10)]
    for path in paths:
        shutil.copy(VOICE, path)
    letter = tmp_path / "=letter.mp3"
    letter.write_text("Dear Sir or Madam, this is no recording. " * 50)
    return [*paths, letter]


def begin(page: Page, paths: list[Path], button: str = "Recognise") -> Locator:
    """Makes the files a job; its place on the page."""
    page.set_input_files(".queue input[type=file]", paths)
    page.get_by_role("button", name=button).click()
    expect(page.locator(".chosen")).to_have_count(0)
    return page.locator(".job").first


def latest(service: Server) -> str:
    newest: str = service.get("/v1/jobs").json()["jobs"][0]["id"]
    return newest


def downloaded(page: Page, job: Locator, name: str) -> bytes:
    with page.expect_download() as waiting:
        job.get_by_role("link", name=name).click()
    return Path(waiting.value.path()).read_bytes()


def test_ten_files_are_a_job_and_make_a_table(
    open_page: OpenPage, service: Server, ten_files: list[Path]
) -> None:
    page = open_page()
    before = len(service.get("/v1/jobs").json()["jobs"])
    # Many files at once go to the queue, wherever they are given.
    page.set_input_files(".drop input[type=file]", ten_files)
    expect(page.get_by_role("status").last).to_contain_text("10 chosen")
    page.get_by_role("button", name="Recognise").click()
    job = page.locator(".job").first
    expect(job.get_by_role("status")).to_have_text("10 of 10", timeout=JOB_MS)
    expect(job.locator(".item.done")).to_have_count(9)
    expect(job.locator(".item.failed")).to_contain_text("=letter.mp3")
    expect(job.locator(".item.failed .problem")).to_have_text(
        "Is not audio in any format that can be decoded."
    )
    expect(job.locator(".item.failed .problem")).to_have_attribute(
        "title", NotAudio(name="=letter.mp3").message
    )
    expect(job.locator(".state-name")).to_have_text("done")
    assert len(service.get("/v1/jobs").json()["jobs"]) == before + 1
    keep(page, "queue-en")
    table = downloaded(page, job, "results.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len(rows) == 10
    for row in rows[:9]:
        assert float(row[f"score_{row['emotion']}"]) == float(row["confidence"])
        assert sum(float(row[f"score_{label}"]) for label in LABEL_IDS) == pytest.approx(
            1, abs=1e-5
        )
    # A spreadsheet would run it as a formula.
    assert (rows[9]["path"], rows[9]["code"]) == ("'=letter.mp3", "not_audio")
    lines = downloaded(page, job, "results.jsonl").decode().splitlines()
    assert len([json.loads(line) for line in lines]) == 10
    archive = zipfile.ZipFile(io.BytesIO(downloaded(page, job, "archive.zip")))
    assert {"voxcor/results.csv", "voxcor/results.jsonl"} <= {*archive.namelist()}


def test_the_scores_of_a_recording_open_and_close(
    open_page: OpenPage, service: Server, ten_files: list[Path]
) -> None:
    page = open_page("queue")
    job = begin(page, ten_files[:1])
    verdict = job.locator(".item.done .verdict")
    verdict.click()
    items = service.get(f"/v1/jobs/{latest(service)}/items").json()["items"]
    scores = items[0]["documents"][0]["scores"]
    shown = job.locator(".scores .bars td.number:not(.faint)")
    expect(shown).to_have_text([f"{score:.1%}" for score in scores.values()])
    keep(page, "queue-scores-en")
    verdict.click()
    expect(shown).to_have_count(0)


def test_only_what_failed_can_be_looked_at(open_page: OpenPage, ten_files: list[Path]) -> None:
    page = open_page("queue")
    job = begin(page, ten_files[-3:])
    expect(job.get_by_role("status")).to_have_text("3 of 3", timeout=JOB_MS)
    job.get_by_role("button", name="Failed", exact=True).click()
    expect(job.locator(".item")).to_have_count(1)
    job.get_by_role("button", name="All", exact=True).click()
    expect(job.locator(".item")).to_have_count(3)


def test_each_channel_of_a_recording_has_its_answer(open_page: OpenPage, tmp_path: Path) -> None:
    stereo = np.column_stack([speech(2, seed=1), speech(2, seed=2)])
    soundfile.write(tmp_path / "call.wav", stereo, 16_000)
    page = open_page("queue")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Separate channels").check()
    job = begin(page, [tmp_path / "call.wav"])
    expect(job.locator(".verdict")).to_have_count(2, timeout=JOB_MS)
    expect(job.locator(".verdict").last).to_contain_text("channel 2")


def test_a_channel_without_an_answer_is_named_beside_the_other(
    open_page: OpenPage, tmp_path: Path
) -> None:
    silence = np.zeros(2 * 16_000)
    soundfile.write(tmp_path / "call.wav", np.column_stack([speech(2), silence]), 16_000)
    soundfile.write(tmp_path / "none.wav", np.column_stack([silence, silence]), 16_000)
    page = open_page("queue")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Separate channels").check()
    job = begin(page, [tmp_path / "call.wav", tmp_path / "none.wav"])
    one = job.locator(".item", has_text="call.wav")
    expect(one.locator(".verdict")).to_contain_text("channel 1", timeout=JOB_MS)
    expect(one.locator(".problem")).to_have_text(
        "channel 2 No speech was found, so no emotion is given."
    )
    none = job.locator(".item", has_text="none.wav")
    expect(none.locator(".problem")).to_contain_text(["channel 1", "channel 2"], timeout=JOB_MS)


def test_a_job_goes_on_without_the_page_and_is_found_again(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    page = open_page("queue")
    begin(page, write_calls(tmp_path / "many", 60))
    job_id = latest(service)
    page.goto("about:blank")
    wait_until(lambda: service.get(f"/v1/jobs/{job_id}").json()["progress"]["done"] > 5)
    page.goto(f"{service.url}/#queue")
    job = page.locator(".job").first
    expect(job.get_by_role("status")).to_have_text("60 of 60", timeout=JOB_MS)
    expect(job.locator(".item.done")).to_have_count(60)
    page.reload()
    expect(page.locator(".job").first.locator(".item.done")).to_have_count(60)


def test_a_job_is_followed_past_a_kill_of_the_server(browser: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    paths = write_calls(tmp_path / "many", 60)
    with serving(home) as first, visitors(browser, first) as open_page:
        page = open_page("queue")
        job = begin(page, paths)
        expect(job.locator(".item.done").nth(3)).to_be_visible(timeout=JOB_MS)
        port = int(first.url.rpartition(":")[2])
        first.process.kill()
        first.process.wait()
        with serving(home, "--port", str(port)) as second:
            assert second.url == first.url
            expect(job.get_by_role("status")).to_have_text("60 of 60", timeout=JOB_MS)
            expect(job.locator(".item.done")).to_have_count(60)


def test_a_job_is_cancelled_and_deleted(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    page = open_page("queue")
    job = begin(page, write_calls(tmp_path / "many", 120))
    expect(job.locator(".item.done").first).to_be_visible(timeout=JOB_MS)
    job.get_by_role("button", name="Cancel the job").click()
    expect(job.locator(".state-name")).to_have_text("cancelled")
    expect(job.get_by_role("link", name="results.csv")).to_be_visible()
    job_id = latest(service)
    job.get_by_role("button", name="Delete the job").click()
    job.get_by_role("button", name="Really delete the job").click()
    wait_until(lambda: service.get(f"/v1/jobs/{job_id}").status_code == 404, "the deletion")
    expect(page.locator(f"a[href*='{job_id}']")).to_have_count(0)


def test_what_the_server_refuses_is_said_and_the_files_stay(
    browser: Browser, tmp_path: Path, ten_files: list[Path]
) -> None:
    big = tmp_path / "big.wav"
    big.write_bytes(bytes(2_500_000))
    with (
        serving(tmp_path / "home", VOXCOR_MAX_JOB_MB="1", VOXCOR_MAX_UPLOAD_MB="1") as service,
        visitors(browser, service) as open_page,
    ):
        page = open_page("queue")
        page.set_input_files(".queue input[type=file]", [big, ten_files[0]])
        page.get_by_role("button", name="Recognise").click()
        expect(page.get_by_role("alert")).to_contain_text("1 MB")
        expect(page.locator(".chosen li")).to_have_count(2)
        page.get_by_role("button", name="Remove big.wav").click()
        job = begin(page, [])
        expect(job.get_by_role("status")).to_have_text("1 of 1", timeout=JOB_MS)


def test_recordings_are_searched_sorted_and_counted(
    open_page: OpenPage, service: Server, tmp_path: Path
) -> None:
    paths = write_calls(tmp_path / "some", 3)
    shutil.copy(VOICE, tmp_path / "voice.flac")
    page = open_page("queue")
    job = begin(page, [*paths, tmp_path / "voice.flac"])
    expect(job.get_by_role("status")).to_have_text("4 of 4", timeout=JOB_MS)
    items = service.get(f"/v1/jobs/{latest(service)}/items").json()["items"]
    sure = {item["path"]: item["documents"][0]["confidence"] for item in items}
    names = job.locator(".item .file-name")
    job.get_by_label("Order").select_option(label="Least sure first")
    expect(names).to_have_text(sorted(sure, key=lambda name: sure[name]))
    job.get_by_label("Order").select_option(label="By name")
    expect(names).to_have_text(sorted(sure))
    job.get_by_label("Search by name").fill("VOICE")
    expect(names).to_have_text(["voice.flac"])
    emotions = [item["documents"][0]["emotion"] for item in items]
    counted = job.locator(".spread li .number")
    expect(counted).to_have_count(len({*emotions}))
    expect(counted.first).to_contain_text(f"{max(map(emotions.count, emotions))} ·")
    job.get_by_label("Search by name").fill("")
    lowest = min(sure.values())
    job.get_by_label("Confidence").select_option("0.3")
    expect(names).to_have_count(sum(confidence < 0.3 for confidence in sure.values()))
    assert lowest < 0.3


def test_a_job_is_named_and_its_downloads_are_called_so(
    open_page: OpenPage, ten_files: list[Path]
) -> None:
    page = open_page("queue")
    job = begin(page, ten_files[:1])
    expect(job.get_by_role("status")).to_have_text("1 of 1", timeout=JOB_MS)
    job.get_by_role("button", name="Rename").click()
    page.get_by_label("Name of the job").fill("回访 May")
    page.keyboard.press("Enter")
    expect(job.locator("h2")).to_contain_text("回访 May")
    with page.expect_download() as waiting:
        job.get_by_role("link", name="results.csv").click()
    assert waiting.value.suggested_filename == "回访 May.csv"
    page.reload()
    expect(page.locator(".job h2").first).to_contain_text("回访 May")


def test_a_recording_of_a_job_opens_in_the_player(
    open_page: OpenPage, ten_files: list[Path]
) -> None:
    page = open_page("queue")
    page.check("input[name=granularity][value=segment]", force=True)
    job = begin(page, ten_files[:1])
    expect(job.get_by_role("status")).to_have_text("1 of 1", timeout=JOB_MS)
    address = page.url
    assert "#job/" in address
    job.get_by_role("button", name="Open call 01.flac in the player").click()
    page.wait_for_selector(".waveform canvas >> nth=0")
    expect(page.locator(".outcome .facts .file-name")).to_have_text("call 01.flac")
    assert "#result/" in page.url
    page.goto(address)
    expect(page.locator(".job").first.locator(".item.done")).to_have_count(1)


def test_what_failed_is_tried_again(
    open_page: OpenPage, service: Server, ten_files: list[Path]
) -> None:
    page = open_page("queue")
    job = begin(page, ten_files[-2:])
    expect(job.get_by_role("status")).to_have_text("2 of 2", timeout=JOB_MS)
    inputs = service.home / "jobs" / latest(service) / "inputs"
    (inputs / "000001").write_bytes(VOICE.read_bytes())
    job.get_by_role("button", name="Try again what failed").click()
    expect(job.locator(".item.done")).to_have_count(2, timeout=JOB_MS)
    expect(job.get_by_role("button", name="Try again what failed")).to_have_count(0)


def test_the_queue_of_a_second_page_is_true(open_page: OpenPage, ten_files: list[Path]) -> None:
    first, second = open_page("queue"), open_page("queue")
    job = begin(first, ten_files[:1])
    label = job.get_attribute("aria-label")
    seen = second.get_by_role("article", name=label)
    expect(seen).to_be_visible()
    expect(seen.locator(".state-name")).to_have_text("done", timeout=JOB_MS)
    job.get_by_role("button", name="Delete the job").click()
    job.get_by_role("button", name="Really delete the job").click()
    expect(seen).to_have_count(0)


def test_who_leaves_with_recordings_chosen_is_asked(
    open_page: OpenPage, ten_files: list[Path]
) -> None:
    page = open_page("queue")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.set_input_files(".queue input[type=file]", ten_files)
    page.get_by_role("button", name="Clear").click()
    page.reload()
    assert asked == []
    page.set_input_files(".queue input[type=file]", ten_files)
    page.get_by_label("Extract embedding").check()
    page.reload()
    assert asked == ["beforeunload"]


def test_a_job_that_is_gone_says_so(open_page: OpenPage) -> None:
    page = open_page("job/" + "0" * 32)
    expect(page.get_by_role("alert")).to_have_text("This job is no longer here: it was deleted.")


def test_jobs_that_have_ended_are_deleted_together(
    browser: Browser, tmp_path: Path, ten_files: list[Path]
) -> None:
    with serving(tmp_path / "home") as service, visitors(browser, service) as open_page:
        page = open_page("queue")
        for path in ten_files[:2]:
            expect(begin(page, [path]).get_by_role("status")).to_have_text("1 of 1", timeout=JOB_MS)
        page.get_by_role("button", name="Delete the 2 jobs").click()
        page.get_by_role("button", name="Really delete 2 jobs").click()
        expect(page.locator(".job")).to_have_count(0)
        assert service.get("/v1/jobs").json()["jobs"] == []


def test_a_list_of_thousands_is_drawn_in_part(open_page: OpenPage, tmp_path: Path) -> None:
    letters = [tmp_path / f"letter {number:04}.wav" for number in range(1200)]
    for path in letters:
        path.write_text("Dear Sir or Madam")
    page = open_page("queue")
    page.set_input_files(".queue input[type=file]", letters)
    expect(page.locator(".chosen li")).to_have_count(201)
    expect(page.locator(".chosen li").last).to_have_text("and 1000 more")
    page.get_by_role("button", name="Recognise").click()
    job = page.locator(".job").first
    expect(job.get_by_role("status")).to_have_text("1200 of 1200", timeout=JOB_MS)
    expect(job.locator(".item")).to_have_count(200)
    job.get_by_role("button", name="1000 earlier").click()
    expect(job.locator(".item")).to_have_count(400)


def test_a_job_with_the_keyboard_only(open_page: OpenPage, ten_files: list[Path]) -> None:
    page = open_page("queue")
    page.set_input_files(".queue input[type=file]", ten_files[:2])
    tab_to(page, "🎯 Recognise")
    page.keyboard.press("Enter")
    job = page.locator(".job").first
    expect(job.get_by_role("status")).to_have_text("2 of 2", timeout=JOB_MS)
    tab_to(page, "Job of")
    tab_to(page, job.locator(".verdict").first.inner_text())
    page.keyboard.press("Enter")
    expect(job.locator(".scores .bars")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_job(
    open_page: OpenPage, ten_files: list[Path], size: tuple[int, int], scheme: str
) -> None:
    page = open_page("queue", language="zh-CN", size=size, scheme=scheme)
    job = begin(page, ten_files[-3:], "开始识别")
    expect(job.get_by_role("status")).to_have_text("3 / 3", timeout=JOB_MS)
    expect(job.locator(".item.failed .problem")).to_have_text("不是可解码的音频格式。")
    job.locator(".verdict").first.click()
    page.set_input_files(".queue input[type=file]", ten_files)
    keep(page, f"queue-zh-{size[0]}-{scheme}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
