"""What a sender calls a file of a form, in whichever way its library writes that.

Browsers and curl write the name as it is in UTF-8, with quotes as `%22` (WHATWG) or after a
backslash; .NET writes it twice, as an encoded word (RFC 2047) and in `filename*` (RFC 5987), which
Java and older Python libraries write alone, at times in pieces (RFC 2231).
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from pathlib import PurePath
from typing import Any

from python_multipart.multipart import parse_options_header

from voxcor.tables.text import legacy_name

LONGEST_NAME = 255

UNNAMED = "upload"

# Others are not needed: a file that is named in one of the rest is named all the same.
_CHARSETS = ("gb18030", "gbk", "gb2312", "big5", "shift_jis", "euc-jp", "euc-kr")

_ENCODED_WORDS = re.compile(r"\s*(=\?[\w.*+-]+\?[bq]\?[^?\s]*\?=\s*)+", re.IGNORECASE)
_ESCAPES = {"%22": '"', "%0d": " ", "%0a": " "}
_ESCAPED = re.compile("%(22|0d|0a)", re.IGNORECASE)


def part_name(disposition: bytes) -> str | None:
    """The name of a file, by the `Content-Disposition` of its part.

    Returns:
        `UNNAMED` where the name is empty; None where there is none, as of a field.
    """
    extended = _extended(disposition)
    _, options = parse_options_header(disposition)
    given = options.get(b"filename")
    if given is None and extended is None:
        return None
    return plain_name(extended or _as_sent(given or b""))


def _extended(disposition: bytes) -> str | None:
    """What `filename*`, or its pieces, say; None where there are none."""
    if b"filename*" not in disposition.lower():
        return None
    header = Message()
    header["Content-Disposition"] = disposition.decode("latin-1")
    try:
        parameters = header.get_params([], header="Content-Disposition")
    except ValueError:  # a piece with a number of thousands of digits
        return None
    # Those with a `*` come after all others.
    value: Any = [value for key, value in parameters if key.lower() == "filename"][-1]
    charset, _, text = value if isinstance(value, tuple) else (None, None, value)
    return _decoded((text or "").encode("latin-1", "replace"), charset)


def plain_name(name: str) -> str:
    """A file name a sender gave, without folders and characters that print nothing."""
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(character for character in last if character.isprintable())
    kept = printable[-LONGEST_NAME:].strip()
    return UNNAMED if kept in ("", ".", "..") else kept


def _as_sent(given: bytes) -> str:
    text = _decoded(given, None)
    if _ENCODED_WORDS.fullmatch(text):
        try:
            words = decode_header(text.strip())
        except (HeaderParseError, ValueError):
            return text
        named = (w if isinstance(w, str) else _decoded(w, charset) for w, charset in words)
        return "".join(named) or text
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0].lower()], text)


def _decoded(data: bytes, charset: str | None) -> str:
    charset = (charset or "").lower()
    if charset in _CHARSETS:
        return data.decode(charset, "replace")
    # UTF-8 whatever is declared, unless it cannot be.
    text = legacy_name(data) or data.decode("latin-1")
    # What a library has taken for Latin-1 on its way, and made UTF-8 of once more.
    if not text.isascii() and all(ord(character) < 256 for character in text):
        try:
            return text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            pass
    return text
