"""The encoding of text that somebody else saved, and of names, told from the bytes.

A mark at the beginning decides; then what is UTF-8 throughout. What is left was saved in the code
page of a country. Nearly any bytes are *valid* in several of those, so one is believed only where
the characters are those that people write: the 3,755 of GB 2312's first level make up over 99 % of
Chinese text (the standard orders them by use), and the 5,401 of Big5's first plane and the 2,965 of
JIS X 0208's first level likewise. Else it is taken for Western.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterator, Sequence

from voxcor.tables.delimited import lines_of

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16's, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Of the characters beyond ASCII, so many are looked at, and so many of them must be common ones.
_SAMPLE = 20_000
_COMMON = 0.85

_CHUNK_BYTES = 1 << 20
_FOREIGN = re.compile(r"[^\x00-\x7f]+")


def encoding_of(data: bytes) -> str:
    """The name of the codec that reads it; where nothing else fits, that of Western Windows."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data[:_CHUNK_BYTES] and (wide := _unmarked_utf16(data)):
        return wide
    if _foreign_runs(data, "utf-8") is not None:
        return "utf-8"
    for encoding, is_common, alone in _CODE_PAGES:
        runs = _foreign_runs(data, encoding)
        if runs and _is_plausible(runs, is_common, alone=alone):
            return encoding
    if _is_mostly_utf8(data):
        return "utf-8"
    return "latin-1" if _foreign_runs(data, "cp1252") is None else "cp1252"


def legacy_name(raw: bytes) -> str | None:
    """A name in bytes that do not say their encoding: UTF-8, or what Windows in Chinese writes.

    A name is too short for `encoding_of`, and people's names have characters that texts hardly do.
    Western letters pass for GBK at times, but then for characters that not even GB 2312's second
    level has. None where it is neither.
    """
    if _foreign_runs(raw, "utf-8") is not None:
        return raw.decode()
    runs = _foreign_runs(raw, "gbk")
    if runs is None:
        return None
    characters = "".join(runs)
    known = sum(character.encode("gb2312", "ignore") != b"" for character in characters)
    return raw.decode("gbk") if 2 * known >= len(characters) else None


def text_lines(data: bytes, encoding: str | None = None) -> Iterator[str]:
    """Its lines with their ends, which are LF, CRLF or CR.

    Bytes that are no UTF-8 within it stay what they are (`surrogateescape`): on Linux a file may be
    called so.

    Raises:
        LineTooLong: a line has more than `MOST_LINE` characters.
    """
    encoding = encoding or encoding_of(data)
    return lines_of(io.TextIOWrapper(io.BytesIO(data), encoding, _errors(encoding), newline=""))


def whole_text(data: bytes, encoding: str | None = None) -> str:
    """All of it, as `text_lines` reads it."""
    encoding = encoding or encoding_of(data)
    return data.decode(encoding, _errors(encoding))


def _errors(encoding: str) -> str:
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


def _unmarked_utf16(data: bytes) -> str | None:
    """Of its ASCII, line ends at least, every second byte is zero, and hardly any other.

    A zero here and there is one that somebody's program has left.
    """
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if 8 * min(even, odd) >= max(even, odd) or 20 * max(even, odd) < len(head):
        return None
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    text = head.decode(encoding, "replace")
    return encoding if "\n" in text or "\r" in text else None


def _foreign_runs(data: bytes, encoding: str) -> Sequence[str] | None:
    """The runs of characters beyond ASCII, the first of them; None where it is not so encoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    runs: list[str] = []
    count = 0
    for first in range(0, len(data), _CHUNK_BYTES):
        try:
            last = first + _CHUNK_BYTES >= len(data)
            text = decoder.decode(data[first : first + _CHUNK_BYTES], final=last)
        except UnicodeDecodeError:
            return None
        if count < _SAMPLE and not text.isascii():
            found = _FOREIGN.findall(text)
            runs += found
            count += sum(map(len, found))
    return runs


def _is_plausible(runs: Sequence[str], is_common: Callable[[str], bool], *, alone: bool) -> bool:
    """Whether people write so.

    Args:
        runs: characters beyond ASCII.
        is_common: of one of them.
        alone: whether one of them may well stand between Latin letters.
    """
    characters = "".join(runs)[:_SAMPLE]
    if sum(map(is_common, characters)) < _COMMON * len(characters):
        return False
    return alone or 2 * sum(len(run) for run in runs if len(run) > 1) > len(characters)


def _lead(character: str, encoding: str) -> int:
    """The first of the two bytes that a character has there; 0 where it has none."""
    coded = character.encode(encoding, "ignore")
    return coded[0] if len(coded) == 2 else 0


def _is_common_chinese(character: str) -> bool:
    lead = _lead(character, "gb2312")
    return 0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3)  # characters; punctuation, wide Latin


def _is_common_japanese(character: str) -> bool:
    # Half-width kana are left out: any byte of another encoding may be one.
    return 0x81 <= _lead(character, "cp932") <= 0x97


def _is_common_traditional(character: str) -> bool:
    return 0xA1 <= _lead(character, "big5") <= 0xC6


# The German Ä and a letter behind it are one common character of Big5, a typographer's quotation
# mark and a letter one of Shift-JIS: there one that stands alone proves nothing.
_CODE_PAGES = (
    ("gb18030", _is_common_chinese, True),
    ("cp932", _is_common_japanese, False),
    ("big5", _is_common_traditional, False),
)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether a few bytes only keep it from being UTF-8."""
    text = data[: 4 * _CHUNK_BYTES].decode("utf-8", "surrogateescape")
    odd = sum("\udc80" <= character <= "\udcff" for character in text)
    return 4 * odd < sum(not character.isascii() for character in text)
