"""A result in the formats of other tools: one function, the same bytes from every door.

    export(read_content(Path("outputs/outputs_20260105_101500")), "textgrid")

Segments become what a tool has for spans of time. Times are those of the original recording,
so exports fit the file as it came.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from voxcor import untrusted
from voxcor.errors import UsageError
from voxcor.exports.audacity import to_labels
from voxcor.exports.content import Content
from voxcor.exports.elan import to_eaf
from voxcor.exports.labelstudio import to_config, to_tasks
from voxcor.exports.page import to_html
from voxcor.exports.praat import to_textgrid
from voxcor.exports.rttm import to_rttm
from voxcor.exports.subtitles import to_metadata_vtt, to_srt, to_vtt
from voxcor.exports.table import to_csv
from voxcor.language import listed

Format = Literal[
    "textgrid",
    "eaf",
    "audacity",
    "rttm",
    "srt",
    "vtt",
    "vtt-metadata",
    "csv",
    "labelstudio",
    "labelstudio-config",
    "html",
]
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a format is called by people and computers."""

    en: str
    zh: str
    suffix: str
    media_type: str
    write: Callable[[Content], str | Iterator[str]]


KINDS: dict[Format, Kind] = {
    "textgrid": Kind("Praat TextGrid", "Praat TextGrid", ".TextGrid", "text/plain", to_textgrid),
    "eaf": Kind("ELAN", "ELAN", ".eaf", "application/xml", to_eaf),
    "audacity": Kind("Audacity labels", "Audacity 标签", ".txt", "text/plain", to_labels),
    "rttm": Kind("RTTM", "RTTM", ".rttm", "text/plain", to_rttm),
    "srt": Kind("SRT subtitles", "SRT 字幕", ".srt", "application/x-subrip", to_srt),
    "vtt": Kind("WebVTT captions", "WebVTT 字幕", ".vtt", "text/vtt", to_vtt),
    "vtt-metadata": Kind(
        "WebVTT metadata track",
        "WebVTT 元数据轨",
        ".metadata.vtt",
        "text/vtt",
        to_metadata_vtt,
    ),
    "csv": Kind("CSV", "CSV", ".csv", "text/csv", to_csv),
    "labelstudio": Kind(
        "Label Studio tasks",
        "Label Studio 任务",
        ".labelstudio.json",
        "application/json",
        to_tasks,
    ),
    "labelstudio-config": Kind(
        "Label Studio interface",
        "Label Studio 标注界面",
        ".labelstudio.xml",
        "application/xml",
        to_config,
    ),
    "html": Kind("HTML report", "HTML 报告", ".html", "text/html", to_html),
}


def export(content: Content, kind: Format) -> bytes:
    """A result in one of `FORMATS`, UTF-8, whole; see `export_pieces`."""
    return b"".join(export_pieces(content, kind))


def export_pieces(content: Content, kind: Format) -> Iterator[bytes]:
    """A result in one of `FORMATS`, UTF-8, in pieces: hours need no more memory than minutes.

    Words are in `language()`; names of labels in annotations are their ids, so that what comes
    back from a tool is understood.

    Raises:
        UsageError: no such format.
    """
    if kind not in KINDS:
        known = listed(FORMATS)
        raise UsageError(
            reason_en=f"There is no format {kind}; choose one of {known.en}.",
            reason_zh=f"没有格式 {kind}；可选：{known.zh}。",
        )
    written = KINDS[kind].write(content)
    # A file name may hold bytes that are no UTF-8.
    pieces = [written] if isinstance(written, str) else written
    return (piece.encode("utf-8", "backslashreplace") for piece in pieces)


def file_name(content: Content, kind: Format) -> str:
    """`call.TextGrid` for a result of call.wav, in characters and bytes that every system takes."""
    return untrusted.file_name(content.stem, KINDS[kind].suffix)


__all__ = ["FORMATS", "KINDS", "Content", "Format", "Kind", "export", "export_pieces", "file_name"]
