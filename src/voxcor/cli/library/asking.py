"""One segment after the other: it is played, the model's answer is shown, a label is asked for.

An answer is a line: the number or the name of a label, or one of the letters below. Each is kept at
once; whatever ends the process costs nothing.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from voxcor.cli.console import open_console
from voxcor.cli.library.label_view import question, said_line
from voxcor.cli.library.playing import playing
from voxcor.errors import LabelInvalid
from voxcor.labels import get_label, own_label
from voxcor.language import say
from voxcor.library.correcting import meant_label, now
from voxcor.library.labels import LabelsBySegment, PersonsLabel
from voxcor.library.segments import LibrarySegment
from voxcor.library.store import Library
from voxcor.library.tables import ModelTable

RIGHT, WRONG, UNDO, AGAIN, QUIT = "y", "w", "u", "r", "q"
OTHER = "+"  # before a label that is none of those


class Asking:
    """A round through some segments; `kept` counts what was said in it and not taken back.

    Args:
        library: where labels are kept.
        table: the segments'.
        segments: in the order in which they are asked about.
        annotator: who answers.
    """

    def __init__(
        self,
        library: Library,
        table: ModelTable,
        segments: Sequence[LibrarySegment],
        annotator: str | None,
    ) -> None:
        self._library, self._segments, self._annotator = library, segments, annotator
        labels = library.labels()
        given = (one.label for one in labels if one.label is not None)
        self._choices = tuple(dict.fromkeys((*table.labels, *given)))
        self._labels = LabelsBySegment(labels)
        self._aside = open_console(stderr=True)
        # Of each answer where it was given, what it says, and what was said there before.
        self._answers: list[tuple[int, PersonsLabel, PersonsLabel | None]] = []

    @property
    def kept(self) -> int:
        return len(self._answers)

    def run(self) -> None:
        """Until all are answered, or somebody quits."""
        if not self._segments:
            self._aside.print(say("There is nothing to ask about.", "没有需要更正的语段。"))
            return
        self._aside.print(self._help())
        place = 0
        while 0 <= place < len(self._segments):
            segment = self._segments[place]
            head = f"[{place + 1}/{len(self._segments)}] "
            self._aside.print(Text(head, "dim") + question(segment, self._labels[segment]))
            moved = self._answered(place, segment)
            if moved is None:
                return
            place = moved

    def _answered(self, place: int, segment: LibrarySegment) -> int | None:
        """The place to go on at; None where somebody quits."""
        while True:
            answer = self._heard(segment)
            if answer is None or answer.casefold() == QUIT:
                return None
            if not answer:
                return place + 1
            folded = answer.casefold()
            if folded == AGAIN:
                continue
            if folded == UNDO:
                return self._undone(place)
            if folded == WRONG:
                self._keep(place, segment, None)
                return place + 1
            try:
                label = segment.emotion if folded == RIGHT else self._meant(answer)
            except LabelInvalid:
                en = f"That is no label here; to use it all the same: {OTHER}{answer}"
                zh = f"此处没有这个标签；如确需使用，请输入 {OTHER}{answer}"
                self._aside.print(say(en, zh))
                continue
            self._keep(place, segment, label)
            return place + 1

    def _heard(self, segment: LibrarySegment) -> str | None:
        """What somebody answers while it plays; None at the end of the input."""
        path = Path(segment.path) if segment.path else Path()
        with playing(path, segment.start, segment.end) as is_heard:
            if not is_heard:
                times = f"{segment.start:.3f}-{segment.end:.3f}"
                self._aside.print(Text(f"{segment.path or segment.name}@{times}", "dim"))
            self._aside.print("> ", end="")
            line = sys.stdin.readline()
        return line.strip() if line else None

    def _meant(self, answer: str) -> str:
        if answer.isdecimal() and 1 <= int(answer) <= len(self._choices):
            return self._choices[int(answer) - 1]
        if answer.startswith(OTHER):
            return meant_label(answer.removeprefix(OTHER), self._choices)
        label = own_label(answer, self._choices)
        if label is None:
            raise LabelInvalid(label=answer, most=0)
        return label

    def _keep(self, place: int, segment: LibrarySegment, label: str | None) -> None:
        span = segment.recording, segment.start, segment.end
        said = PersonsLabel(*span, label, self._annotator, now())
        before = next((one for one in self._labels[segment] if one.key == said.key), None)
        self._library.label([said])
        self._answers.append((place, said, before))
        self._aside.print(said_line(segment, label))

    def _undone(self, place: int) -> int:
        if not self._answers:
            self._aside.print(say("There is nothing to take back.", "没有可撤回的更正。"))
            return place
        place, said, before = self._answers.pop()
        self._library.label([before] if before else [], [said.key])
        return place

    def _help(self) -> Text:
        named = [
            f"{number} {get_label(label).emoji} {get_label(label).name}"
            for number, label in enumerate(self._choices, start=1)
        ]
        keys = say(
            f"{RIGHT} the model is right · {WRONG} it is wrong · Enter skip · {UNDO} undo · "
            f"{AGAIN} again · {QUIT} quit",
            f"{RIGHT} 模型正确 · {WRONG} 模型有误 · 回车 跳过 · {UNDO} 撤回 · {AGAIN} 重听 · "
            f"{QUIT} 退出",
        )
        return Text("  ".join(named) + "\n" + keys, "dim")
