"""The page as the real server serves it, with `small`, in a real Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from labelled_library import labelled
from serving import Server, serving
from visiting import MAX_UPLOAD_MB, SLOW_MS, OpenPage, chromium, visitors


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("page")
    with serving(home, VOXCOR_MAX_UPLOAD_MB=str(MAX_UPLOAD_MB)) as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # For a module only: its event loop would be in the way of tests that run their own.
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with chromium(playwright) as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, service: Server) -> Iterator[OpenPage]:
    with visitors(browser, service) as opened:
        yield opened


@pytest.fixture(scope="module")
def patience() -> Iterator[None]:
    """What has to be computed takes its time on a machine that does other things, too."""
    expect.set_options(timeout=SLOW_MS)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose library Ann and Ben have labelled, Ann wrongly here and there."""
    home = tmp_path_factory.mktemp("rated")
    labelled(home)
    with serving(home) as running:
        yield running


@pytest.fixture
def open_rated(browser: Browser, rated: Server) -> Iterator[OpenPage]:
    with visitors(browser, rated) as opened:
        yield opened
