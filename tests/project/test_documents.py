"""Every document is there in both languages, made alike, and every link of one leads somewhere."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from documents import put
from places import ROOT
from voxcor.language import say

PARSER = MarkdownIt("commonmark").enable("table")

TWO_LANGUAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
DOCUMENTS = sorted([*TWO_LANGUAGES, *ROOT.glob("recipes/*/README.md"), *ROOT.glob("fuzz/*.md")])
ENGLISH = [path for path in TWO_LANGUAGES if not path.name.endswith(".zh.md")]

# What is a sentence and no name, quoted word or entry of a glossary.
_IN_ENGLISH = re.compile(r"(?:[A-Za-z']+,? ){9}")
_IN_CHINESE = re.compile("[\u3400-\u9fff，、；]{8}")

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_COMMAND = re.compile(r"(?:\./|(?:voxcor|pip|python|sudo|docker|split|sbatch) ).*")
_IN_HTML = re.compile(r'(?:href|src|srcset)="([^"]+)"')
_NAMED = re.compile(r"\bdocs/[\w.-]+\.md\b")


def twin_of(path: Path) -> Path:
    """The same document in the other language."""
    if path.name.endswith(".zh.md"):
        return path.with_name(path.name.removesuffix(".zh.md") + ".md")
    return path.with_suffix(".zh.md")


def tokens(path: Path) -> Iterator[Token]:
    """All of its tokens, those within lines too."""
    for token in PARSER.parse(path.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def shape(path: Path) -> Counter[str]:
    """How many there are of what a translation keeps: headings by level, blocks of code, …"""
    kept = {"fence", "code_block", "table_open", "tr_open", "th_open", "bullet_list_open"}
    kept |= {"heading_open", "list_item_open", "image"}
    return Counter(f"{token.type} {token.tag}" for token in tokens(path) if token.type in kept)


def figures(path: Path) -> list[list[str]]:
    """The numbers in each row of its tables."""
    rows: list[list[str]] = []
    for token in PARSER.parse(path.read_text(encoding="utf-8")):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1] += _FIGURE.findall(token.content) if token.level > 3 else []
    return [sorted(row) for row in rows]


def commands(path: Path) -> list[str]:
    """What its blocks of code tell people to type, without remarks."""
    return [
        re.sub(r"\s*# .*", "", line)
        for token in tokens(path)
        if token.type in {"fence", "code_block"}
        for line in token.content.splitlines()
        if _COMMAND.match(line)
    ]


def anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a document in addresses."""
    found: Counter[str] = Counter()
    names = set()
    heading = False
    for token in PARSER.parse(path.read_text(encoding="utf-8")):
        if token.type == "inline" and heading:
            text = "".join(part.content for part in token.children or ())
            name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            names.add(f"{name}-{found[name]}" if found[name] else name)
            found[name] += 1
        heading = token.type == "heading_open"
    return names


def addresses(path: Path) -> Iterator[str]:
    """Where its links and pictures lead."""
    for token in tokens(path):
        if token.type in {"link_open", "image"}:
            yield unquote(str(token.attrs.get("href") or token.attrs.get("src")))
        elif token.type in {"html_block", "html_inline"}:
            yield from _IN_HTML.findall(token.content)


def own_links(path: Path) -> list[tuple[Path, str]]:
    """The file and the anchor of each link that stays in the tree."""
    found = []
    for address in addresses(path):
        if not re.match(r"\w+:", address):
            name, _, anchor = address.partition("#")
            found.append(((path.parent / name).resolve() if name else path, anchor))
    return found


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.name)
def test_the_other_language_has_the_same_parts(path: Path) -> None:
    assert shape(path) == shape(twin_of(path))


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.name)
def test_the_other_language_has_the_same_figures_and_commands(path: Path) -> None:
    assert figures(path) == figures(twin_of(path))
    assert commands(path) == commands(twin_of(path))


@pytest.mark.parametrize("path", TWO_LANGUAGES, ids=lambda path: path.name)
def test_its_first_lines_lead_to_the_other_language(path: Path) -> None:
    head = "\n".join(path.read_text(encoding="utf-8").splitlines()[:5])
    name = "English" if path.name.endswith(".zh.md") else "中文"
    assert f"[{name}]({twin_of(path).name})" in head


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, anchor in own_links(path):
        assert target.exists(), target
        if anchor:
            assert anchor in anchors(target), f"{target.name}#{anchor}"


@pytest.mark.parametrize("path", TWO_LANGUAGES, ids=lambda path: path.name)
def test_links_stay_in_the_language(path: Path) -> None:
    chinese = path.name.endswith(".zh.md")
    astray = [
        target.name
        for target, _ in own_links(path)
        if target != twin_of(path)
        and target in TWO_LANGUAGES
        and target.name.endswith(".zh.md") != chinese
    ]
    assert astray == []


@pytest.mark.parametrize("path", TWO_LANGUAGES, ids=lambda path: path.name)
def test_a_document_is_in_one_language(path: Path) -> None:
    paragraphs = [
        "".join(part.content for part in token.children or () if part.type == "text")
        for token in PARSER.parse(path.read_text(encoding="utf-8"))
        if token.type == "inline"
    ]
    other = _IN_ENGLISH if path.name.endswith(".zh.md") else _IN_CHINESE
    assert [text for text in paragraphs if other.search(text)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_mark_of_emphasis_is_shown(path: Path) -> None:
    # As in **“so”**is, where a quotation mark keeps the asterisks from closing.
    shown = [token.content for token in tokens(path) if token.type == "text"]
    assert [text for text in shown if "**" in text] == []


def test_documents_that_code_names_are_there() -> None:
    code = [*ROOT.glob("src/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("docs/*.py")]
    page = [path for path in ROOT.glob("src/**/static/**/*.js") if "vendor" not in path.parts]
    named = {
        name
        for path in [*code, *page, *ROOT.glob("deploy/*"), ROOT / "Dockerfile"]
        if path.is_file()
        for name in _NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_what_a_benchmark_writes_is_in_both_languages(tmp_path: Path) -> None:
    english, chinese = tmp_path / "speed.md", tmp_path / "speed.zh.md"
    for path in (english, chinese):
        path.write_text("a\n<!-- table -->\nold\n<!-- end -->\nb\n", encoding="utf-8")
    put(english, "table", lambda: say("fast\n", "快\n"))
    assert english.read_text(encoding="utf-8") == "a\n<!-- table -->\nfast\n<!-- end -->\nb\n"
    assert chinese.read_text(encoding="utf-8") == "a\n<!-- table -->\n快\n<!-- end -->\nb\n"
    with pytest.raises(ValueError, match="no place for memory"):
        put(english, "memory", str)


def test_the_places_that_benchmarks_write_are_there() -> None:
    for name, mark in (("int8", "speed"), ("speed", "table"), ("training", "bases")):
        for path in (ROOT / "docs" / f"{name}.md", ROOT / "docs" / f"{name}.zh.md"):
            assert f"<!-- {mark} -->\n" in path.read_text(encoding="utf-8")
