"""The root of the tree, and the way from a document on the wire back into it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from voxcor.invocation import voxcor
from voxcor.language import listed, say
from voxcor.untrusted import printable


class VoxcorError(Exception):
    """Base of all. Keyword arguments fill the sentence and stay readable as `details`.

    In a sentence `{voxcor}` is what a person types to run a command here, `{x_s}` the seconds of
    the detail `x_ms`, and a list is told as one.
    """

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False
    en: ClassVar[str] = "Voxcor failed: {reason}"
    zh: ClassVar[str] = "Voxcor 出错：{reason}"

    def __init__(self, **details: Any) -> None:
        super().__init__(details)
        self.details = details

    @property
    def message(self) -> str:
        """One sentence that says what is wrong, with which input, and what to do about it.

        It is one line that steers no terminal and forges no line of a log, whatever names are in
        it; `details` have them as they were.
        """
        return printable(say(self.en, self.zh).format(**self._filling()))

    def _filling(self) -> dict[str, Any]:
        seconds = {
            name.removesuffix("_ms") + "_s": f"{value / 1000:.3g}"
            for name, value in self.details.items()
            if name.endswith("_ms") and isinstance(value, (int, float))
        }
        lists = {
            name: listed(value) for name, value in self.details.items() if isinstance(value, list)
        }
        return {"voxcor": voxcor(), **seconds, **self.details, **lists}

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.details)

    def to_dict(self) -> dict[str, Any]:
        """The error on the wire: `code`, `message`, `retryable`, `details`."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "details": self.details,
        }


def _rebuild(cls: type[VoxcorError], details: dict[str, Any]) -> VoxcorError:
    return cls(**details)


def error_from(document: Mapping[str, Any]) -> VoxcorError | None:
    """The error that `to_dict` made this document of; None where its code is not one of ours."""
    found = _by_code(VoxcorError).get(document.get("code", ""))
    if found is None:
        return None
    error = found(**document.get("details", {}))
    try:
        str(error)
    except (KeyError, TypeError, ValueError):  # of another version, with other details
        return None
    return error


def _by_code(root: type[VoxcorError]) -> dict[str, type[VoxcorError]]:
    known = {root.code: root}
    for child in root.__subclasses__():
        known |= _by_code(child)
    return known
