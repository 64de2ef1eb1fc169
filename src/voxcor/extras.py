"""Packages that come with an extra of Voxcor: what is missing is named with what installs it."""

from importlib.util import find_spec

from voxcor.errors import UsageError


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
        command = f'pip install "voxcor[{extra}]"'
        raise UsageError(
            reason_en=f"{en} needs {missing}, not installed here: {command}",
            reason_zh=f"{zh}需要 {missing}，尚未安装：{command}",
        )
