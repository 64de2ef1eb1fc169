"""Writes `docs/python.md` and `docs/python.zh.md`: the Python reference, from docstrings.

    python docs/make_reference.py

Signatures and docstrings are those of the code. What stands around them, and the line in Chinese
for each name, is in `reference_words.py`. Run it when `tests/project/test_guides.py` says so.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from reference_words import CHAPTERS, HEAD, Chapter
from voxcor.errors import VoxcorError
from voxcor.labels import LABELS
from voxcor.language import Both, Language, speaking
from voxcor.options import RecordingOptions, options_of

DOCS = Path(__file__).parent
DOCUMENTS: dict[Language, Path] = {"en": DOCS / "python.md", "zh": DOCS / "python.zh.md"}

_LABEL_COLUMNS = Both("| id | English | Chinese | |", "| id | 英文 | 中文 | |")
_OPTION_COLUMNS = Both("| field | default | what it does |", "| 字段 | 默认值 | 作用 |")
_ERROR_COLUMNS = Both("| class | code | message |", "| 类 | 代码 | 说明 |")
_AGAIN = Both(" · may pass", " · 可重试")


def reference(language: Language) -> str:
    """The whole document in one language."""
    with speaking(language):
        parts = [str(HEAD), *(_chapter(chapter, language) for chapter in CHAPTERS)]
    return "\n".join(parts)


def _chapter(chapter: Chapter, language: Language) -> str:
    written = [f"## {chapter.title}\n\n{chapter.words}\n"]
    module = import_module(chapter.module)
    for name, summary in chapter.names.items():
        written += _entry(module, name, summary if language == "zh" else "")
    if chapter.table:
        written += ["\n".join(_TABLES[chapter.table]()) + "\n"]
    return "\n".join(written)


def _entry(module: ModuleType, name: str, summary: str) -> Iterator[str]:
    """A class, function or method: its title, its signature, and what its docstring says."""
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part)
    home = inspect.getmodule(found.fget if isinstance(found, property) else found) or module
    lines = Path(str(home.__file__)).read_text(encoding="utf-8").splitlines()
    node = _node_of(ast.parse("\n".join(lines)), name)
    level = "####" if "." in name else "###"
    yield f"{level} {name if '.' in name else f'{module.__name__}.{name}'}\n"
    if summary:
        yield f"{summary}\n"
    yield f"```python\n{_signature(node, lines).rstrip()}{_docstring(node)}\n```\n"


def _docstring(node: ast.ClassDef | ast.FunctionDef) -> str:
    """As it stands in the source, below what it is about."""
    text = ast.get_docstring(node)
    if not text:
        return ""
    end = "\n" if "\n" in text else ""
    return f'\n\n"""{text}{end}"""'


def _node_of(tree: ast.Module, name: str) -> ast.ClassDef | ast.FunctionDef:
    found: ast.Module | ast.ClassDef | ast.FunctionDef = tree
    for part in name.split("."):
        found = next(
            node
            for node in found.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == part
        )
    assert not isinstance(found, ast.Module)
    return found


def _signature(node: ast.ClassDef | ast.FunctionDef, lines: Sequence[str]) -> str:
    """As it stands in the source: a call, or the head of a class and its fields."""
    head = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1]))
    if isinstance(node, ast.FunctionDef):
        return _call(head, node.decorator_list)
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            made = _signature(part, lines).removesuffix(" -> None")
            return made.replace("__init__", node.name, 1)
    fields = [
        line
        for part in node.body
        if isinstance(part, ast.AnnAssign) and "Annotated" not in ast.unparse(part.annotation)
        for line in lines[part.lineno - 1 : part.end_lineno]
    ]
    return "\n".join([head.rstrip(), *fields])


def _call(head: str, marks: Sequence[ast.expr]) -> str:
    call = head.rstrip().removeprefix("def ").removesuffix(":")
    if any(ast.unparse(mark) == "property" for mark in marks):
        return call.replace("(self) ->", ":")
    return re.sub(r"\((\s*)self(?:, |,\n *|(?=\)))", r"(\1", call)


def _option_rows() -> Iterator[str]:
    yield str(_OPTION_COLUMNS)
    yield "|---|---|---|"
    for option in options_of(RecordingOptions).values():
        words = Both(option.words.en, option.words.zh)
        yield f"| `{option.name}` | `{option.default!r}` | {words} |"


def _label_rows() -> Iterator[str]:
    yield str(_LABEL_COLUMNS)
    yield "|---|---|---|---|"
    for label in LABELS:
        yield f"| `{label.id}` | {label.en} | {label.zh} | {label.emoji} |"


def _error_rows() -> Iterator[str]:
    yield str(_ERROR_COLUMNS)
    yield "|---|---|---|"
    yield from _error_row(VoxcorError, 0)


def _error_row(error: type[VoxcorError], depth: int) -> Iterator[str]:
    sentence = str(Both(error.en, error.zh)).replace("|", "\\|").replace("<", "&lt;")
    again = _AGAIN if error.retryable else ""
    indent = "· " * depth
    yield f"| {indent}`{error.__name__}` | `{error.code}`{again} | {sentence} |"
    for child in error.__subclasses__():
        if child.__module__.startswith("voxcor."):  # not those that a test makes
            yield from _error_row(child, depth + 1)


_TABLES = {"options": _option_rows, "labels": _label_rows, "errors": _error_rows}


def main() -> None:
    """Writes both documents."""
    for language, path in DOCUMENTS.items():
        path.write_text(reference(language), encoding="utf-8")


if __name__ == "__main__":
    main()
