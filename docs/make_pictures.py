"""Draws the README's pictures: the page and the terminal view of two sentences, in both languages.

    python docs/make_pictures.py

Run it when the page, the view or the built-in model has changed. It needs what the tests of the
page need: Playwright, and Debian's chromium.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI

from voxcor.cli import view
from voxcor.recognizer import Recognizer

WIDTH = 84
DOCS = Path(__file__).parent
LOCALES = {"en": "en-US", "zh": "zh-CN"}

# One speaker of the Berlin Database of Emotional Speech, an angry sentence and a sad one.
SPEECH = DOCS.parent / "tests" / "data" / "heard" / "opus-chained.opus"


def main() -> None:
    """Writes `terminal.en.svg`, `terminal.zh.svg`, `page.en.png` and `page.zh.png`."""
    draw_terminal()
    with serving() as address:
        draw_page(address)


def draw_terminal() -> None:
    """The card of a result, as a terminal shows it."""
    result = Recognizer("small").recognize(SPEECH, granularity="segment")
    for language in LOCALES:
        os.environ["VOXCOR_LANGUAGE"] = language
        console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
        console.print(view.card(result, WIDTH))
        svg = console.export_svg(
            title="voxcor recognize --granularity segment",
            theme=MONOKAI,
            unique_id="voxcor",
            code_format=_without_fonts(),
        )
        (DOCS / f"terminal.{language}.svg").write_text(svg, encoding="utf-8")


def draw_page(address: str) -> None:
    """The page with an answer."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for language, locale in LOCALES.items():
            page = browser.new_page(locale=locale, viewport={"width": 1280, "height": 900})
            page.goto(address)
            page.set_input_files(".drop input[type=file]", SPEECH)
            page.check("input[name=granularity][value=segment]", force=True)
            page.click("button.primary")
            page.wait_for_selector(".player .u-over")
            page.wait_for_selector(".waveform canvas >> nth=0")
            page.wait_for_timeout(1000)  # what is drawn in steps
            # The answer, and the beginning of the player: a picture that fits on a reader's screen.
            part = {"x": 0, "y": 0, "width": 1280, "height": 1500}
            page.screenshot(path=DOCS / f"page.{language}.png", full_page=True, clip=part)
        browser.close()


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server of our own, for as long as the block runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "voxcor", "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory() as home:
        server = subprocess.Popen(command, cwd=home, env={**os.environ, "VOXCOR_HOME": home})
        try:
            while not _is_ready(f"{address}readyz"):
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait()


def _is_ready(address: str) -> bool:
    try:
        with urlopen(address):
            return True
    except (URLError, OSError):
        return False


def _without_fonts() -> str:
    """Rich's drawing without its font from elsewhere: nothing is fetched to show a picture."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    before, _, rest = CONSOLE_SVG_FORMAT.partition("@font-face")
    return before + rest[rest.index(".{unique_id}-matrix") :]


if __name__ == "__main__":
    main()
