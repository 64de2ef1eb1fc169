"""Help and wrong usage are in one language, be it Chinese or English."""

import re
from unicodedata import east_asian_width

import pytest

from command import voxcor

COMMANDS = (
    *("recognize", "batch", "export", "serve", "stream", "evaluate", "train", "bench", "doctor"),
    *("models list", "models pull", "models add", "models verify", "models remove"),
)


@pytest.mark.parametrize("command", ["", "models", *COMMANDS])
def test_chinese_help_has_no_english_sentence(command: str) -> None:
    status, out, _ = voxcor(*command.split(), "--help", VOXCOR_LANGUAGE="zh")
    assert status == 0
    assert out.startswith("用法：")
    english = ("Usage", "Options", "Arguments", "Commands", "default", "required", "Show this")
    assert not [word for word in english if word in out]
    assert "显示此帮助并退出" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("recognize", "缺少参数 PATH。"),
        ("batch calls", "缺少选项 --out"),
        ("recognize --nope x", "没有选项 --nope"),
        ("recognize x --model", "选项 --model 需要一个值"),
        ("recognize x --json=1", "选项 --json 不接受值"),
        ("nope", "没有命令 nope"),
        ("doctor x", "多余的参数：x"),
        ("serve --port x", "--port 的值无效：应为整数"),
        ("serve --port 99999", "--port 的值无效：不得大于 65535"),
        ("batch x --out y --format z", "--format 的值无效：z 不在可选值之中"),
    ],
)
def test_wrong_usage_is_told_in_chinese(arguments: str, said: str) -> None:
    status, out, err = voxcor(*arguments.split(), VOXCOR_LANGUAGE="zh")
    assert (status, out) == (2, "")
    last = err.splitlines()[-1]
    assert last.startswith(f"错误：{said}")
    assert last.endswith("。")
    assert not re.search(r"[a-z]{3,} [a-z]{2,}", last)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("recognize", "The argument PATH is missing."),
        ("batch calls", "The option --out is missing."),
        ("recognize --nope x", "There is no option --nope (did you mean --model, --no-save?)."),
        ("nope", "There is no command nope."),
        ("serve --port x", "Invalid value for --port: it should be an integer."),
        ("serve --port 99999", "Invalid value for --port: it should be 65535 at most."),
        (
            "recognize x --granularity z",
            "Invalid value for --granularity: z is none of utterance, segment, frame.",
        ),
    ],
)
def test_wrong_usage_is_told_in_english(arguments: str, said: str) -> None:
    status, out, err = voxcor(*arguments.split())
    assert (status, out) == (2, "")
    assert err.startswith("Usage: ")
    assert err.splitlines()[-1] == f"Error: {said}"


def cells(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", ["", "recognize", "batch", "serve", "library correct", "bench"])
def test_help_is_as_wide_as_the_terminal_and_whole(command: str, language: str) -> None:
    status, out, _ = voxcor(*command.split(), "--help", VOXCOR_LANGUAGE=language, COLUMNS="60")
    assert status == 0
    assert [line for line in out.splitlines() if cells(line) > 60] == []
    usage, _, rest = out.partition("\n")
    # Neither cut short, nor with what only Python writes.
    assert not re.search(r"\{|\[\[", usage)
    assert not re.search(r"(?m)\w\.\.\.$|<(str|int|path|list)\b|<=x|: \(", rest)
    assert not re.search(r"\[默认：[^\]]*;|(?m:^ *[，。；：、）”\]])", rest)
