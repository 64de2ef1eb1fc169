"""The bytes and the text of a document, and what is said of it."""

import codecs
import re
from contextlib import suppress
from pathlib import Path

from voxcor.errors import ManifestError
from voxcor.labels import label_named
from voxcor.language import say
from voxcor.results import Failure
from voxcor.sources import is_file
from voxcor.tables import BYTE_ORDER_MARK
from voxcor.tables.text import encoding_of

# Ten hours of words, each a span, in the wordiest form take a third of this.
MOST_BYTES = 64 << 20

_HEAD_BYTES = 64 << 10

# So much of a text shows in which encoding its labels are words.
_TRIED = 1 << 20

# What `encoding_of` says where it knows nothing better.
_WESTERN = ("cp1252", "latin-1")

# Codes of what is said of a document: an annotation that somebody made is not used, or just a word.
DAMAGED, NOTED = "damaged_annotation", "annotation_note"


def read_bytes(document: Path) -> bytes:
    """What is in a document.

    Raises:
        ManifestError: it has more than `MOST_BYTES`.
        OSError: as reading raises it; a device, which would never end, is no file.
    """
    if not is_file(document):
        raise FileNotFoundError(document)
    with document.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        en, zh = f"it has more than {MOST_BYTES:,} bytes.", f"超过 {MOST_BYTES:,} 字节。"
        raise refused(document, en, zh)
    return data


def head_of(document: Path) -> bytes:
    """Its first bytes, without a mark of UTF-8."""
    with document.open("rb") as file:
        return file.read(_HEAD_BYTES).removeprefix(codecs.BOM_UTF8)


def decoded(data: bytes, declared: str | None = None) -> str:
    """The text of a document: by its mark, as it declares, else as `encoding_of` tells its bytes.

    Where that is Western it may be the Macintosh's Roman, or Chinese so short that nothing shows
    it: the one in which more words are known labels.
    """
    found = encoding_of(data)
    if found.startswith("utf"):
        return data.decode(found, "replace").removeprefix(BYTE_ORDER_MARK)
    with suppress(UnicodeDecodeError, LookupError):
        if declared:
            return data.decode(declared)
    if found not in _WESTERN:
        return data.decode(found, "replace")
    # Latin-1 has no letters between 0x80 and 0x9F, the Macintosh its commonest.
    western = "mac_roman" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
    texts = [data.decode(encoding, "replace") for encoding in (western, "gb18030")]
    return max(texts, key=_known_words)


def _known_words(text: str) -> int:
    words = set(re.findall(r"\w+", text[:_TRIED]))
    return sum(label_named(word) is not None for word in words)


def refused(document: Path, en: str, zh: str) -> ManifestError:
    """Why a document cannot be used."""
    return ManifestError(name=str(document), reason=say(en, zh))


def remark(document: Path, code: str, en: str, zh: str) -> Failure:
    """What a person should know of a document that is used."""
    return Failure(str(document), code, refused(document, en, zh).message)
