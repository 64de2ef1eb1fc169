"""Packages that come with an extra of Voxcor: what is missing is named with what installs it."""

import re
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec

from voxcor import invocation
from voxcor.errors import UsageError

_PART = re.compile(r"""(?P<package>[^;]+?)\s*;.*\bextra\s*==\s*["'](?P<extra>[\w-]+)["']""")
_OWN = re.compile(r"voxcor\[(?P<extras>[\w,\s-]+)\]")


def require_extra(extra: str, packages: tuple[str, ...], en: str, zh: str) -> None:
    """Looks for packages, and imports none of them.

    Args:
        extra: what they come with, as in `voxcor[ray]`.
        packages: by the names under which they are imported.
        en: what needs them, the beginning of the sentence.
        zh: the same in Chinese.

    Raises:
        UsageError: one of them is not installed.
    """
    missing = ", ".join(name for name in packages if find_spec(name) is None)
    if missing:
        command = installing(extra)
        raise UsageError(
            reason_en=f"{en} needs {missing}, not installed here: {command}",
            reason_zh=f"{zh}需要 {missing}，尚未安装：{command}",
        )


def installing(extra: str) -> str:
    """The command that installs what an extra stands for: Voxcor itself is on no index."""
    return invocation.pip("install", *dict.fromkeys(_packages(extra)))


def _packages(extra: str) -> Iterator[str]:
    for line in metadata.requires("voxcor") or ():
        part = _PART.fullmatch(line)
        if part is None or part["extra"] != extra:
            continue
        own = _OWN.fullmatch(part["package"])
        if own is None:
            yield part["package"]
        for other in own["extras"].split(",") if own else ():
            yield from _packages(other.strip())
