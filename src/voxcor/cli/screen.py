"""Where outcomes go as they come: JSON Lines for programs, a view for people.

Results go to stdout. What is said beside them goes to stderr, and so does the progress bar, unless
stdout is a terminal: then both share it, so that they do not overwrite each other.
"""

import sys
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from voxcor.cli import view
from voxcor.cli.console import open_console
from voxcor.cli.progress import recognition_bar
from voxcor.errors import VoxcorError
from voxcor.result_folder import to_json
from voxcor.results import Failure, Result
from voxcor.steps import Step

# Up to so many inputs are shown in full, more with a line each.
_SHOWN_IN_FULL = 4


class Screen(Protocol):
    """What a command shows its outcomes on."""

    def show_result(self, result: Result, path: str, saved: Path | None) -> None:
        """A result, the input it came from and the folder it went to."""

    def show_failure(self, failure: Failure) -> None:
        """An input without a result."""

    def complain(self, error: VoxcorError) -> None:
        """An error that took no input's result."""

    def remark(self, text: str) -> None:
        """What a person should know, and took no input's result."""

    def step(self, step: Step) -> None:
        """A step of the input that is worked on; a long one has a window after the other."""

    def advance(self) -> None:
        """One more input is done."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class _Base:
    """A progress bar on a terminal, and the places to print."""

    def __init__(self, count: int) -> None:
        self.console = open_console()
        self.aside = open_console(stderr=True)
        if self.console.is_terminal and self.aside.is_terminal:
            self.aside = self.console
        self._bar = recognition_bar(
            self.aside, single=count == 1, redirect_stdout=False, redirect_stderr=False
        )
        self._done = 0
        self._task = self._bar.add_task("", total=count)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def step(self, step: Step) -> None:
        if step.name == "window":
            share = step.facts["done"] / step.facts["total"]
            self._bar.update(self._task, completed=self._done + share)

    def advance(self) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done)

    def remark(self, text: str) -> None:
        self.aside.print(text, style="yellow", soft_wrap=True)

    def complain(self, error: VoxcorError) -> None:
        self.aside.print(f"voxcor: {error.message} ({error.code})", style="red")


class JsonLines(_Base):
    """One JSON document per outcome on stdout; failures are documents too."""

    def show_result(self, result: Result, path: str, saved: Path | None) -> None:
        document = {"path": path, **result.to_document()}
        if saved is not None:
            document["saved"] = str(saved)
        self._print(to_json(document))

    def show_failure(self, failure: Failure) -> None:
        self._print(to_json(failure.to_document()))

    def _print(self, line: str) -> None:
        # Not through rich, which would wrap it; flushed, so that a reader of the pipe can follow.
        print(line, file=sys.stdout, flush=True)


class Terminal(_Base):
    """A card for each of a few results, a line for each of many; notices once, at the end."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self._in_full = count <= _SHOWN_IN_FULL
        self._notices: dict[str, None] = {}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        for notice in self._notices:
            self.aside.print(f" {notice}", style="dim", soft_wrap=not self.aside.is_terminal)

    def show_result(self, result: Result, path: str, saved: Path | None) -> None:
        self._notices[view.notice(result.model)] = None
        if self._in_full:
            self.console.print(view.card(result, self.console.width))
            if saved is not None:
                self.console.print(view.saved_line(saved), soft_wrap=True)
            self.console.print()
        else:
            self.console.print(view.line(result, path, saved), soft_wrap=True)

    def show_failure(self, failure: Failure) -> None:
        self.aside.print(view.failure_line(failure), style="red", soft_wrap=True)
