"""JSON that strangers send and are sent: bounded, and only what every reader understands.

RFC 8259 leaves numbers, nesting, doubled names and lone surrogates to each reader. Here they have
bounds, so that no later step meets a value that it can neither compute with nor write out. Files
that people have already are read by `voxcor.untrusted.read_json`, which refuses none of that.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from fastapi.responses import JSONResponse

from voxcor.errors import MalformedRequest

MOST_DEPTH = 32

# Digits: more than a double tells apart, or an identifier has.
LONGEST_NUMBER = 100


def read_strict_json(data: bytes | str) -> Any:
    """The document in UTF-8 text, in time linear in its length.

    Raises:
        MalformedRequest: it is no JSON, nests deeper than `MOST_DEPTH`, has numbers that are not
            finite or longer than `LONGEST_NUMBER`, a name twice in an object, or half a surrogate
            pair.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        document = json.loads(
            text,
            parse_int=_whole,
            parse_float=_number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _malformed("it is no valid JSON.", "不是有效的 JSON。") from error
    _require_shallow(document)
    return document


class SafeJSONResponse(JSONResponse):
    """JSON of whatever was met on the way: what no JSON can hold is written as text."""

    def render(self, content: Any) -> bytes:
        try:
            return super().render(content)
        except (ValueError, RecursionError):
            return json.dumps(_writable(content), ensure_ascii=False).encode()


def _whole(text: str) -> int:
    return int(text) if len(text) <= LONGEST_NUMBER else _no_number(text)


def _number(text: str) -> float:
    value = float(text) if len(text) <= LONGEST_NUMBER else math.inf
    return value if math.isfinite(value) else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise _malformed("a number in it is too long, or none.", "其中的数字过长，或不是有限值。")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _malformed("an object in it has a name twice.", "其中有对象的名称重复。")
    return found


def _require_shallow(document: Any) -> None:
    level: Iterable[Any] = [document]
    for _ in range(MOST_DEPTH + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _malformed(
        f"it is nested deeper than {MOST_DEPTH} levels.", f"嵌套超过 {MOST_DEPTH} 层。"
    )


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _writable(value: Any, depth: int = 0) -> Any:
    if depth > MOST_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {_writable(str(name)): _writable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST_NUMBER:
        return f"{value:#x}"[:LONGEST_NUMBER]
    return value


def _malformed(en: str, zh: str) -> MalformedRequest:
    return MalformedRequest(reason_en=en, reason_zh=zh)
