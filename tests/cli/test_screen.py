"""The progress bar of `voxcor recognize`: a share of one long recording, a count of several."""

import io

from rich.console import Console

from voxcor.cli.screen import Terminal
from voxcor.steps import Step


def drawn(count: int, *, done: int = 0) -> str:
    """The bar after `done` inputs and two windows of four of the next."""
    screen = Terminal(count)
    for _ in range(done):
        screen.advance()
    for window in (1, 2):
        screen.step(Step("window", 1.0, {"done": window, "total": 4}))
    console = Console(file=io.StringIO(), width=80, color_system=None)
    console.print(screen._bar.get_renderable())
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_one_long_recording_shows_how_much_of_it_is_done() -> None:
    assert " 50%" in drawn(1)
    assert "?" not in drawn(1)


def test_of_several_the_bar_counts_those_that_are_done() -> None:
    assert "1/3" in drawn(3, done=1)
