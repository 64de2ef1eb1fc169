"""The grammar of rules, all of it (`docs/rules.md` explains it):

    rule     = [ NAME ":" ] [ "relative" ] subject [ test ] [ "for" span ]
    subject  = LABEL | "any" "of" LABEL { "," LABEL }
    test     = ( ">" | ">=" | "<" | "<=" | "rises" "above" | "falls" "below" ) NUMBER [ "%" ]
    span     = NUMBER unit | NUMBER "%" "of" "the" "last" [ NUMBER ] unit
    unit     = "ms" | "s" | "second" | "min" | "minute" | "h" | "hour", and plurals

Without a test the subject must lead all other emotions. `relative` asks for the scores beside how a
person usually sounds. A label that is no plain word stands in quotes.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, cast

from voxcor.errors import RuleInvalid
from voxcor.labels import label_meant, own_label
from voxcor.language import listed, say
from voxcor.rules.watching import COMPARISONS, Relation, Rule

LONGEST_S = 3600.0
LONGEST_RULE = 300  # characters; what lies beyond is not read

# Of one book, and of one session: each is held against every measurement.
MOST_RULES = 100

_RELATIVE = ("relative", "相对")

_UNITS_S = {"ms": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0}
_UNITS_S |= {"h": 3600.0, "hour": 3600.0}
_UNITS_S |= {f"{unit}s": _UNITS_S[unit] for unit in ("sec", "second", "min", "minute", "hour")}
_UNITS_S |= {"毫秒": 0.001, "秒": 1.0, "分钟": 60.0, "小时": 3600.0}


def parse(text: str, labels: Sequence[str] | None = None) -> Rule:
    """The rule that `text` is; without a name in front it is named by its condition.

    Args:
        text: one rule, see the module for the grammar. Chinese punctuation and units are read too.
        labels: those of the model; None takes any.

    Raises:
        RuleInvalid: what is wrong, and where.
    """
    return _Parser(text, labels).rule()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # word, number, mark or end
    text: str
    start: int


# What Chinese keyboards give: ： ， 、 ％ ＜ ＞, and the signs that some replace <= and >= by.
_WESTERN = {"\uff1a": ":", "\uff0c": ",", "\u3001": ",", "\uff05": "%", "\uff1c": "<"}
_WESTERN |= {"\uff1e": ">", "\u2264": "<=", "\u2265": ">="}

_MARKS = ":,%<>" + "".join(_WESTERN)

# Each alternative begins with another character and gives nothing back: linear in the text.
_TOKEN = re.compile(
    rf"""
    (?P<space>\s++)
    | (?P<quoted>"[^"]*+")
    | (?P<number>\d++(?:\.\d*+)?|\.\d++)
    | (?P<mark>[<>]=|[{_MARKS}])
    | (?P<word>[^\s="{_MARKS}]++)
    | (?P<other>\S)
    """,
    re.VERBOSE,
)

_NAME = re.compile(r"[\w-]{1,64}")


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup or "", match[0]
        if kind != "space":
            tokens.append(_Token(kind, _WESTERN.get(found, found), match.start()))
    return [*tokens, _Token("end", "", len(text.rstrip()))]


class _Parser:
    """Recursive descent: a method for each line of the grammar."""

    def __init__(self, text: str, labels: Sequence[str] | None) -> None:
        self._text = text[:LONGEST_RULE]
        self._is_whole = text == self._text
        self._labels = labels
        self._rest = deque(_tokens(self._text))

    def rule(self) -> Rule:
        if not self._is_whole:
            self._refuse(
                self._rest[0],
                f"a rule has up to {LONGEST_RULE} characters.",
                f"规则最多 {LONGEST_RULE} 个字符。",
            )
        name = self._name()
        relative = self._relative()
        labels = self._subject()
        relation, threshold = self._test()
        share, duration_s = self._span(relation)
        rule = Rule(name, labels, relation, threshold, duration_s, share, relative)
        return rule if name else replace(rule, name=rule.condition)

    def _name(self) -> str:
        if len(self._rest) < 2 or self._rest[1].text != ":":
            return ""
        token = self._rest.popleft()
        if not _NAME.fullmatch(token.text):
            self._refuse(
                token,
                "a name is letters, digits, - and _, up to 64 of them.",
                "名称由字母、汉字、数字、- 和 _ 组成，最多 64 个字符。",
            )
        self._rest.popleft()
        return token.text

    def _relative(self) -> bool:
        return any(self._skip(word) for word in _RELATIVE)

    def _subject(self) -> tuple[str, ...]:
        if not self._skip("any"):
            return (self._label(),)
        self._expect("of")
        labels = [self._label()]
        while self._skip(","):
            labels.append(self._label())
        return tuple(dict.fromkeys(labels))

    def _label(self) -> str:
        token = self._rest.popleft()
        label = token.text.strip('"')
        if token.kind not in ("word", "quoted"):
            self._refuse(token, "here goes an emotion.", "这里应为一种情感。")
        if self._labels is None:
            return label_meant(label)
        own = own_label(label, self._labels)
        if own is None:
            known = listed(self._labels)
            self._refuse(
                token,
                f"the model has no such label. Its labels: {known.en}.",
                f"模型没有该标签。可用标签：{known.zh}。",
            )
        return own

    def _test(self) -> tuple[Relation, float]:
        token = self._rest[0]
        for words in (("rises", "above"), ("falls", "below")):
            if self._skip(words[0]):
                self._expect(words[1])
                return cast("Relation", " ".join(words)), self._score()
        if token.text in COMPARISONS:
            self._rest.popleft()
            return cast("Relation", token.text), self._score()
        return "leads", 0.0

    def _score(self) -> float:
        token = self._rest[0]
        score = self._number()
        if self._skip("%"):
            score /= 100
        if not 0 <= score <= 1:
            self._refuse(
                token,
                "a score lies between 0 and 1 (0 % and 100 %).",
                "分数应在 0 到 1（100 %）之间。",
            )
        return score

    def _span(self, relation: Relation) -> tuple[float | None, float]:
        token = self._rest[0]
        if token.kind == "end":
            return None, 0.0
        if not self._skip("for"):
            self._refuse(
                token,
                'here goes a comparison such as "> 0.6", "for 3 s", or nothing.',
                '这里应为比较（如 "> 0.6"）、"for 3 s"，或不填。',
            )
        if relation in ("rises above", "falls below"):
            sign = {"rises above": ">", "falls below": "<"}[relation]
            self._refuse(
                token,
                f'what {relation} does so at one moment; to ask for how long, write "{sign}".',
                f'"{relation}" 发生在一瞬间；如需持续时间，请写 "{sign}"。',
            )
        first = self._rest[0]
        number = self._number()
        share = None
        if self._skip("%"):
            if not 0 < number <= 100:
                self._refuse(
                    first,
                    "a share is more than 0 % and up to 100 %.",
                    "比例应大于 0 %，不超过 100 %。",
                )
            share = number / 100
            for word in ("of", "the", "last"):
                self._expect(word)
            first = self._rest[0]
            number = self._number() if first.kind == "number" else 1.0
        # Rounded, so that a rule which is written out reads as itself.
        duration_s = round(number * self._unit(), 6)
        if not 0 < duration_s <= LONGEST_S:
            self._refuse(
                first,
                "a time is more than 0 and up to 1 hour.",
                "时间应大于 0，不超过 1 小时。",
            )
        if self._rest[0].kind != "end":
            self._refuse(self._rest[0], "the rule should end here.", "规则应在此结束。")
        return share, duration_s

    def _number(self) -> float:
        token = self._rest.popleft()
        if token.kind != "number":
            self._refuse(token, "here goes a number.", "这里应为数字。")
        return float(token.text)

    def _unit(self) -> float:
        token = self._rest.popleft()
        if token.text not in _UNITS_S:
            self._refuse(
                token,
                "here goes a unit of time: ms, s, min or h.",
                "这里应为时间单位：ms、s、min 或 h。",
            )
        return _UNITS_S[token.text]

    def _skip(self, text: str) -> bool:
        found = self._rest[0].text == text
        if found:
            self._rest.popleft()
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            self._refuse(self._rest[0], f'here goes "{text}".', f'这里应为 "{text}"。')

    def _refuse(self, token: _Token, reason_en: str, reason_zh: str) -> NoReturn:
        found = token.text or say("the end", "结尾")
        raise RuleInvalid(
            rule=self._text,
            found=found,
            column=token.start + 1,
            reason_en=reason_en,
            reason_zh=reason_zh,
        )
