"""People who visit the page: a real Chromium, watched while it is used."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright

from places import ROOT
from serving import Server

# Wide, and as narrow as phones are.
DESKTOP, PHONE = (1280, 900), (390, 844)

SLOW_MS = 60_000  # of what a server computes that has one thread

MAX_UPLOAD_MB = 3  # of the server that is visited

SCREENSHOTS = ROOT / "tests" / "page" / "outputs"

OpenPage = Callable[..., Page]


@contextmanager
def chromium(playwright: Playwright, *arguments: str) -> Iterator[Browser]:
    """Debian's browser, or whichever one is called so."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    switches = [
        "--no-sandbox",  # which does not run as root, as containers are
        "--autoplay-policy=no-user-gesture-required",
        # Each window would keep two pages ready for an address bar that nobody sees: half of the
        # time that a visit takes.
        "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
        *arguments,
    ]
    browser = playwright.chromium.launch(executable_path=path, args=switches)
    yield browser
    browser.close()


@contextmanager
def visitors(browser: Browser, service: Server) -> Iterator[OpenPage]:
    """Opens the page as somebody new, any number of times.

    In the end nothing broke, and no request left the origin.
    """
    asked: list[str] = []
    broken: list[str] = []
    contexts = []

    def open_one(
        view: str = "",
        *,
        language: str = "en-US",
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
    ) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme=scheme,
            reduced_motion="reduce",
            accept_downloads=True,
            permissions=["microphone"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on(
            "console",
            lambda line: broken.append(line.text) if "Security Policy" in line.text else None,
        )
        page.goto(f"{service.url}/#{view}")
        page.wait_for_selector(".state .on")
        return page

    yield open_one
    for context in contexts:
        context.close()
    origin = urlsplit(service.url).netloc
    elsewhere = [url for url in asked if urlsplit(url).netloc not in ("", origin)]
    assert elsewhere == []
    assert broken == []


def keep(page: Page, name: str) -> None:
    """A screenshot of the whole page, for people to look at."""
    path = SCREENSHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)


def recognise(page: Page, path: Path, granularity: str = "utterance") -> None:
    """Chooses a file, presses the button, waits for the result."""
    page.set_input_files(".drop input[type=file]", path)
    page.check(f"input[name=granularity][value={granularity}]", force=True)
    page.click("button.primary")
    page.wait_for_selector(".outcome .whole .leads")


MOST_TABS = 80


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until what is called so has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        # Between the last element and the first the whole page has the focus.
        focused = page.evaluate(
            "document.activeElement === document.body ? '' :"
            " (document.activeElement.labels?.[0] ?? document.activeElement).innerText"
            " + ' ' + (document.activeElement.ariaLabel ?? '')"
        )
        if name in focused:
            return
    raise AssertionError(f"{name} cannot be reached with Tab")


def violations(page: Page) -> list[str]:
    """What axe objects to, with the places."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
