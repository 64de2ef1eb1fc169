"""Packages that come with an extra of Voxcor: what is missing is named with what installs it."""

import re
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec

from voxcor import invocation
from voxcor.errors import ExtraMissing
from voxcor.language import listed

_PART = re.compile(r"""(?P<package>[^;]+?)\s*;.*\bextra\s*==\s*["'](?P<extra>[\w-]+)["']""")
_OWN = re.compile(r"voxcor\[(?P<extras>[\w,\s-]+)\]")

# What an extra adds to an environment that has the base install, where that is much: measured.
MEGABYTES: Mapping[str, int] = {"library": 600}


def require_extra(extra: str, packages: tuple[str, ...], en: str, zh: str) -> None:
    """Looks for packages, and imports none of them.

    Args:
        extra: what they come with, as in `voxcor[ray]`.
        packages: by the names under which they are imported.
        en: what needs them, the beginning of the sentence.
        zh: the same in Chinese.

    Raises:
        ExtraMissing: one of them is not installed.
    """
    missing = missing_packages(packages)
    if not missing:
        return
    named, command, megabytes = listed(missing), installing(extra), MEGABYTES.get(extra, 0)
    adds_en = f" (about {megabytes} MB)" if megabytes else ""
    adds_zh = f"（约 {megabytes} MB）" if megabytes else ""
    raise ExtraMissing(
        extra=extra,
        command=command,
        megabytes=megabytes,
        reason_en=f"{en} needs {named.en}, not installed here{adds_en}: {command}",
        reason_zh=f"{zh}需要 {named.zh}，尚未安装{adds_zh}：{command}",
    )


def missing_packages(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are not installed; none of them is imported."""
    return tuple(name for name in packages if find_spec(name) is None)


def installing(extra: str) -> str:
    """The command that installs what an extra stands for: Voxcor itself is on no index."""
    own = invocation.adding(extra)
    return own or invocation.pip("install", *dict.fromkeys(_packages(extra)))


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
