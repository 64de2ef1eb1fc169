"""What strangers write, at every place that reads some of it as orders."""

import csv
import io
import json
import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcor.errors import InputNotFound
from voxcor.tables import MOST_COLUMNS, read_csv
from voxcor.untrusted import (
    MOST_NAME_BYTES,
    cell,
    code,
    file_name,
    from_cell,
    markdown,
    one_line,
    printable,
    printable_lines,
    read_json,
)

# Lone surrogates as well: bytes of file names that are no UTF-8.
anything = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call.wav", "call.wav"),
        ("通话 录音.wav", "通话 录音.wav"),
        ("👩\u200d👧 می\u200cخواهم", "👩\u200d👧 می\u200cخواهم"),  # made with joiners
        ("a\x1b[31mb", "a\\u001b[31mb"),
        ("a\x9b31mb\x7f", "a\\u009b31mb\\u007f"),
        ("gpj\u202ewav.\u2066", "gpj\\u202ewav.\\u2066"),
        ("a\nb\r\tc\u2028d", "a\\nb\\r\\tc\\u2028d"),
        ("\udcff.wav", "\\udcff.wav"),
        ("\U000e0041", "\\udb40\\udc41"),  # a tag: it is there and nobody sees it
    ],
)
def test_a_text_is_one_line_that_steers_nothing(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert InputNotFound(name=text).message == f"{shown}: no such file or folder."


@given(anything)
def test_nothing_that_steers_is_left(text: str) -> None:
    shown = printable(text)
    assert printable(shown) == shown
    assert not {unicodedata.category(c) for c in shown if c not in "\u200c\u200d"} & {
        *("Cc", "Cf", "Cs", "Zl", "Zp")
    }
    assert printable_lines(text).replace("\n", "\\n").replace("\t", "\\t") == shown
    assert "\n" not in one_line(text)
    # In the JSON that a command prints, what is escaped is what it was.
    line = printable_lines(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(line) == {"name": text}


@pytest.mark.parametrize("first", [*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20"])
def test_a_formula_is_text_in_a_cell(first: str) -> None:
    assert cell(f'{first}cmd|"/c calc"!A1')[0] == "'"


@given(anything)
def test_a_cell_comes_back_as_it_was(text: str) -> None:
    assert from_cell(cell(text)) == text
    assert not cell(text).startswith(("=", "+", "-", "@"))


def test_a_table_that_we_wrote_is_read_as_it_was_meant() -> None:
    names = ["=1+1", "'=1+1", "''@x", "'quoted'", "plain", "-5"]
    file = io.StringIO()
    csv.writer(file).writerows([["name"], *([cell(name)] for name in names)])
    file.seek(0)
    _, rows = read_csv(file)
    assert [row["name"] for _, row in rows] == names


def test_a_table_of_a_million_columns_is_refused_before_its_rows() -> None:
    with pytest.raises(csv.Error, match="columns"):
        read_csv([",".join("c" * 1_000_000), *["x"] * 1000])
    columns, rows = read_csv([",".join(map(str, range(MOST_COLUMNS))), "x", "", "y,z"])
    assert len(columns) == MOST_COLUMNS
    assert [(line, row["0"], row["1"]) for line, row in rows] == [(2, "x", ""), (4, "y", "z")]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("45.9 [28.6, 51.4]", "45.9 [28.6, 51.4]"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("&lt;b>", "&amp;lt;b&gt;"),
        ("[click](javascript:alert(1))", "[click]\\(javascript:alert(1))"),
        ("![x][y]", "![x]\\[y]"),
        ("a|b\nc", "a\\|b\\\\nc"),
        ("# head", "\\# head"),
        ("*a* _b_ ~c~ `d`", "\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`"),
        ("https://example.org", "https:\\//example.org"),
    ],
)
def test_markdown_shows_what_was_written(text: str, marked: str) -> None:
    assert markdown(text) == marked


def test_code_ends_where_it_should() -> None:
    assert code("a`<b>`\n") == "`a'<b>'\\n`"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("call", "call.srt"),
        ("通话录音", "通话录音.srt"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j.srt"),
        ("a\nb\x00c", "a_b_c.srt"),
        ("-rf", "_rf.srt"),
        ("--out", "_out.srt"),
        (".hidden", "_hidden.srt"),
        ("~root", "_root.srt"),
        ("con", "_con.srt"),
        ("COM1.tar", "_COM1.tar.srt"),
        ("console", "console.srt"),
        ("end. . ", "end.srt"),
        ("..", "recording.srt"),
        ("", "recording.srt"),
        ("\udcff\udcfe", "recording.srt"),
        ("\udcb5\udcb1 call", "__ call.srt"),
    ],
)
def test_a_name_is_one_file_everywhere(name: str, made: str) -> None:
    assert file_name(name, ".srt") == made


@given(st.one_of(anything, st.text(min_size=200, max_size=300), st.just("通话" * 127)))
def test_a_name_of_any_kind_can_be_written(name: str) -> None:
    made = file_name(name, ".labelstudio.json")
    assert len(made.encode()) <= MOST_NAME_BYTES
    assert made == Path(made).name
    assert made.endswith(".labelstudio.json")
    assert made[0] not in "-.~"
    assert made == made.strip()
    assert os.fsencode(made)


def test_two_names_that_are_too_long_stay_two() -> None:
    first, second = (file_name("录" * 100 + end) for end in "ab")
    assert first != second


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "1" * 5000, '{"a":' * 5000 + "1" + "}" * 5000, "", "{", b"\xff"]
)
def test_json_that_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_json(text)
