"""How this Voxcor is called, and what installs into its environment.

A hint names what works where it is read: `voxcor` where that is this one, `./run.sh` where that
started it, else its Python with `-m voxcor`. `VOXCOR_COMMAND` says it outright, as `run.sh` does;
`VOXCOR_ADDS` has the names of the extras that this command gets itself.
"""

import os
import shlex
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

VARIABLE, ADDS = "VOXCOR_COMMAND", "VOXCOR_ADDS"


def voxcor() -> str:
    """What a person types before the name of a command."""
    if told := os.environ.get(VARIABLE):
        return told
    return "voxcor" if _is_ours(shutil.which("voxcor")) else f"{_python()} -m voxcor"


def adding(extra: str) -> str | None:
    """What a person types to get an extra where the command does that itself; else None."""
    told = os.environ.get(VARIABLE)
    return f"{told} {extra}" if told and extra in os.environ.get(ADDS, "").split() else None


def pip(action: str, *requirements: str) -> str:
    """What a person types to install packages here, or to uninstall them."""
    named = " ".join(f'"{name}"' if {*"<>[]"} & {*name} else name for name in requirements)
    # uv makes environments without pip. (`find_spec` would ask setuptools, which warns.)
    if not [*metadata.distributions(name="pip")]:
        return f"uv pip {action} --python {_python()} {named}"
    return f"{_python()} -m pip {action} {named}"


def _python() -> str:
    return "python" if _is_ours(shutil.which("python")) else shlex.quote(sys.executable)


def _is_ours(found: str | None) -> bool:
    """Whether a program that PATH leads to is of this environment."""
    if found is None:
        return False
    folders = {Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))}
    # A link to the command is as good as the command; a venv's python is a link that leads out.
    return Path(found).parent in folders or Path(found).resolve().parent in folders
