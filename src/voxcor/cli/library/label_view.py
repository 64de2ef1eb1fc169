"""What people say of segments, and how well they agree, as it is shown in a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from voxcor.cli.view import clock
from voxcor.evaluation.raters import Agreement
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.library.label_errors import LabelError
from voxcor.library.labels import PersonsLabel
from voxcor.library.segments import LibrarySegment
from voxcor.untrusted import printable


def named(label: str | None) -> Text:
    """`😠 Angry`; of a label that nobody names, that the model's is wrong."""
    if label is None:
        return Text(say("✗ not that", "✗ 有误"))
    known = get_label(label)
    return Text(f"{known.emoji} {known.name}", known.color)


def said_line(segment: LibrarySegment, label: str | None) -> Text:
    """`😠 Angry → 😢 Sad`, or a tick where the model is right."""
    if label == segment.emotion:
        return Text("✓ ") + named(label)
    return named(segment.emotion) + Text(" → ") + named(label)


def question(segment: LibrarySegment, labels: Sequence[PersonsLabel]) -> Text:
    """When it is, who speaks, what the model says, and what people have said so far."""
    parts = [Text(f"{clock(segment.start)}–{clock(segment.end)}")]
    parts += [Text(printable(segment.speaker))] if segment.speaker else []
    parts += [Text(printable(segment.name))]
    parts += [named(segment.emotion) + Text(f" {segment.confidence:.0%}")]
    for one in labels:
        who = printable(one.annotator) if one.annotator else say("somebody", "某人")
        parts.append(Text(say(f"{who}: ", f"{who}：")) + named(one.label))
    return Text("  ").join(parts)


def labels_table(rows: Sequence[tuple[LibrarySegment, PersonsLabel]]) -> Table:
    """A row for each label: of what it is, what the model says, who says what, and when."""
    table = _table()
    for title in (say("SEGMENT", "语段"), say("RECORDING", "录音")):
        table.add_column(title, overflow="fold")
    for title in (say("MODEL", "模型"), say("LABEL", "标签"), say("WHO", "标注者")):
        table.add_column(title, no_wrap=True)
    table.add_column(say("WHEN", "时间"), no_wrap=True, style="dim")
    for segment, one in rows:
        who = printable(one.annotator or "")
        name = printable(segment.name)
        day = one.timestamp[:10]
        table.add_row(segment.id, name, named(segment.emotion), named(one.label), who, day)
    return table


def errors_table(errors: Sequence[LabelError]) -> Table:
    """A row for each, the surest first: the label, what it likely is, where to hear it."""
    table = _table()
    table.add_column(say("GIVEN", "所给标签"), no_wrap=True)
    table.add_column(say("LIKELY", "可能应为"), no_wrap=True)
    table.add_column(say("SPEAKER", "说话人"), overflow="fold")
    table.add_column(say("LISTEN", "试听"), overflow="fold", style="dim")
    for error in errors:
        given = named(error.given) + Text(f" {error.given_score:.0%}")
        likely = named(error.likely) + Text(f" {error.likely_score:.0%}")
        speaker = printable(error.segment.speaker or "")
        table.add_row(given, likely, speaker, printable(error.listen))
    return table


def agreement_view(found: Agreement) -> RenderableType:
    """Who rated what, the figures with their intervals, and how well each label is agreed on."""
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold")
    facts.add_column()
    facts.add_row(say("raters", "标注者"), ", ".join(map(printable, found.raters)))
    by_all = say(f", {found.complete} by all", f"，其中所有人都标注 {found.complete} 个")
    facts.add_row(say("rated by two or more", "至少两人标注"), f"{found.units}{by_all}")
    named_figures = [
        (say("observed agreement", "观察一致率"), found.observed),
        ("Krippendorff α", found.alpha),
        ("Cohen κ", found.cohen),
        ("Fleiss κ", found.fleiss),
    ]
    words = {"arousal": say("arousal", "唤醒度"), "valence": say("valence", "效价")}
    named_figures += [
        (f"Krippendorff α, {words.get(name, name)}", figure)
        for name, figure in found.numbers.items()
    ]
    for title, figure in named_figures:
        if figure is not None:
            facts.add_row(title, figure.told())
    table = _table()
    table.add_column(say("LABEL", "标签"), no_wrap=True)
    table.add_column(say("SHARE", "占比"), justify="right", no_wrap=True)
    table.add_column(say("SPECIFIC", "特定一致率"), no_wrap=True)
    table.add_column("α", no_wrap=True)
    for label, one in found.labels.items():
        table.add_row(named(label), f"{one.share:.0%}", one.specific.told(), one.alpha.told())
    return Group(facts, "", table)


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")
