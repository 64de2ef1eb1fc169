"""`voxcor library add|search|clusters|trajectory|remove`: what lies in many recordings."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxcor.cli.options import ModelOption
from voxcor.language import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from voxcor.library.filters import Filters
    from voxcor.library.search import Answer
    from voxcor.recognizer import Recognizer

app = typer.Typer(
    name="library",
    help=say(
        "Many recordings, to search and to compare.",
        "收录大量录音，供检索与比较。",
    ),
    no_args_is_help=True,
)

SpeakerOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=say("Of this speaker alone.", "只看该说话人。"), show_default=False
    ),
]

EmotionOption = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL", help=say("Of this emotion alone.", "只看该情感。"), show_default=False
    ),
]

SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help=say("Recorded then or later.", "录制于该日期或之后。"),
        show_default=False,
    ),
]

UntilOption = Annotated[
    str | None,
    typer.Option(
        metavar="DATE", help=say("Recorded before.", "录制早于该日期。"), show_default=False
    ),
]

FolderOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help=say("In this folder alone.", "只看该文件夹。"), show_default=False
    ),
]

JsonOption = Annotated[
    bool, typer.Option("--json", help=say("One JSON line for each.", "每项输出一行 JSON。"))
]


@app.command(
    help=say(
        "Take recordings or results in. What is there already is passed by.",
        "收录录音或结果；已有的内容会略过。",
    )
)
def add(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help=say(
                "Recordings, folders or lists of them; result folders; what `voxcor batch` made.",
                "录音、录音文件夹、清单、结果文件夹，或 `voxcor batch` 的输出文件夹。",
            ),
            show_default=False,
        ),
    ],
    speaker: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=say(
                "Who speaks, where nothing says so more closely.",
                "说话人；录音自带说明时以其为准。",
            ),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.incoming import add as add_sources
    from voxcor.library.store import Library
    from voxcor.results import Failure
    from voxcor.untrusted import printable

    library = Library.open()
    new = failed = 0
    for outcome in add_sources(library, sources, _recognizer(model), speaker=speaker):
        if isinstance(outcome, Failure):
            failed += 1
            if as_json:
                print(json.dumps(outcome.to_document(), ensure_ascii=False))
            print(f"voxcor: {outcome.message} ({outcome.code})", file=sys.stderr)
            continue
        new += outcome.segments
        if as_json:
            document = {"name": outcome.name, "recording": outcome.recording}
            print(json.dumps({**document, "segments": outcome.segments}, ensure_ascii=False))
        else:
            state = say(f"{outcome.segments} new", f"新增 {outcome.segments} 段")
            there = say("there already", "已收录")
            print(
                f"{outcome.recording}  {printable(outcome.name)}  "
                f"{state if outcome.segments else there}"
            )
    if new:
        library.compact()
    for table in library.tables():
        said = say(
            f"The library has {table.rows} segments by {table.model.id}, {new} of them new.",
            f"库中有 {table.rows} 个由 {table.model.id} 识别的语段，本次新增 {new} 个。",
        )
        print(said, file=sys.stderr)
    if failed:
        raise typer.Exit(1)


@app.command(
    help=say(
        "Find what sounds like a clip, a mixture of emotions, or as words say.",
        "按片段、情感比例或文字描述检索。",
    )
)
def search(
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help=say(
                "A recording, ID@START-END, a mixture (angry 0.6 sad 0.4), or words "
                "(furious but controlled).",
                "录音、ID@起点-终点、情感比例（愤怒 0.6 悲伤 0.4），或文字（强颜欢笑）。",
            ),
            show_default=False,
        ),
    ],
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help=say("At the most so many.", "最多返回条数。"))
    ] = 10,
    speaker: SpeakerOption = None,
    not_speaker: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=say("Not of this speaker.", "排除该说话人。"), show_default=False
        ),
    ] = None,
    emotion: EmotionOption = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="0..1",
            help=say("With this confidence at the least.", "置信度下限。"),
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    folder: FolderOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.search import search as find
    from voxcor.library.store import Library

    filters = _filters(
        speaker=speaker,
        not_speaker=not_speaker,
        emotion=emotion,
        confidence=confidence,
        since=since,
        until=until,
        folder=folder,
    )
    answer = find(
        Library.open(),
        " ".join(query),
        recognizer=_recognizer(model),
        model=model,
        filters=filters,
        limit=limit,
    )
    _show(answer, as_json)


@app.command(
    help=say(
        "Group what sounds alike, without anybody having named it.",
        "将相似的语段自动聚类。",
    )
)
def clusters(
    speaker: SpeakerOption = None,
    emotion: EmotionOption = None,
    folder: FolderOption = None,
    by_speaker: Annotated[
        bool,
        typer.Option(
            "--by-speaker",
            help=say(
                "Take away what each speaker's segments have in common.",
                "去除每位说话人自身的共同成分。",
            ),
        ),
    ] = False,
    smallest: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help=say("Segments of the smallest cluster.", "最小类的语段数。"),
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from voxcor.library.clusters import find_clusters
    from voxcor.library.store import Library

    library = Library.open()
    found = find_clusters(
        library,
        library.table(model),
        filters=_filters(speaker=speaker, emotion=emotion, folder=folder),
        smallest=smallest,
        by_speaker=by_speaker,
    )
    if as_json:
        for cluster in found.clusters:
            print(json.dumps(cluster.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library_view import cluster_table

    if found.clusters:
        open_console().print(cluster_table(found.clusters))
    outside = say(
        f"{found.outside} of {found.segments} segments lie in no cluster.",
        f"{found.segments} 个语段中有 {found.outside} 个不属于任何类。",
    )
    print(outside, file=sys.stderr)


@app.command(
    help=say(
        "Follow arousal or valence through a recording, or a speaker's recordings.",
        "查看唤醒度或效价在一段录音、或一位说话人多段录音中的变化。",
    )
)
def trajectory(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help=say("A recording of the library.", "库中的一段录音。"),
            show_default=False,
        ),
    ] = None,
    speaker: SpeakerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    dimension: Annotated[
        str, typer.Option(metavar="arousal|valence", help=say("Which.", "查看哪一维度。"))
    ] = "valence",
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    from typing import cast

    from voxcor.errors import NotInLibrary, UsageError
    from voxcor.library.store import Library, quoted
    from voxcor.library.trajectory import Dimension, follow
    from voxcor.results import DIMENSIONS

    if dimension not in DIMENSIONS:
        raise UsageError(
            reason_en=f"--dimension is arousal or valence, not {dimension}.",
            reason_zh=f"--dimension 应为 arousal 或 valence，而不是 {dimension}。",
        )
    filters = _filters(speaker=speaker, since=since, until=until)
    conditions = [filters.where]
    if recording is not None:
        conditions.append(f"starts_with(recording, {quoted(recording)})")
    library = Library.open()
    where = " AND ".join(filter(None, conditions)) or None
    segments = library.segments(library.table(model), where)
    if not segments:
        raise NotInLibrary(name=recording or speaker or f"{since}–{until}")
    course = follow(segments, cast(Dimension, dimension))
    if as_json:
        print(json.dumps(course.to_document(), ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library_view import course_view

    open_console().print(course_view(course))


@app.command(
    help=say(
        "Delete a recording and everything that was made of it, for good.",
        "彻底删除一个录音及由它得到的一切。",
    )
)
def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help=say(
                "Recordings, by their names in the library or their paths.",
                "录音在库中的名称，或其路径。",
            ),
            show_default=False,
        ),
    ],
) -> None:
    from voxcor.library.outgoing import remove as remove_recording
    from voxcor.library.store import Library

    library = Library.open()
    for name in names:
        count = remove_recording(library, name)
        what = "segment" if count == 1 else "segments"
        print(say(f"{name}: {count} {what} deleted", f"{name}：已删除 {count} 个语段"))


def _filters(
    *, emotion: str | None = None, since: str | None = None, until: str | None = None, **others: Any
) -> "Filters":
    """The conditions as a command line has them: labels in any of their names, dates as text."""
    from voxcor.labels import label_meant
    from voxcor.library.filters import Filters, parse_date

    return Filters(
        emotion=None if emotion is None else label_meant(emotion),
        since=None if since is None else parse_date(since),
        until=None if until is None else parse_date(until),
        **others,
    )


def _recognizer(model: str | None) -> "Callable[[], Recognizer]":
    def load() -> "Recognizer":
        from voxcor.recognizer import Recognizer
        from voxcor.settings import Settings

        return Recognizer(model or Settings().model)

    return load


def _show(answer: "Answer", as_json: bool) -> None:
    if as_json:
        for hit in answer.hits:
            document = {"similarity": hit.similarity, **hit.segment.to_document()}
            print(json.dumps(document, ensure_ascii=False))
        return
    from voxcor.cli.console import open_console
    from voxcor.cli.library_view import hits, meaning

    aside = open_console(stderr=True)
    aside.print(meaning(answer.meaning), soft_wrap=True)
    if answer.hits:
        open_console().print(hits(answer.hits))
    else:
        aside.print(say("Nothing is like it.", "没有相近的内容。"))
