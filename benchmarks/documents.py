"""Puts what a benchmark measured into the place that is marked for it in a document."""

from collections.abc import Callable
from pathlib import Path

from voxcor.language import speaking


def put(document: Path, mark: str, in_words: Callable[[], str]) -> None:
    """Replaces what stands between `<!-- mark -->` and `<!-- end -->`, in both languages.

    Args:
        document: the English one; the Chinese one, `NAME.zh.md`, lies beside it.
        mark: the name of the place.
        in_words: what is put there, in the language that `say` speaks; ends with a line end.

    Raises:
        ValueError: a document has no such place.
    """
    for language, path in (("en", document), ("zh", document.with_suffix(".zh.md"))):
        before, begin, rest = path.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise ValueError(f"{path} has no place for {mark}")
        with speaking(language):
            text = in_words()
        path.write_text(f"{before}{begin}{text}{end}{after}", encoding="utf-8")
