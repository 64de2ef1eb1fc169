"""Draws the README's picture: the terminal view of the example, in both languages.

    python docs/make_pictures.py

Run it when the view or the built-in model has changed.
"""

import io
import os
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from voxcor.cli import view
from voxcor.recognizer import Recognizer
from voxcor.sources import EXAMPLE

WIDTH = 84
DOCS = Path(__file__).parent


def main() -> None:
    """Recognises the example and writes `terminal.en.svg` and `terminal.zh.svg`."""
    result = Recognizer("tiny").recognize(EXAMPLE, granularity="segment")
    for language in ("en", "zh"):
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


def _without_fonts() -> str:
    """Rich's drawing without its font from elsewhere: nothing is fetched to show a picture."""
    from rich._export_format import CONSOLE_SVG_FORMAT

    before, _, rest = CONSOLE_SVG_FORMAT.partition("@font-face")
    return before + rest[rest.index(".{unique_id}-matrix") :]


if __name__ == "__main__":
    main()
