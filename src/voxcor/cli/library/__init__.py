"""`voxcor library`: what lies in many recordings. Each command is a module."""

import typer

from voxcor.cli.library import (
    add,
    agreement,
    clusters,
    compare,
    correct,
    enrol,
    errors,
    forget,
    labels,
    people,
    remove,
    search,
    trajectory,
)
from voxcor.cli.library import map as drawn
from voxcor.language import say

app = typer.Typer(
    name="library",
    help=say(
        "Many recordings, to search and to compare.",
        "收录大量录音，供检索与比较。",
    ),
    no_args_is_help=True,
)

app.command(help=add.HELP)(add.add)
app.command(help=search.HELP)(search.search)
app.command(help=clusters.HELP)(clusters.clusters)
app.command("map", help=drawn.HELP)(drawn.draw)
app.command(help=trajectory.HELP)(trajectory.trajectory)
app.command(help=compare.HELP)(compare.compare)
app.command(help=enrol.HELP)(enrol.enrol)
app.command(help=people.HELP)(people.people)
app.command(help=forget.HELP)(forget.forget)
app.command(help=correct.HELP)(correct.correct)
app.command(help=labels.HELP)(labels.labels)
app.command(help=errors.HELP)(errors.errors)
app.command(help=agreement.HELP)(agreement.agreement)
app.command(help=remove.HELP)(remove.remove)
