"""State that cannot be read: never a reason to stop, never thrown away, never passed over.

Who meets damaged state sets it aside under a name that ends in `.unreadable`, says so in the log,
and goes on with the rest. What is only out of reach now (no permission, an error of the device)
stays where it is.
"""

import errno
import json
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from voxcor.disk.whole import sync
from voxcor.errors import StateUnreadable
from voxcor.language import say

T = TypeVar("T")

logger = logging.getLogger("voxcor.disk")

_SUFFIX = ".unreadable"

# Something else than a file lies there; it will not mend by itself.
_NO_FILE = (errno.EISDIR, errno.ELOOP, errno.ENOTDIR)


def read_state(path: Path, parse: Callable[[Any], T]) -> T:
    """What a JSON file of ours says.

    Args:
        path: the file.
        parse: makes of the document what it stands for; whatever it raises, the file is damaged.

    Raises:
        FileNotFoundError: there is none.
        StateUnreadable: it cannot be read; `damaged` says whether it ever will be.
    """
    try:
        # Opening a pipe that somebody put there would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        data = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error, damaged=error.errno in _NO_FILE) from error
    try:
        return parse(json.loads(data, parse_constant=_no_number))
    except Exception as error:
        raise unreadable(path, error) from error


def require_version(document: Any, known: int) -> None:
    """Looks whether a document is of the one version that can be read, for `parse` above.

    Raises:
        ValueError: it is of another.
    """
    version = document["schema_version"]
    if version != known:
        raise ValueError(
            say(
                f"it has schema_version {version}, this Voxcor reads {known}",
                f"其 schema_version 为 {version}，此版本心声可读取 {known}",
            )
        )


def unreadable(path: Path, error: Exception, *, damaged: bool = True) -> StateUnreadable:
    """The error for state that cannot be read, for this reason."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
    elif path.is_file() and path.stat().st_size == 0:
        reason = say("nothing is in it", "内容为空")
    else:
        # The first line: a parser's report may quote the file at length.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return StateUnreadable(path=str(path), reason=reason, damaged=damaged)


def missing(path: Path) -> StateUnreadable:
    """The error for what lacks a file that it cannot be without."""
    return unreadable(path, ValueError(say("is missing", "文件缺失")))


def set_unreadable_aside(path: Path, error: StateUnreadable) -> Path | None:
    """Moves damaged state out of the way, with a line in the log; where it lies now.

    None where it stays: it is not damaged, or cannot be moved.
    """
    if not error.details["damaged"]:
        logger.error("%s", error.message)
        return None
    number, aside = 1, path.with_name(path.name + _SUFFIX)
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.name}{_SUFFIX}-{number}")
    try:
        path.rename(aside)
        sync(aside.parent)
    except FileNotFoundError:  # somebody else was first
        return aside
    except OSError as failure:
        logger.error("%s; it stays in place: %s", error.message, failure)
        return None
    logger.error("%s; set aside as %s", error.message, aside.name)
    return aside


def set_aside_of(path: Path) -> list[Path]:
    """What was set aside of this name, in order."""
    prefix = path.name + _SUFFIX
    found = path.parent.iterdir() if path.parent.is_dir() else ()
    return sorted(one for one in found if one.name.startswith(prefix))


def set_aside_below(home: Path) -> list[str]:
    """Everything below VOXCOR_HOME that was set aside, by its name there."""
    places = (home, home / "results", home / "jobs")
    found = (path for place in places if place.is_dir() for path in place.iterdir())
    inside = (path for place in places[1:] for path in place.glob(f"*/*{_SUFFIX}*"))
    paths = (path for path in (*found, *inside) if _SUFFIX in path.name)
    return sorted(str(path.relative_to(home)) for path in paths)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
