"""What is found in the library, as people look at it in a terminal."""

from collections.abc import Sequence
from math import isnan

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from voxcor.cli.view import clock
from voxcor.evaluation.metrics import Estimate
from voxcor.labels import get_label
from voxcor.language import say
from voxcor.library.clusters import Cluster
from voxcor.library.query import Mixture
from voxcor.library.search import Hit
from voxcor.library.trajectory import Trajectory
from voxcor.untrusted import printable

# What has less of a mixture is not named.
_LEAST_SHARE = 0.05

# Of emotions and speakers of a cluster so many are.
_MOST_NAMED = 3


def meaning(mixture: Mixture) -> Text:
    """`Meaning: 😠 Angry 60 % · 😢 Sad 40 % · arousal +0.40`."""
    shares = sorted(mixture.shares.items(), key=lambda entry: -entry[1])
    named = [(get_label(label), share) for label, share in shares if share >= _LEAST_SHARE]
    parts = [f"{label.emoji} {label.name} {share:.0%}" for label, share in named]
    if mixture.arousal is not None:
        parts.append(say(f"arousal {mixture.arousal:+z.2f}", f"唤醒度 {mixture.arousal:+z.2f}"))
    if mixture.valence is not None:
        parts.append(say(f"valence {mixture.valence:+z.2f}", f"效价 {mixture.valence:+z.2f}"))
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


def cluster_table(clusters: Sequence[Cluster]) -> Table:
    """A row for each: how large and how stable it is, what and who is in it, what to hear first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("SIZE", "大小"), justify="right", no_wrap=True)
    table.add_column(say("STABLE", "稳定性"), justify="right", no_wrap=True)
    table.add_column(say("EMOTIONS", "情感"), overflow="fold")
    table.add_column(say("SPEAKERS", "说话人"), overflow="fold")
    table.add_column(say("HEAR FIRST", "代表语段"), overflow="fold", style="dim")
    for cluster in clusters:
        named = [
            f"{get_label(label).emoji} {get_label(label).name} {share:.0%}"
            for label, share in cluster.emotions.items()
            if share >= _LEAST_SHARE
        ]
        voices = [f"{printable(name)} {share:.0%}" for name, share in cluster.speakers.items()]
        table.add_row(
            str(cluster.size),
            f"{cluster.stability:.2f}",
            " · ".join(named[:_MOST_NAMED]),
            " · ".join(voices[:_MOST_NAMED]),
            cluster.exemplars[0].id,
        )
    return table


def course_view(course: Trajectory) -> RenderableType:
    """The figures of a course with their intervals, where it changes, and its sessions."""
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold")
    facts.add_column()
    arousal = say("arousal", "唤醒度")
    name = arousal if course.dimension == "arousal" else say("valence", "效价")
    for title, interval in (
        (say(f"mean {name}", f"{name}均值"), course.mean),
        (say("standard deviation", "标准差"), course.deviation),
        (say("inertia", "惯性"), course.inertia),
        (say("instability", "不稳定性"), course.instability),
    ):
        facts.add_row(title, interval.told("+" if interval is course.mean else ""))
    several = len(course.sessions) > 1
    times = [
        say(f"day {at:.0f}", f"第 {at:.0f} 天") if several else clock(at) for at in course.changes
    ]
    facts.add_row(say("changes", "变化点"), ", ".join(times) or say("none", "无"))
    if not several:
        return facts
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("WHEN", "时间"), no_wrap=True)
    table.add_column(say("RECORDING", "录音"), overflow="fold")
    table.add_column(say("MEAN", "均值"), no_wrap=True)
    for session in course.sessions:
        when = session.recorded_at.strftime("%Y-%m-%d")
        table.add_row(when, printable(session.name), session.mean.told("+"))
    return Group(facts, "", table)


def sessions_table(sessions: Sequence[Trajectory]) -> Table:
    """A row for each recording, with the figures of the course within it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("WHEN", "时间"), no_wrap=True)
    table.add_column(say("RECORDING", "录音"), overflow="fold")
    for name in (
        *(say("N", "语段"), say("MEAN", "均值"), say("SD", "标准差")),
        *(say("INERTIA", "惯性"), say("INSTABILITY", "不稳定性")),
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for course in sessions:
        (session,) = course.sessions
        table.add_row(
            session.recorded_at.strftime("%Y-%m-%d"),
            printable(session.name),
            str(session.segments),
            session.mean.told("+"),
            _value(course.deviation, ""),
            _value(course.inertia, "+"),
            _value(course.instability, ""),
        )
    return table


def _value(interval: Estimate, sign: str) -> str:
    return "–" if isnan(interval.value) else f"{interval.value:{sign}z.2f}"
