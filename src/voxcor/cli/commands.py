"""All commands of `voxcor`. Each is a module, and imports what is heavy when it runs."""

from typing import Annotated

import typer

from voxcor.cli import (
    batch,
    bench,
    doctor,
    evaluate,
    export,
    library,
    models,
    recognize,
    serve,
    stream,
    train,
)
from voxcor.language import say
from voxcor.version import __version__

app = typer.Typer(
    name="voxcor",
    help=say(
        "Speech emotion recognition on your own machine.",
        "心声：在本机上识别语音中的情感。",
    ),
    no_args_is_help=True,
    add_completion=False,
    # Plain help and plain tracebacks: rich would cost every start 0.1 s, and its tracebacks
    # show the values of variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"voxcor {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help=say("Print the version and exit.", "显示版本号并退出。"),
        ),
    ] = False,
) -> None:
    pass


app.command(help=recognize.HELP)(recognize.recognize)
app.command(help=batch.HELP)(batch.batch)
app.command(help=export.HELP)(export.export)
app.command(help=serve.HELP)(serve.serve)
app.command(help=stream.HELP)(stream.stream)
app.add_typer(models.app)
app.add_typer(library.app)
app.command(help=evaluate.HELP)(evaluate.evaluate)
app.command(help=train.HELP)(train.train)
app.command(help=bench.HELP)(bench.bench)
app.command(help=doctor.HELP)(doctor.doctor)
