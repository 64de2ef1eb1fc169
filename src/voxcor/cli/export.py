"""`voxcor export RESULT... --format F`: results in the formats of other tools."""

import codecs
import sys
from pathlib import Path
from typing import Annotated

import typer

from voxcor.language import say

HELP = say(
    "Write results in a format of another tool: Praat, ELAN, Audacity, subtitles, …",
    "将结果导出为其他工具的格式：Praat、ELAN、Audacity、字幕等。",
)


def export(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...",
            help=say(
                "Result folders (outputs_…), or result.json files.",
                "结果文件夹（outputs_…）或 result.json 文件。",
            ),
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=say(
                "textgrid, eaf, audacity, rttm, srt, vtt, vtt-metadata, csv, labelstudio, "
                "labelstudio-config or html.",
                "textgrid、eaf、audacity、rttm、srt、vtt、vtt-metadata、csv、labelstudio、"
                "labelstudio-config 或 html。",
            ),
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help=say(
                "A folder, or for one result a file; - for standard output. Default: into each "
                "result folder.",
                "文件夹；只有一个结果时可为文件；- 表示标准输出。默认写入各结果文件夹。",
            ),
            show_default=False,
        ),
    ] = None,
) -> None:
    from typing import cast

    from voxcor.cli.view import notice
    from voxcor.disk.faults import storage_errors
    from voxcor.disk.whole import write_whole
    from voxcor.errors import StorageError, UsageError, VoxcorError
    from voxcor.exports import KINDS, Format, export, file_name
    from voxcor.exports.content import read_content

    failed = False
    notices: dict[str, None] = {}
    used: set[Path] = set()
    for path in results:
        try:
            content = read_content(path)
            data = export(content, cast(Format, kind))
        except UsageError:
            raise
        except VoxcorError as error:
            failed = True
            print(f"voxcor: {error.message} ({error.code})", file=sys.stderr)
            continue
        if str(out) == "-":
            # A mark is for spreadsheets; who reads a pipe is a program.
            sys.stdout.buffer.write(data.removeprefix(codecs.BOM_UTF8))
            continue
        name = file_name(content, cast(Format, kind))
        if out is not None and not out.is_dir() and len(results) == 1 and out.suffix:
            target = out
        else:
            folder = out or (path if path.is_dir() else path.parent)
            target = _free(folder, name, KINDS[cast(Format, kind)].suffix, used)
        used.add(target)
        try:
            with storage_errors(target, len(data)):
                write_whole(target, data)
        except StorageError as error:
            failed = True
            print(f"voxcor: {error.message} ({error.code})", file=sys.stderr)
            continue
        print(target)
        if content.result.model.fallback:
            notices[notice(content.result.model)] = None
    for said in notices:
        print(said, file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _free(folder: Path, name: str, suffix: str, used: set[Path]) -> Path:
    """Where an export goes: not over a file of the result, nor over another of this run."""
    from voxcor.result_folder import RESULT_FILES

    number, target = 1, folder / name
    while target in used or target.name in RESULT_FILES:
        number += 1
        target = folder / f"{name.removesuffix(suffix)}_{number}{suffix}"
    return target
