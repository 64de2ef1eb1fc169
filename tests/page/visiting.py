"""People who visit the page: a real Chromium, watched while it is used."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright

from serving import Server

# Wide, and as narrow as phones are.
DESKTOP, PHONE = (1280, 900), (390, 844)

MAX_UPLOAD_MB = 3  # of the server that is visited

SCREENSHOTS = Path(__file__).parent / "outputs"

OpenPage = Callable[..., Page]


@contextmanager
def chromium(playwright: Playwright, *arguments: str) -> Iterator[Browser]:
    """Debian's browser, or whichever one is called so."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    # Chromium's own sandbox does not run as root, which containers are.
    switches = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *arguments]
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
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def recognise(page: Page, path: Path, granularity: str = "utterance") -> None:
    """Chooses a file, presses the button, waits for the result."""
    page.set_input_files(".drop input[type=file]", path)
    page.check(f"input[name=granularity][value={granularity}]", force=True)
    page.click("button.primary")
    page.wait_for_selector(".outcome .leads")
