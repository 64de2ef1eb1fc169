"""The progress bars of all commands: on a terminal, on stderr; none in a pipe."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from voxcor.language import say


def recognition_bar(
    aside: Console, *columns: ProgressColumn, single: bool = False, **options: Any
) -> Progress:
    """How many recordings of how many, what `columns` say of them, the time that remains.

    Of a `single` one its share in percent.
    """
    return Progress(
        TextColumn(say("Recognising", "正在识别")),
        BarColumn(),
        TaskProgressColumn() if single else MofNCompleteColumn(),
        *columns,
        TimeRemainingColumn(),
        console=aside,
        transient=True,
        disable=not aside.is_terminal,
        **options,
    )


@contextmanager
def stage_bars(
    aside: Console, titles: Mapping[str, str], *, transient: bool = True
) -> Iterator[Callable[[str, float], None]]:
    """A bar for each stage of work, from when it is first told the stage and the share done, 0..1.

    Args:
        aside: the console of stderr.
        titles: of the stages.
        transient: whether the bars go at the end.
    """
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=aside,
        transient=transient,
        disable=not aside.is_terminal,
    )
    tasks = {}

    def advance(stage: str, share: float) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(titles[stage], total=1.0)
        bars.update(tasks[stage], completed=share)

    with bars:
        yield advance
