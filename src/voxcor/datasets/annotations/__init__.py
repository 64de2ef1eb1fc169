"""What people have labelled or corrected in other tools, read back as labels of spans.

Read are TextGrids of Praat, documents of ELAN, exports of Label Studio (JSON, JSON-MIN, CSV, TSV)
and label tracks of Audacity: a module for each. `tiers` decides which tier has the emotions,
`recordings` which recording a document is about.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from voxcor.datasets.annotations import audacity, elan, labelstudio, praat
from voxcor.datasets.annotations.documents import head_of
from voxcor.datasets.annotations.recordings import Recordings
from voxcor.datasets.annotations.tiers import Annotation
from voxcor.errors import InputUnreadable, ManifestError
from voxcor.results import Failure
from voxcor.sources import is_file, is_folder

_Reader = Callable[[Path, Recordings], Iterator[Annotation | Failure]]

_BY_SUFFIX: Mapping[str, _Reader] = {".textgrid": praat.read, ".eaf": elan.read}

# Endings that others have as well: their beginning tells.
_BY_BEGINNING: Mapping[str, tuple[Callable[[bytes], bool], _Reader]] = {
    ".json": (labelstudio.is_export, labelstudio.read),
    ".jsonl": (labelstudio.is_lines, labelstudio.read),
    ".csv": (labelstudio.is_table, labelstudio.read),
    ".tsv": (labelstudio.is_table, labelstudio.read),
    ".txt": (audacity.is_label_track, audacity.read),
}

# Those whose documents may have the work of several people, and what reads everybody's.
_EACH: Mapping[_Reader, _Reader] = {labelstudio.read: labelstudio.read_each}


def is_annotated(source: Path) -> bool:
    """Whether it is such a document, or a folder that holds some."""
    if is_folder(source):
        return any(True for _ in _documents(source, Recordings(source)))
    return _reader_of(source) is not None


def has_annotations(source: Path) -> bool:
    """Whether JSON that begins as this file does has what people have annotated."""
    return is_file(source) and labelstudio.has_annotations(head_of(source))


def read_annotations(
    source: Path, *, each_annotator: bool = False
) -> Iterator[Annotation | Failure]:
    """All annotations of a document, or of every document in a folder.

    Args:
        source: one of which `is_annotated` says so.
        each_annotator: what several say of the same; else one label, to learn from.

    Yields:
        annotations, and what is to be said of a document: why it is refused though others of its
        folder are not, an annotation of it that is damaged, what was passed over or guessed.

    Raises:
        ManifestError: `source` is a document that cannot be used.
        OSError: as reading `source` raises it.
    """
    everybodys = _EACH if each_annotator else {}
    if not is_folder(source):
        suffix = source.suffix.lower()
        reader = _BY_SUFFIX.get(suffix) or _BY_BEGINNING[suffix][1]
        yield from everybodys.get(reader, reader)(source, Recordings(source.parent))
        return
    recordings = Recordings(source)
    for document, reader in _documents(source, recordings):
        try:
            yield from everybodys.get(reader, reader)(document, recordings)
        except ManifestError as error:
            yield Failure.of(error)
        except OSError as error:
            reason = error.strerror or str(error)
            yield Failure.of(InputUnreadable(name=str(document), reason=reason))


def _reader_of(document: Path) -> _Reader | None:
    suffix = document.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix not in _BY_BEGINNING or not is_file(document):
        return None
    begins_so, reader = _BY_BEGINNING[suffix]
    return reader if begins_so(head_of(document)) else None


def _documents(folder: Path, recordings: Recordings) -> Iterator[tuple[Path, _Reader]]:
    # Not below it: corpora have alignments of words in such files, a folder for each label.
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        # Folders are full of texts and of lists that are about something else.
        if suffix == ".txt" and not recordings.has_namesake(path):
            continue
        if suffix == ".json" and is_file(path) and not labelstudio.has_annotations(head_of(path)):
            continue
        reader = _reader_of(path)
        if reader and is_file(path):
            yield path, reader


__all__ = ["Annotation", "has_annotations", "is_annotated", "read_annotations"]
