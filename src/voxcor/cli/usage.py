"""Help and wrong usage in the language of the reader: typer has both in English only.

Typer's own words are few. Help is turned where it is laid out, sentences about wrong usage by the
kind of the error; what is new in some version of typer stays as it is.
"""

import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
import typer.core

from voxcor.language import language

_WORDS = {
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示此帮助并退出。",
}

# Within what is said of an option or an argument.
_PARTS = (
    (re.compile(r"\[default: \(([^()]*)\)"), r"[默认：\1"),
    (re.compile(r"\[default: "), "[默认："),
    (re.compile(r"\[required\]"), "[必填]"),
    (re.compile(r"<list\[str\]>"), "<文本…>"),
    (re.compile(r"<list\[Path\]>"), "<路径…>"),
)

_CONTEXT: Any = typer.core.TyperCommand.context_class

# Patterns over what typer says of a value, and the same in Chinese.
_REASONS = (
    (r"(?:Value error, )?'?(.*?)'? is not one of (.*?)\.?", r"\1 不在可选值之中：\2"),
    (r".*valid integer.*|.*not a valid int.*", "应为整数"),
    (r".*valid number.*|.*not a valid float.*", "应为数字"),
    (r".*greater than or equal to ([\d.]+).*", r"不得小于 \1"),
    (r".*less than or equal to ([\d.]+).*", r"不得大于 \1"),
    (r".*is not in the range (.*?)\.?", r"超出范围 \1"),
    (r"No such command '?(.*?)'?\.", r"没有命令 \1"),
    (r"Missing command\.", "缺少命令"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", r"多余的参数：\1"),
)


class _ChineseHelp(_CONTEXT.formatter_class):  # type: ignore[misc]
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        told = args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]", "命令 [参数]")
        super().write_usage(prog, told, prefix or "用法：")

    def write_heading(self, heading: str) -> None:
        # With the colon of its language.
        self.write(f"{'':>{self.current_indent}}{_WORDS.get(heading, heading)}：\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().write_dl([(_turned(one), _turned(two)) for one, two in rows], *args, **options)


def run(app: typer.Typer) -> None:
    """Runs the command and exits, with 2 for wrong usage."""
    if language() == "zh":
        _CONTEXT.formatter_class = _ChineseHelp
    try:
        status = app(standalone_mode=False)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        # Typer carries its own click, of which it shows no class.
        if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
            raise
        _show(error)
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)


def _turned(text: str) -> str:
    for pattern, words in _PARTS:
        text = pattern.sub(words, text)
    return _WORDS.get(text, text)


def _show(error: Any) -> None:
    context = getattr(error, "ctx", None)
    if language() != "zh" or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
        print(f"查看帮助：{context.command_path} -h\n", file=sys.stderr)
    print(f"错误：{_sentence(error)}。", file=sys.stderr)


def _sentence(error: Any) -> str:
    hint = ""
    if (parameter := getattr(error, "param", None)) is not None:
        is_option = parameter.param_type_name == "option"
        named = max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name
        hint = named.rstrip(".")
    match type(error).__name__:
        case "NoSuchOption":
            alike = "、".join(sorted(error.possibilities or ()))
            return f"没有选项 {error.option_name}" + (f"（是否指 {alike}）" if alike else "")
        case "MissingParameter":
            return f"缺少{'选项' if hint.startswith('-') else '参数'} {hint}"
        case "BadOptionUsage" if "requires" in error.message:
            return f"选项 {error.option_name} 需要一个值"
        case "BadOptionUsage":
            return f"选项 {error.option_name} 不接受值"
        case "BadParameter":
            return f"{hint} 的值无效：{_reason(error.message)}"
    return _reason(error.message)


def _reason(text: str) -> str:
    for pattern, words in _REASONS:
        if match := re.fullmatch(pattern, text, re.DOTALL):
            return match.expand(words)
    return text.rstrip(".")
