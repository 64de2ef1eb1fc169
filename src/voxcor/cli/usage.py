"""Help and wrong usage in the language of the reader, as wide as their terminal.

Typer has both in English only, and takes a Chinese character for one column. Its own words are few:
help is turned where it is laid out, sentences about wrong usage are made by the kind of the error.
"""

import re
import sys
from collections.abc import Sequence
from typing import Any
from unicodedata import east_asian_width

import typer
import typer.core

from voxcor.language import Both, listed, say

_WORDS = {
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示此帮助并退出。",
}

# Within what is said of an option or an argument.
_PARTS = (
    (r"\[default: \(([^()]*)\)", Both(r"[default: \1", r"[默认：\1")),
    (r"\[default: ", Both("[default: ", "[默认：")),
    (r"(\d+)<=x<=(\d+)\]", Both(r"\1 to \2]", r"\1 至 \2]")),
    (r"x>=(\d+)\]", Both(r"at least \1]", r"不小于 \1]")),
    (r"(\[[^];]*); (?=[^];]*\])", Both(r"\1; ", r"\1；")),
    (r"\[required\]", Both("[required]", "[必填]")),
)

# An argument has a name; of what type it is says its help.
_TYPE = re.compile(r"(?<=[A-Z.\]]) <[^|]*>$")

# Typer puts brackets around names that have their own: `{PATH...}...`, `[[MODEL]...]...`.
_BRACKETS = (
    (re.compile(r"\{([^{}]+?)(?:\.\.\.)?\}\.\.\."), r"\1..."),
    (re.compile(r"\{([^{}]+)\}"), r"\1"),
    (re.compile(r"\[\[(.+?)(?:\.\.\.)?\](?:\.\.\.)?\]\.\.\."), r"[\1]..."),
    (re.compile(r"\[\[(.+)\]\]"), r"[\1]"),
    (re.compile(r"\[([^][]+)\.\.\.\]\.\.\."), r"[\1]..."),
)

# What stays in one line: a short remark in brackets, a word, or a wide character with the marks
# that belong to it.
_UNIT = re.compile(
    r"\[[^][]{1,20}\]|[（“《]*(?:[⺀-\uffef]|[^\s⺀-\uffef]+)[，。；：、！？）”》…]*|\s+"
)

_CONTEXT: Any = typer.core.TyperCommand.context_class

# Patterns over what typer says of a value, and the same in words of ours.
_REASONS = (
    (r".*valid integer.*|.*not a valid int.*", Both("it should be an integer", "应为整数")),
    (r".*valid number.*|.*not a valid float.*", Both("it should be a number", "应为数字")),
    (
        r".*greater than or equal to ([\d.]+).*",
        Both(r"it should be at least \1", r"不得小于 \1"),
    ),
    (
        r".*less than or equal to ([\d.]+).*",
        Both(r"it should be \1 at most", r"不得大于 \1"),
    ),
    (
        r".*is not in the range (.*?)\.?",
        Both(r"it is out of the range \1", r"超出范围 \1"),
    ),
    (r"No such command '?(.*?)'?\.", Both(r"There is no command \1", r"没有命令 \1")),
    (r"Missing command\.", Both("The command is missing", "缺少命令")),
    (
        r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)",
        Both(r"Too many arguments: \1", r"多余的参数：\1"),
    ),
)

_CHOICE = re.compile(r"(?:Value error, )?'?(.*?)'? is not one of (.*?)\.?", re.DOTALL)


class _Help(_CONTEXT.formatter_class):  # type: ignore[misc]
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for pattern, plain in _BRACKETS:
            args = pattern.sub(plain, args)
        said = args.replace("[OPTIONS]", say("[OPTIONS]", "[选项]"))
        said = said.replace("COMMAND [ARGS]", say("COMMAND [ARGS]", "命令 [参数]"))
        lead = f"{prefix or say('Usage: ', '用法：')}{prog} "
        for line in _wrapped(said, max(self.width - _cells(lead), 10)):
            self.write(f"{lead}{line}\n")
            lead = " " * _cells(lead)

    def write_heading(self, heading: str) -> None:
        # With the colon of its language.
        colon = say(":", "：")
        self.write(f"{'':>{self.current_indent}}{_turned(heading)}{colon}\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            lines = _wrapped(paragraph, self.width - self.current_indent)
            self.write("\n" * (number > 0) + "".join(f"{indent}{line}\n" for line in lines))

    def write_dl(
        self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        turned = [(_TYPE.sub("", name), _turned(said)) for name, said in rows]
        column = min(max(_cells(name) for name, _ in turned), col_max) + col_spacing
        indent = " " * self.current_indent
        for name, said in turned:
            lines = _wrapped(said, max(self.width - column - self.current_indent, 10))
            if _cells(name) > column - col_spacing:
                self.write(f"{indent}{name}\n")
                name = ""
            for line in lines:
                gap = " " * (column - _cells(name))
                self.write(f"{indent}{name}{gap}{line}".rstrip() + "\n")
                name = ""


def run(app: typer.Typer) -> None:
    """Runs the command and exits, with 2 for wrong usage."""
    _CONTEXT.formatter_class = _Help
    _say_whole(app)
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


def _say_whole(app: typer.Typer) -> None:
    """Has lists of commands say of each all that its help begins with, be it more than a line."""
    for command in app.registered_commands:
        command.short_help = command.short_help or (command.help or "").partition("\n\n")[0]
    for group in app.registered_groups:
        if group.typer_instance is not None:
            _say_whole(group.typer_instance)


def _turned(text: str) -> str:
    for pattern, words in _PARTS:
        text = re.sub(pattern, str(words), text)
    return say(text, _WORDS.get(text, text))


def _cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, none wider than so many columns but by a word that is."""
    lines = [""]
    for unit in _UNIT.findall(" ".join(text.split())):
        if lines[-1] and _cells(lines[-1] + unit.rstrip()) > width:
            lines.append("")
        lines[-1] += unit if lines[-1] else unit.lstrip()
    return [line.rstrip() for line in lines]


def _show(error: Any) -> None:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    if context is not None:
        print(context.get_usage(), file=sys.stderr)
        see = say("Try '{} -h' for help.", "查看帮助：{} -h").format(context.command_path)
        print(f"{see}\n", file=sys.stderr)
    sentence = _sentence(error)
    print(say(f"Error: {sentence}.", f"错误：{sentence}。"), file=sys.stderr)


def _sentence(error: Any) -> str:
    hint = ""
    if (parameter := getattr(error, "param", None)) is not None:
        is_option = parameter.param_type_name == "option"
        named = max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name
        hint = named.rstrip(".")
    match type(error).__name__:
        case "NoSuchOption":
            alike = str(listed(sorted(error.possibilities or ())))
            meant = say(f" (did you mean {alike}?)", f"（是否指 {alike}）") if alike else ""
            return say("There is no option", "没有选项") + f" {error.option_name}{meant}"
        case "MissingParameter" if hint.startswith("-"):
            return say(f"The option {hint} is missing", f"缺少选项 {hint}")
        case "MissingParameter":
            return say(f"The argument {hint} is missing", f"缺少参数 {hint}")
        case "BadOptionUsage" if "requires" in error.message:
            return say(f"{error.option_name} needs a value", f"选项 {error.option_name} 需要一个值")
        case "BadOptionUsage":
            return say(f"{error.option_name} takes no value", f"选项 {error.option_name} 不接受值")
        case "BadParameter":
            reason = _reason(error.message)
            return say(f"Invalid value for {hint}: {reason}", f"{hint} 的值无效：{reason}")
    return _reason(error.message)


def _reason(text: str) -> str:
    if match := _CHOICE.fullmatch(text):
        choices = listed(re.findall(r"'([^']*)'", match[2]) or [match[2]])
        return say(f"{match[1]} is none of {choices}", f"{match[1]} 不在可选值之中：{choices}")
    for pattern, words in _REASONS:
        if match := re.fullmatch(pattern, text, re.DOTALL):
            return str(match.expand(str(words)))
    return text.rstrip(".")
