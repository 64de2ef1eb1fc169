"""What strangers wrote, made harmless for where it goes: a terminal, a table, Markdown, a disk.

File names, labels, speakers and reasons come from other people. Each place reads some characters
as orders, and for each place there is one function here.
"""

import hashlib
import json
import re
import unicodedata
from html import escape
from typing import Any

# Nearly every file system's limit of a name is 255 bytes; what people, other tools and Voxcor put
# around one (`_2`, `.building-`, an ending) fits into the difference.
MOST_NAME_BYTES = 200

# Characters that steer what shows them: C0 and C1 (escape sequences), directions of writing, tags,
# line ends, and bytes of file names that are no UTF-8. The joiners stay: emoji, Persian and Indian
# scripts are made with them.
_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
_NO_CHARACTERS = "\ufffe\uffff"  # which XML cannot have

# A cell that begins so is run by a spreadsheet (OWASP, CSV injection; the wide forms count in
# Chinese and Japanese ones). The apostrophe tells it that text follows; one that stood there
# already is doubled, so that taking one away gives back what was.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")

_MARKUP = {
    **{mark: f"\\{mark}" for mark in "\\`*_~|"},
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
}
_MARKED = re.compile(r"[\\`*_~|&<>]")

# What Windows takes in no name, and the names that it has for devices, whatever their ending:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def printable(text: str) -> str:
    r"""The text on one line, what steers a terminal written as JSON writes it: `\u001b`, `\n`."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) if _steers(character) else character for character in text)


def printable_lines(text: str) -> str:
    """As `printable`, but line ends and tabs stay: text that was laid out already."""
    if text.isprintable():
        return text
    return "".join(
        _escaped(character) if _steers(character) and character not in "\n\t" else character
        for character in text
    )


def one_line(text: str) -> str:
    """The text without what steers, for formats of lines and for XML, which know no escapes."""
    shown = "".join(" " if _steers(character) else character for character in text)
    return re.sub(" +", " ", shown).strip()


def trimmed(text: str) -> str:
    """The text without spaces around it, those too that nobody sees.

    Windows puts a direction of writing before a path that is copied from its window of properties;
    web pages and chats leave spaces without width.
    """
    first, last = 0, len(text)
    while first < last and _is_space(text[first]):
        first += 1
    while first < last and _is_space(text[last - 1]):
        last -= 1
    return text[first:last]


def cell(text: str) -> str:
    """The text as a cell of a CSV that no spreadsheet takes for a formula; `from_cell` inverts."""
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if _DEFUSED.match(text) else text


def markdown(text: str) -> str:
    """The text on one line of Markdown: nothing in it is markup, HTML or a link."""
    marked = _MARKED.sub(lambda found: _MARKUP[found[0]], printable(text))
    # Without its parenthesis or second bracket a link is none, and intervals stay readable.
    marked = marked.replace("](", "]\\(").replace("][", "]\\[").replace("://", ":\\//")
    return f"\\{marked}" if marked.startswith("#") else marked


def html(text: str) -> str:
    """The text on one line of HTML, within an element or an attribute in quotes."""
    return escape(printable(text))


def code(text: str) -> str:
    """The text as code in a line of Markdown."""
    return f"`{printable(text).replace('`', chr(39))}`"


def file_name(name: str, suffix: str = "") -> str:
    """A name that every system takes for one file in one folder, after what a stranger named.

    Args:
        name: a name, of any length and with anything in it.
        suffix: what is appended, as it is.

    Returns:
        at most `MOST_NAME_BYTES` bytes of UTF-8, never hidden, never an option. A name that was
        too long ends in a digest of all of it, so that two of them stay two.
    """
    kept = "".join("_" if _steers(character) else character for character in name)
    kept = _FORBIDDEN.sub("_", kept).strip().rstrip(" .")
    if not kept.strip(" ._"):
        kept = "recording"
    if kept[0] in "-.~ " or _DEVICES.fullmatch(kept):
        kept = f"_{kept.lstrip('-.~ ')}"
    room = MOST_NAME_BYTES - len(suffix.encode())
    if len(kept.encode()) > room:
        digest = "~" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        kept = kept.encode()[: room - len(digest)].decode(errors="ignore") + digest
    return kept + suffix


def read_json(text: str | bytes) -> Any:
    """JSON that somebody else wrote.

    Raises:
        ValueError: it is none, is nested too deeply, or has a number of thousands of digits.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _steers(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in _STEERING or character in _NO_CHARACTERS


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1].replace("\x7f", "\\u007f")


def _is_space(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"
