"""Help and wrong usage are in one language, be it Chinese or English."""

import re

import pytest

from command import voxcor
from voxcor.language import say

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


def test_english_stays_as_typer_has_it() -> None:
    status, _, err = voxcor("nope")
    assert status == 2
    assert err.splitlines()[0].startswith("Usage: ")
    assert "No such command" in err
    assert say("a", "b") == "a"
