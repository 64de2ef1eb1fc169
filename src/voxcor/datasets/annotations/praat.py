"""Praat TextGrids: text (long, short, chronological) and binary.

https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html. In a text file the words that
begin with a digit or a sign are numbers, texts stand between quotes, flags between `<` and `>`, and
everything else is comment (Praat's melder_readtext.cpp): the long and the short form are one.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, Protocol

from voxcor.datasets.annotations.documents import DAMAGED, decoded, read_bytes, refused, remark
from voxcor.datasets.annotations.recordings import Recordings
from voxcor.datasets.annotations.tiers import Annotation, Tier, TierSpan, annotations_of
from voxcor.language import say
from voxcor.results import Failure

_CHRONOLOGICAL = "Praat chronological TextGrid text file"
_BINARY = b"ooBinaryFile"

_TOKEN = re.compile(
    r"""
    "(?P<text> (?:[^"]|"")*+ )"
    | <(?P<flag> [^<>\s]* )>
    | ![^\r\n]*
    | (?P<number> [-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)? )(?=\s|$)
    | \S+
    """,
    re.VERBOSE,
)


class _Damaged(Exception):
    """What comes next is not what Praat would have written; says so in both languages."""


class _Source(Protocol):
    """Where the parts of a TextGrid come from, in the order in which every form has them."""

    def kind(self) -> str: ...
    def text(self) -> str: ...
    def number(self) -> float: ...
    def count(self) -> int: ...
    def has_tiers(self) -> bool: ...


def read(document: Path, recordings: Recordings) -> Iterator[Annotation | Failure]:
    """The annotations of a TextGrid.

    Raises:
        ManifestError: it is none, or it is not clear which tier has the emotions.
    """
    tiers: list[Tier] = []
    try:
        _add_tiers(read_bytes(document), tiers)
    except _Damaged as error:
        said = str(error)
        if not any(tier.spans for tier in tiers):
            raise refused(document, said, said) from error
        en, zh = f"{said} What comes before it is read.", f"{said}在此之前的内容已读取。"
        yield remark(document, DAMAGED, en, zh)
    yield from annotations_of(document, recordings.namesake(document), tiers)


def _add_tiers(data: bytes, tiers: list[Tier]) -> None:
    if data.startswith(_BINARY):
        source: _Source = _Binary(data, len(_BINARY))
    else:
        words = _Words(decoded(data))
        head = words.text()
        if head == _CHRONOLOGICAL:
            _add_chronological(words, tiers)
            return
        if not head.startswith("ooTextFile"):
            _fail("it is no TextGrid.", "不是 TextGrid 文件。")
        source = words
    kind = source.kind()
    if kind.split(" ")[0] == "Collection" and source.count() == 1:
        kind, _ = source.kind(), source.text()
    if kind.split(" ")[0] != "TextGrid":
        _fail(
            f"it holds no TextGrid, or several objects: {kind[:80]}.",
            f"其内容不是单个 TextGrid，而是：{kind[:80]}。",
        )
    _skip_times(source)
    if not source.has_tiers():
        return
    for _ in range(source.count()):
        has_points, name = _head_of_tier(source)
        spans: list[TierSpan] = []
        tiers.append(Tier(name, spans, can_label=not has_points))
        for _ in range(source.count()):
            _add_span(source, has_points, spans)


def _add_chronological(words: "_Words", tiers: list[Tier]) -> None:
    _skip_times(words)
    heads = [_head_of_tier(words) for _ in range(words.count())]
    held: list[list[TierSpan]] = [[] for _ in heads]
    for (has_points, name), spans in zip(heads, held, strict=True):
        tiers.append(Tier(name, spans, can_label=not has_points))
    while not words.at_end():
        number = words.count()
        if not 1 <= number <= len(heads):
            words.fail(f"there is no tier {number}", f"没有第 {number} 层")
        _add_span(words, heads[number - 1][0], held[number - 1])


def _head_of_tier(source: _Source) -> tuple[bool, str]:
    kind, name = source.kind(), source.text()
    if kind not in ("IntervalTier", "TextTier"):
        _fail(
            f"it has a tier of an unknown kind: {kind[:80]}.", f"其中有未知类型的层：{kind[:80]}。"
        )
    _skip_times(source)
    return kind == "TextTier", name


def _skip_times(source: _Source) -> None:
    source.number()
    source.number()


def _add_span(source: _Source, is_point: bool, spans: list[TierSpan]) -> None:
    start = source.number()
    end = start if is_point else source.number()
    text = source.text()
    if text.strip():
        spans.append(TierSpan(start, end, text))


class _Words:
    """A text file, word by word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = (found for found in _TOKEN.finditer(text) if found.lastgroup)
        self._next = next(self._tokens, None)

    def at_end(self) -> bool:
        return self._next is None

    def text(self) -> str:
        return self._take("text", "a text", "一个文本").replace('""', '"')

    kind = text

    def number(self) -> float:
        return float(self._take("number", "a number", "一个数字"))

    def count(self) -> int:
        number = self.number()
        if not (number.is_integer() and 0 <= number < 1 << 31):
            self.fail("a whole number was expected", "此处应为整数")
        return int(number)

    def has_tiers(self) -> bool:
        return self._take("flag", "<exists>", "<exists>") == "exists"

    def _take(self, kind: str, en: str, zh: str) -> str:
        found = self._next
        if found is None or found.lastgroup != kind:
            self.fail(f"{en} was expected", f"此处应为{zh}")
        self._next = next(self._tokens, None)
        return str(found[kind])

    def fail(self, en: str, zh: str) -> NoReturn:
        if self._next is None:
            _fail(f"it ends where {en}.", f"文件提前结束：{zh}。")
        line = self._text.count("\n", 0, self._next.start()) + 1
        _fail(f"line {line}: {en}.", f"第 {line} 行：{zh}。")


class _Binary:
    """A binary file: big-endian, a length before each text."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self._offset = data, offset

    def kind(self) -> str:
        (length,) = self._unpack("B")
        return self._bytes(length).decode("latin-1")

    def text(self) -> str:
        (length,) = self._unpack("H")
        if length != 0xFFFF:
            return self._bytes(length).decode("latin-1")
        units = bytearray()
        for _ in range(int(self._unpack("H")[0])):  # of characters, some of which have two units
            units += self._bytes(2)
            if 0xD8 <= units[-2] < 0xDC:
                units += self._bytes(2)
        return units.decode("utf-16-be", "replace")

    def number(self) -> float:
        return float(self._unpack("d")[0])

    def count(self) -> int:
        return max(0, int(self._unpack("i")[0]))

    def has_tiers(self) -> bool:
        return bool(self._unpack("B")[0])

    def _unpack(self, form: str) -> tuple[float, ...]:
        return struct.unpack(f">{form}", self._bytes(struct.calcsize(f">{form}")))

    def _bytes(self, length: float) -> bytes:
        first, self._offset = self._offset, self._offset + int(length)
        if self._offset > len(self._data):
            _fail("it is cut off.", "文件不完整。")
        return self._data[first : self._offset]


def _fail(en: str, zh: str) -> NoReturn:
    raise _Damaged(say(en, zh))
