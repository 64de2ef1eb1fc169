"""Models on the page: what they cost and score, and how they get in."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from hub_servers import FakeHub, serve
from places import VOICE
from serving import serving
from visiting import PHONE, OpenPage, keep, recognise, violations, visitors
from voxcor.models.cards import OFFICIAL
from voxcor.models.store import BUILT_IN_FOLDER

PATIENCE_MS = 120_000


def test_models_say_what_they_cost_and_score(open_page: OpenPage) -> None:
    page = open_page("models")
    large = page.locator(".model", has_text="emotion2vec+ large")
    expect(large).to_contain_text("1.9 GB")
    expect(large).to_contain_text(OFFICIAL["plus-large"].licence)
    expect(large.get_by_role("button", name="Download")).to_be_enabled()
    small = page.locator(".model.used")
    expect(small).to_contain_text("Voxcor small")
    metrics = json.loads((BUILT_IN_FOLDER / "card.json").read_text())["metrics"]
    corpora = ("ravdess", "nemo", "emospeech_in")
    mean = sum(metrics[f"unseen_corpus.{corpus}.four"] for corpus in corpora) / 3
    expect(small).to_contain_text(f"{mean:.1%}")
    expect(small).to_contain_text("Apache-2.0 AND MIT")


def test_the_model_in_use_stands_first(open_page: OpenPage) -> None:
    page = open_page("models")
    expect(page.locator(".model").first).to_contain_text("in use")
    expect(page.locator(".model").first).to_contain_text("Voxcor small")


def test_a_gigabyte_is_asked_about_first(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_role("note").get_by_role("button").click()
    question = page.get_by_role("group", name="Download emotion2vec+ base")
    free = page.evaluate("(async () => (await (await fetch('v1/models')).json()).free_bytes)()")
    model = OFFICIAL["plus-base"]
    if free >= model.needed_bytes:
        expect(question).to_contain_text(f"up to {model.needed_bytes / 1e9:.1f} GB")
    expect(question.get_by_role("button", name="Download 1.1 GB")).to_be_visible()
    expect(question.get_by_label("int8")).to_be_visible()
    assert violations(page) == []
    keep(page, "models-question-en")
    question.get_by_role("button", name="Not now").click()
    expect(question).to_have_count(0)


def test_what_has_no_room_is_not_downloaded(open_page: OpenPage) -> None:
    page = open_page()

    def crowded(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(json={**answer.json(), "free_bytes": 10**9})  # type: ignore[attr-defined]

    page.route("**/v1/models", crowded)
    page.get_by_role("link", name="Models").click()
    large = page.locator(".model", has_text="emotion2vec+ large")
    expect(page.get_by_text("1.0 GB free")).to_be_visible()
    large.get_by_role("button", name="Download").click()
    expect(large).to_contain_text("only 1.0 GB are free")
    expect(large.get_by_role("button", name="Download 1.9 GB")).to_be_disabled()


@pytest.fixture(scope="module")
def seed_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a hub has of plus-seed."""
    pytest.importorskip("torch")
    from checkpoints import write_checkpoint
    from hub_servers import TOKENS

    path = tmp_path_factory.mktemp("hub") / "model.pt"
    write_checkpoint(path)
    return {"model.pt": path.read_bytes(), "tokens.txt": TOKENS.encode()}


@pytest.fixture
def hub_page(
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    seed_files: dict[str, bytes],
    tmp_path: Path,
) -> Iterator[tuple[Page, FakeHub]]:
    """The page of a server whose hub is on loopback and has plus-seed."""
    with (
        serve(FakeHub(dict(seed_files)), monkeypatch) as hub,
        serving(tmp_path / "home") as service,
        visitors(browser, service) as open_page,
    ):
        yield open_page("models"), hub


def seed_of(page: Page) -> Locator:
    heading = page.get_by_role("heading", name="emotion2vec+ seed", exact=True)
    return page.locator(".model").filter(has=heading)


def get(model: Locator, precision: str = "fp32") -> None:
    """Asks for a model, and says yes."""
    model.get_by_role("button", name="Download").click()
    model.get_by_label(precision).check()
    model.locator(".question .solid").click()


def test_a_model_is_downloaded_and_used(hub_page: tuple[Page, FakeHub]) -> None:
    page, _ = hub_page
    get(seed_of(page))
    # It is the best of those that are installed, so it is what answers from now on.
    expect(page.locator(".model.used")).to_contain_text("emotion2vec+ seed", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Recognise").click()
    expect(page.get_by_role("note")).to_have_count(0)
    recognise(page, VOICE)
    expect(page.locator(".outcome .facts")).to_contain_text("plus-seed")


def test_a_model_is_removed_at_the_second_click(hub_page: tuple[Page, FakeHub]) -> None:
    page, _ = hub_page
    get(seed_of(page))
    expect(page.locator(".model.used")).to_contain_text("emotion2vec+ seed", timeout=PATIENCE_MS)
    assert page.get_by_role("button", name="Delete small").count() == 0
    page.get_by_role("button", name="Delete plus-seed").click()
    really = page.get_by_role("button", name="Really delete plus-seed")
    page.locator("h2").click()
    expect(really).to_have_count(0)  # whoever looks elsewhere has not said yes
    page.get_by_role("button", name="Delete plus-seed").click()
    keep(page, "models-removal-en")
    really.click()
    expect(seed_of(page).get_by_role("button", name="Download …")).to_be_visible()
    expect(page.locator(".model.used")).to_contain_text("small")


def test_a_download_is_cancelled_and_goes_on_later(hub_page: tuple[Page, FakeHub]) -> None:
    page, hub = hub_page
    go_on = threading.Event()
    hub.on_large = lambda offset: (offset > 20 << 20 and go_on.wait(60)) and None
    seed = seed_of(page)
    get(seed)
    expect(seed.locator("progress")).not_to_have_js_property("value", 0, timeout=PATIENCE_MS)
    keep(page, "models-progress-en")
    seed.get_by_role("button", name="Cancel").click()
    go_on.set()
    expect(seed.get_by_role("button", name="Download …")).to_be_enabled(timeout=PATIENCE_MS)
    expect(page.get_by_role("alert")).to_have_count(0)
    get(seed)
    expect(page.locator(".model.used")).to_contain_text("emotion2vec+ seed", timeout=PATIENCE_MS)
    assert hub.asked_for("model.pt")[-1].range_start > 0


def test_int8_is_had_at_once_or_made_later(
    hub_page: tuple[Page, FakeHub], plus_large_files: Path
) -> None:
    page, hub = hub_page
    (clip,) = plus_large_files.glob("*.wav")
    hub.files["example/test.wav"] = clip.read_bytes()
    get(seed_of(page), "int8")
    small = page.locator(".model", has_text="emotion2vec+ seed · int8")
    expect(small).to_contain_text("the same emotion as in fp32", timeout=PATIENCE_MS)
    expect(small).to_contain_text("A quarter of the size")
    get(seed_of(page))
    expect(page.locator(".model.used")).not_to_contain_text("int8", timeout=PATIENCE_MS)
    small.get_by_role("button", name="Use").click()
    page.get_by_role("link", name="Recognise").click()
    recognise(page, VOICE)
    expect(page.locator(".outcome .facts")).to_contain_text("int8")


def test_int8_is_made_of_what_is_here(
    hub_page: tuple[Page, FakeHub], plus_large_files: Path
) -> None:
    page, hub = hub_page
    (clip,) = plus_large_files.glob("*.wav")
    hub.files["example/test.wav"] = clip.read_bytes()
    seed = seed_of(page)
    get(seed)
    seed.get_by_role("button", name="Make int8").click(timeout=PATIENCE_MS)
    small = page.locator(".model", has_text="emotion2vec+ seed · int8")
    expect(small).to_contain_text("A quarter of the size", timeout=PATIENCE_MS)
    expect(seed.get_by_role("button", name="Make int8")).to_have_count(0)


def test_a_failure_says_what_to_do_on_the_page(hub_page: tuple[Page, FakeHub]) -> None:
    page, hub = hub_page
    seed = seed_of(page)
    get(seed, "int8")  # without the clip that it is calibrated on
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("no example clip", timeout=PATIENCE_MS)
    expect(alert).not_to_contain_text("--")
    hub.status = 503
    get(seed)
    expect(alert).to_contain_text("download again", timeout=PATIENCE_MS)
    expect(alert).not_to_contain_text("--")
    hub.status = 403
    get(seed)
    expect(alert).to_contain_text("403", timeout=PATIENCE_MS)
    expect(seed.get_by_role("button", name="Download")).to_be_enabled()


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_ones_own_model_is_installed_from_the_disk(
    browser: Browser, tmp_path: Path, language: str, scheme: str
) -> None:
    own = tmp_path / "models" / "mine"
    shutil.copytree(BUILT_IN_FOLDER, own)
    allowed = {"VOXCOR_JOB_SOURCES": json.dumps([str(own.parent)])}
    with (
        serving(tmp_path / "home", **allowed) as service,
        visitors(browser, service) as open_page,
    ):
        page = open_page("models", language=language, scheme=scheme, size=PHONE)
        form = page.locator(".from-disk")
        expect(form).to_contain_text(str(own.parent))
        path, name = form.locator("input").all()
        path.fill(str(own / "nothing"))
        name.fill("call-centre")
        form.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("nothing")
        path.fill(str(own))
        form.get_by_role("button").click()
        expect(page.locator(".model h3", has_text="call-centre")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        keep(page, f"models-own-{language}-{scheme}-390")


def test_without_a_folder_that_is_allowed_it_says_who_allows_one(open_page: OpenPage) -> None:
    page = open_page("models", language="zh")
    expect(page.locator(".from-disk")).to_contain_text("VOXCOR_JOB_SOURCES")
    assert violations(page) == []
    keep(page, "models-zh")
