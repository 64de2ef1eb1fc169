"""Lists of recordings as people save them, one reader for all of them.

    .csv .tsv .tab .txt      columns by name, between whatever separates those of the header; or one
                             path a line, without a header
    .jsonl .ndjson .json     an object a line (NeMo, EmoBox), an array of objects, or an object of
                             objects (SpeechBrain)
    .parquet                 needs pyarrow
    wav.scp                  Kaldi's, with `segments`, `utt2spk`, `utt2emo` beside it

The encoding is told from the bytes (`voxcor.tables.text`), the separator from the header, columns
by their names (`voxcor.tables.columns`), a part of a recording by its times
(`voxcor.tables.times`).
Paths are relative to the list. What is wrong with a row costs that row; what is no list is refused.
"""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from voxcor.datasets.channels import channel_in
from voxcor.datasets.headers import (
    NO_SEPARATOR,
    columns_of,
    find_header,
    headless,
    is_comment,
    is_kaldi,
    says_nothing,
    separator_of,
)
from voxcor.datasets.json_lists import read_json_rows
from voxcor.datasets.kaldi import read_kaldi, segments_of
from voxcor.datasets.locate import FolderListings, locate
from voxcor.datasets.parquet import read_parquet
from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    ManifestError,
    VoxcorError,
)
from voxcor.language import listed, say
from voxcor.sources import is_file, is_path
from voxcor.tables.columns import PATHS, Header, header_of, known_columns
from voxcor.tables.delimited import (
    MOST_COLUMNS,
    MOST_LINE,
    LineTooLong,
    by_column,
    listed_names,
    read_records,
)
from voxcor.tables.text import encoding_of, text_lines
from voxcor.tables.times import LONGEST_S, is_end_of_recording, is_given, seconds
from voxcor.untrusted import trimmed

WORKBOOKS = (".xlsx", ".xls", ".ods")
SUFFIXES = (
    *(".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet", ".scp"),
    *WORKBOOKS,  # whose owner is to be told what to do
)

# A list of a million rows takes half of this; it is read whole.
MOST_BYTES = 256 << 20

# Of a workbook, whatever its name: ZIP and OLE.
_WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

_ADDRESS = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListRow:
    """A recording that a list names, or the part of it from `start` to `end`, in seconds.

    `line` is that of `source`, the file that it stands in; in Parquet its number. `named` is the
    path as it is written, `file` what it leads to: it need not be there. `values` are its cells, by
    the names in `header`.
    """

    source: Path
    line: int
    header: Header
    values: Mapping[str, str]
    named: str
    file: Path
    start: float | None = None
    end: float | None = None

    @property
    def channel(self) -> int | None:
        """As `channel_in` its cells."""
        return channel_in(self.values)


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that cannot be used. `reason` says why of it, without a full stop; `named` is its path.

    `row`: it is none; `path`: it names no file; `stretch`: its times are none.
    """

    source: Path
    line: int
    kind: Literal["row", "path", "stretch"]
    reason: str
    named: str = ""

    @property
    def sentence(self) -> str:
        return say(f"row {self.line} {self.reason}.", f"第 {self.line} 行{self.reason}。")


@dataclass(frozen=True, slots=True)
class _ListForm:
    """How a list is written, and what lies in the folders that it names."""

    source: Path
    encoding: str = "utf-8"
    decimal_comma: bool = False
    listings: FolderListings = field(default_factory=FolderListings)


# A line, and its cells by column; in place of them what is wrong, None where it is no row at all.
_Cells = tuple[int, Mapping[str, str] | str | None]


def read_list(source: Path) -> Iterator[ListRow | Flaw]:
    """The rows of a list, in order; a pipe is waited for.

    Raises:
        InputNotFound, InputUnreadable: it is not there, or cannot be read.
        ManifestError: it is no list of recordings; it says what was looked for.
        UsageError: a Parquet list without pyarrow.
    """
    kind = source.suffix.lower()
    with read_errors(source), source.open("rb") as file:
        if kind in WORKBOOKS:
            raise _is_workbook(source)
        if kind == ".parquet":
            rows = ((number, _texts(values)) for number, values in read_parquet(source, file))
            yield from _checked(_ListForm(source), rows)
            return
        data = _bounded(source, file)
        if data.startswith(_WORKBOOK_MARKS):
            raise _is_workbook(source)
        form = _ListForm(source, encoding_of(data))
        if kind == ".scp":
            yield from _kaldi_rows(form, data)
        elif kind in (".jsonl", ".ndjson", ".json") or _looks_like_json(data, form.encoding):
            found = read_json_rows(data, form.encoding)
            yield from _checked(form, ((n, row and _texts(row)) for n, row in found))
        else:
            yield from _delimited_rows(form, data)


def first_object(source: Path) -> Mapping[str, Any]:
    """The first object of a JSON file that has anything in it; an empty one where none has.

    Raises:
        InputNotFound, InputUnreadable, ManifestError: it cannot be read.
    """
    with read_errors(source), source.open("rb") as file:
        data = _bounded(source, file)
        return next((row for _, row in read_json_rows(data, encoding_of(data)) if row), {})


def no_list(source: Path, columns: Sequence[str], wanted: str) -> ManifestError:
    """The error that says which columns there are, and which are wanted."""
    listed = listed_names(columns) or "-"
    return _refused(
        source,
        f"it needs one of the columns {wanted}; its columns are: {listed}.",
        f"需要以下列之一：{wanted}；现有的列：{listed}。",
    )


def _delimited_rows(form: _ListForm, data: bytes) -> Iterator[ListRow | Flaw]:
    folder = form.source.parent
    before, header, separator = find_header(data, form.encoding, folder)
    if not header:
        raise _refused(form.source, "it is empty: no row can be used.", "内容为空，没有可用的行。")
    lines: Iterator[str] = islice(text_lines(data, form.encoding), before, None)
    separator = separator or separator_of(header)
    columns = columns_of(header, separator)
    if len(columns) == 1:
        separator = NO_SEPARATOR
    if not known_columns(columns) and is_kaldi(header, folder):
        yield from _kaldi_rows(form, data)
        return
    if not known_columns(columns):
        bare = headless(header, folder)
        if bare is not None:
            separator, columns = bare
            lines, before = chain([header], lines), before - 1
    if len(columns) > MOST_COLUMNS or not known_columns(columns):
        raise no_list(form.source, columns, PATHS)
    _check_names(form, columns)
    is_path_first = columns[0] in header_of(columns).roles["path"]

    def rows() -> Iterator[_Cells]:
        for number, cells in read_records(lines, separator, skip_spaces=True):
            line = before + number
            if cells is None:
                most = f"{csv.field_size_limit():,}"
                en, zh = f"has a field larger than {most} characters", f"有超过 {most} 字符的字段"
                yield line, say(en, zh)
            elif says_nothing(cells, columns) or (is_path_first and is_comment(cells, folder)):
                continue
            elif any(cell.strip() for cell in cells[len(columns) :]):
                counts = len(cells), len(columns)
                en = "has {} cells, and the head {}: is a path to be in quotation marks?"
                zh = "有 {} 个单元格，而表头有 {} 个：是否有路径需要加引号？"
                yield line, say(en, zh).format(*counts)
            else:
                by_name = by_column(columns, cells)
                yield line, {name: trimmed(cell) for name, cell in by_name.items()}

    yield from _checked(_ListForm(form.source, form.encoding, separator == ";"), rows())


def _check_names(form: _ListForm, columns: Sequence[str]) -> None:
    """A column that is there twice is refused where somebody would have to choose."""
    twice = [name for name, count in Counter(columns).items() if count > 1 and name]
    used = [name for name in twice if header_of((name,)).roles or header_of((name,)).unclear]
    if used:
        names = listed_names(used)
        en = f"several of its columns are called {names}: give each a name of its own."
        raise _refused(form.source, en, f"有多列同名：{names}；请为每列取不同的名称。")


def _kaldi_rows(form: _ListForm, data: bytes) -> Iterator[ListRow | Flaw]:
    def read(path: Path) -> Iterator[str]:
        if path == form.source:
            return text_lines(data, form.encoding)
        with path.open("rb") as file:
            return text_lines(_bounded(path, file))

    place = segments_of(form.source) or form.source
    for line, values, fault in read_kaldi(form.source, read):
        if fault:
            yield Flaw(place, line, "path", fault, values.get("path", ""))
        else:
            yield _row(form, line, header_of(tuple(values)), values, place)


def _checked(form: _ListForm, rows: Iterable[_Cells]) -> Iterator[ListRow | Flaw]:
    """The rows with their columns understood.

    Flaws that are the list's as much as a row's wait for the first row without one: where none
    comes, it is no list.
    """
    held: list[Flaw] = []
    columns: tuple[str, ...] | None = None
    sound = False
    for line, values in rows:
        if isinstance(values, str):
            sound = True
            found: ListRow | Flaw = Flaw(form.source, line, "row", values)
        elif values is None:
            reason = say("is no JSON object", "不是 JSON 对象")
            found = Flaw(form.source, line, "row", reason)
        else:
            header = header_of(tuple(values))
            columns = columns or header.names
            sound = sound or ("path" in header.roles and not header.unclear)
            found = _row(form, line, header, values)
        if isinstance(found, Flaw) and not sound:
            held.append(found)
        else:
            yield from held
            held.clear()
            yield found
    if held:
        if columns is not None and "path" not in header_of(columns).roles:
            raise no_list(form.source, columns, PATHS)
        raise ManifestError(name=str(form.source), reason=held[0].sentence)


def _row(
    form: _ListForm, line: int, header: Header, values: Mapping[str, str], place: Path | None = None
) -> ListRow | Flaw:
    place = place or form.source
    named = header.first("path", values)
    if not is_path(named) or not named.strip():
        return Flaw(place, line, "path", say("names no file", "没有给出文件"))
    if _ADDRESS.match(named):
        en, zh = "is an address, and nothing is fetched", "是网络地址；不会从网络下载"
        return Flaw(place, line, "path", say(en, zh), named)
    start = end = None
    if header.unclear:
        columns = listed(header.unclear)
        en = f"has times that are not understood, in {columns.en}: give start and end, or offset "
        zh = f"的时间无法理解（{columns.zh}）：请给出 start 与 end 或 offset 与 "
        reason = say(f"{en}and duration, in s or ms", f"{zh}duration，单位为秒或毫秒（_ms）")
        return Flaw(place, line, "stretch", reason, named)
    if header.span:
        start_column, end_column = header.span.start, header.span.end
        texts = [values.get(column.name, "") for column in (start_column, end_column)]
        if any(map(is_given, texts)):
            start = seconds(texts[0], start_column.scale, decimal_comma=form.decimal_comma)
            end = seconds(texts[1], end_column.scale, decimal_comma=form.decimal_comma)
            if end_column.kind == "end" and is_end_of_recording(texts[1]):
                end = LONGEST_S
            if start is not None and end is not None and end_column.kind == "duration":
                end += start
            if start is None or end is None or not 0 <= start < end <= LONGEST_S:
                given = f"{start_column.name}={texts[0][:40]}, {end_column.name}={texts[1][:40]}"
                en, zh = f"has times that are no stretch: {given}", f"的时间不是有效区间：{given}"
                if start is None or end is None:
                    en += "; understood are 2.5, 2500 ms, 0:02.5"
                    zh += "；可用的写法：2.5、2500 ms、0:02.5"
                return Flaw(place, line, "stretch", say(en, zh), named)
    file = _located(form, header, values, named)
    return ListRow(place, line, header, values, named, file, start, end)


def _located(form: _ListForm, header: Header, values: Mapping[str, str], named: str) -> Path:
    folder = form.source.parent
    found = locate(named, folder)
    if found is None and (within := header.first("folder", values)):
        found = locate(f"{within}/{named}", folder)
    if found is None:
        found = form.listings.locate(named, folder)
    if found is None and not form.encoding.startswith("utf"):
        # On Linux the name of a file may be in that encoding, too.
        found = locate(os.fsdecode(named.encode(form.encoding, "replace")), folder)
    if found is None and (values.get("wav") == named or form.source.suffix.lower() == ".scp"):
        # EmoBox's `wav` and Kaldi's paths start where their recipes do, some folders above.
        above = (base / named for base in folder.absolute().parents)
        found = next((path for path in above if is_file(path)), None)
    return found or folder / named


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """What a table would say; what says nothing, null and NaN, is left out."""
    paths = header_of(tuple(values)).roles.get("path", ())
    return {
        name: _path(value) if name in paths else _text(value)
        for name, value in values.items()
        if value is not None and value == value
    }


def _path(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("path")  # an `Audio` of Hugging Face
    return value if isinstance(value, str) else "\0"


def _text(value: Any) -> str:
    # A list or an object is no label and no time.
    return str(value) if isinstance(value, str | int | float) else "\0"


def _looks_like_json(data: bytes, encoding: str) -> bool:
    return data[:4096].decode(encoding, "ignore").lstrip()[:1] in ("{", "[")


def _is_workbook(source: Path) -> ManifestError:
    en = "it is a workbook; save its sheet as CSV and give that."
    return _refused(source, en, "这是工作簿；请将工作表另存为 CSV 后再使用。")


def _bounded(source: Path, file: BinaryIO) -> bytes:
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        en, zh = f"it has more than {MOST_BYTES:,} bytes.", f"超过 {MOST_BYTES:,} 字节。"
        raise _refused(source, en, zh)
    return data


def _refused(source: Path, en: str, zh: str) -> ManifestError:
    return ManifestError(name=str(source), reason=say(en, zh))


@contextmanager
def read_errors(source: Path) -> Iterator[None]:
    """What the system says of a file of other people, as our errors."""
    try:
        yield
    except VoxcorError:
        raise
    except FileNotFoundError as error:
        raise InputNotFound(name=str(source)) from error
    except OSError as error:
        raise InputUnreadable(name=str(source), reason=error.strerror or str(error)) from error
    except LineTooLong as error:
        en = f"a line of it has more than {MOST_LINE:,} characters."
        raise _refused(source, en, f"其中一行超过 {MOST_LINE:,} 个字符。") from error
