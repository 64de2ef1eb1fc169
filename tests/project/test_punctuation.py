"""Chinese text has full-width punctuation: every string that people read, and every document."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT

CHINESE = "[\u3400-\u9fff]"
HALF_WIDTH = re.compile(rf"{CHINESE}[ *]*[,;:!?()]|[,;:!?()][ *]*{CHINESE}")

# What is filled in, and where a link leads; in documents also code.
_NO_TEXT = re.compile(r"\$?\{[^{}]*\}|\]\([^()]*\)")
_CODE = re.compile(r"`[^`]*`")

# The headline of the system that Voxcor replaces, which people's scripts look for, and its labels.
_HEADLINE = re.compile(r"置信度: | \((?:Happy|快乐)\)")

_JS_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\]|\\.)*`")


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that people read, numbered, with a word for each piece of code in it."""
    content = path.read_text(encoding="utf-8")
    pieces = {".py": _python_strings, ".js": _js_strings, ".md": _prose}[path.suffix](content)
    for number, piece in pieces:
        for offset, line in enumerate(piece.split("\n")):
            yield number + offset, _HEADLINE.sub("x", _NO_TEXT.sub("x", line))


def _python_strings(content: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        # Raw strings are patterns of what others write, docstrings are English.
        if token.type == tokenize.STRING and not re.match('"""|[bf]?r', token.string):
            yield token.start[0], token.string


def _js_strings(content: str) -> Iterator[tuple[int, str]]:
    for found in _JS_STRING.finditer(content):
        yield content.count("\n", 0, found.start()) + 1, found[0]


def _prose(content: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate(content.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, _CODE.sub("x", line)


def read_by_people() -> list[Path]:
    code = [*ROOT.glob("src/**/*.py"), *ROOT.glob("recipes/**/*.py")]
    page = [path for path in ROOT.glob("src/**/static/**/*.js") if "vendor" not in path.parts]
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("recipes/*/*.md")]
    return sorted([*code, *page, *documents, *ROOT.glob("src/voxcor/models/*/*.md")])


@pytest.mark.parametrize("path", read_by_people(), ids=lambda path: str(path.relative_to(ROOT)))
def test_chinese_has_its_own_punctuation(path: Path) -> None:
    assert [(n, line) for n, line in texts(path) if HALF_WIDTH.search(line)] == []


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        ('f"{name}: 错误,见日志"', ".py"),
        ("const a = `时间(秒)`;", ".js"),
        ("- **实时**: 网页", ".md"),
        ("`x`, 中文", ".md"),
    ],
)
def test_half_width_is_seen(content: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"text{suffix}"
    path.write_text(content, encoding="utf-8")
    assert any(HALF_WIDTH.search(line) for _, line in texts(path))
