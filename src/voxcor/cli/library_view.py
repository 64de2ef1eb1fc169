"""What is found in the library, as people look at it in a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from voxcor.cli.view import clock
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.library.query import Mixture
from voxcor.library.search import Hit
from voxcor.untrusted import printable

# What has less of a mixture is not named.
_LEAST_SHARE = 0.05


def meaning(mixture: Mixture) -> Text:
    """`Meaning: 😠 Angry 60 % · 😢 Sad 40 % · arousal +0.40`."""
    shares = sorted(mixture.shares.items(), key=lambda entry: -entry[1])
    named = [(get_label(label), share) for label, share in shares if share >= _LEAST_SHARE]
    parts = [f"{label.emoji} {label.name} {share:.0%}" for label, share in named]
    if mixture.arousal is not None:
        parts.append(say(f"arousal {mixture.arousal:+.2f}", f"唤醒度 {mixture.arousal:+.2f}"))
    if mixture.valence is not None:
        parts.append(say(f"valence {mixture.valence:+.2f}", f"效价 {mixture.valence:+.2f}"))
    return Text(say("Meaning: ", "含义：") + " · ".join(parts), style="dim")


def hits(found: Sequence[Hit]) -> Table:
    """A row for each: how near, when, the emotion, who, where from."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("NEAR", "相近"), justify="right", no_wrap=True)
    table.add_column(say("EMOTION", "情感"), no_wrap=True)
    table.add_column(say("TIME", "时间"), no_wrap=True)
    table.add_column(say("SPEAKER", "说话人"), overflow="fold")
    table.add_column(say("RECORDING", "录音"), overflow="fold")
    table.add_column("ID", overflow="fold", style="dim")
    for hit in found:
        segment = hit.segment
        label = get_label(segment.label or segment.emotion)
        table.add_row(
            f"{hit.similarity:.2f}",
            Text(f"{label.emoji} {label.name} {segment.confidence:.0%}", style=label.color),
            f"{clock(segment.start)}–{clock(segment.end)}",
            printable(segment.speaker or ""),
            printable(segment.name),
            segment.id,
        )
    return table
