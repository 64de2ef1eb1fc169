"""What goes into the library: recordings, lists, result folders, folders of a batch.

Where vectors lie beside a result nothing is recognised again; where there are none, the sound that
it has kept is. What is there already is passed by, so that a call that was interrupted is simply
made again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path

import numpy as np

from voxcor.audio.isolated import DecoderPool
from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.local import LONGEST_MIN
from voxcor.datasets.lists import SUFFIXES, Flaw, ListRow, read_list
from voxcor.errors import (
    InputNotFound,
    InputUnreadable,
    NoSpeech,
    NoVectors,
    QueryInvalid,
    SoundGone,
)
from voxcor.exports.content import RESULT_FILE, read_content
from voxcor.library.batches import add_batch
from voxcor.library.filters import parse_date
from voxcor.library.listening import listen, vectors_again
from voxcor.library.result_rows import Added, Origin, guarded, keep, read_vectors, rows_of
from voxcor.library.segments import recording_id
from voxcor.library.sessions import LiveSession, read_session, sound_beside
from voxcor.library.store import Library
from voxcor.options import RecognitionOptions
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo, milliseconds
from voxcor.sources import expand, is_file, is_folder

EMBEDDING_FILE = "embedding.npy"


def add(
    library: Library,
    sources: Iterable[str],
    recognizer: Callable[[], Recognizer],
    *,
    speaker: str | None = None,
) -> Iterator[Added | Failure]:
    """Takes in what `sources` stand for; each recording is in when its `Added` comes.

    Args:
        library: which.
        sources: recordings, folders and patterns of them, lists of them in any form of
            `voxcor.datasets.lists`, result folders and folders of those, folders of a batch,
            events of live sessions with their sound beside them.
        recognizer: makes what listens, once something has to be listened to.
        speaker: who speaks in all of it, where nothing says so more closely.

    Yields:
        what is in now, or why a recording is not; the others are, all the same.

    Raises:
        StorageError, LibraryNewer, LibraryCorrupt: of the library.
        ManifestError: a list that is none.
    """
    listening = cache(recognizer)
    for source in sources:
        folder = Path(source)
        if is_file(folder / LEDGER_FILE):
            with closing(DecoderPool(1, LONGEST_MIN)) as decoders:
                yield from add_batch(
                    library,
                    folder,
                    speaker=speaker,
                    recognizer=lambda _model: listening(),
                    decoders=decoders,
                )
        elif results := result_files(folder):
            for file in results:
                again = partial(add_result, library, file, speaker=speaker)
                yield from guarded(file, partial(again, recognizer=lambda _model: listening()))
        elif (session := read_session(folder)) is not None:
            origin = Origin(source, None, speaker)
            work = partial(_add_session, library, folder, session, origin, listening)
            yield from guarded(source, work)
        elif folder.suffix.lower() in SUFFIXES and is_file(source):
            yield from _add_list(library, folder, listening, speaker)
        else:
            for path in expand([source]):
                if isinstance(path, Failure):
                    yield path
                else:
                    origin = Origin(source, Path(path), speaker)
                    yield from guarded(path, partial(_listen, library, origin, listening))


def _listen(library: Library, origin: Origin, listening: Callable[[], Recognizer]) -> Added:
    """Recognises a recording that is not there yet."""
    assert origin.path is not None
    recognizer = listening()
    known = recording_id(sha256_of(origin.path), origin.channel, origin.part)
    if library.has(recognizer.model, known):
        return Added(origin.path.name, known, 0)
    options = RecognitionOptions(granularity="segment", embedding=True)
    result = listen(recognizer, origin.path, origin.part, options, channel=origin.channel)
    return keep(library, result, rows_of(result, result.embedding, origin))


def add_result(
    library: Library,
    file: Path,
    *,
    speaker: str | None = None,
    recognizer: Callable[[ModelInfo], Recognizer] | None = None,
) -> Added:
    """Takes a result in.

    Args:
        library: which.
        file: its result.json.
        speaker: as of `add`.
        recognizer: of a model, to hear processed_audio.wav again where no vectors lie beside the
            result; None raises there.

    Raises:
        NoVectors: it has none that fit it, or another model would hear it.
        SoundGone: it has none, and nothing to make them of.
        InputError, NotAResult, StateUnreadable: it cannot be read.
    """
    content = read_content(file)
    result, origin = content.result, Origin(str(file.parent), None, speaker)
    embedding = file.with_name(EMBEDDING_FILE)
    if is_file(embedding):
        return keep(library, result, rows_of(result, read_vectors(embedding), origin))
    known = recording_id(result.audio.sha256, result.audio.channel)
    if library.has(result.model, known):
        return Added(result.audio.name, known, 0)
    if recognizer is None:
        raise NoVectors(name=result.audio.name)
    if content.audio is None:
        raise SoundGone(name=result.audio.name)
    vectors = vectors_again(recognizer(result.model), content.audio, result)
    by_frame = replace(result, granularity="frame")
    return keep(library, by_frame, rows_of(by_frame, vectors, origin))


def _add_session(
    library: Library,
    file: Path,
    session: LiveSession,
    origin: Origin,
    listening: Callable[[], Recognizer],
) -> Added:
    """The utterances of a live session, heard again for their vectors, which no event has."""
    sound = sound_beside(file)
    recognizer = listening()
    known = recording_id(sha256_of(sound))
    if library.has(recognizer.model, known):
        return Added(sound.name, known, 0)
    origin = replace(origin, path=sound, recorded_at=session.started)
    # As the session heard them: nothing trimmed, nothing asked again whether it is speech.
    options = RecognitionOptions(embedding=True, trim=False, any_sound=True)
    results = [listen(recognizer, sound, part, options) for part in session.utterances]
    heard = [rows_of(result, result.embedding, origin) for result in results]
    segments = [segment for rows in heard for segment in rows.segments]
    if not segments:
        raise NoSpeech(name=str(file))
    vectors = np.concatenate([rows.vectors for rows in heard])
    return Added(sound.name, known, library.add(recognizer.model, segments, vectors))


def _add_list(
    library: Library, source: Path, listening: Callable[[], Recognizer], speaker: str | None
) -> Iterator[Added | Failure]:
    for row in read_list(source):
        if isinstance(row, Flaw):
            yield Failure.of(InputUnreadable(name=f"{row.source}:{row.line}", reason=row.reason))
            continue
        try:
            origin = _listed(row, speaker)
        except QueryInvalid as error:
            # Its file's own date would be taken for the one that the list means.
            yield Failure(str(row.file), error.code, f"{row.source}:{row.line}: {error.message}")
            continue
        yield from guarded(row.file, partial(_listen, library, origin, listening))


def _listed(row: ListRow, speaker: str | None) -> Origin:
    part = None
    if row.start is not None and row.end is not None:
        part = milliseconds(row.start), milliseconds(row.end)
    return Origin(
        str(row.source),
        row.file,
        row.header.first("speaker", row.values) or speaker,
        row.values.get("text") or None,
        part,
        row.channel,
        _date(row.values),
    )


def _date(values: Mapping[str, str]) -> datetime | None:
    text = values.get("recorded_at") or values.get("date")
    return parse_date(text) if text else None


def result_files(folder: Path) -> list[Path]:
    """The result.json of a result, or of all results in a folder of them."""
    if folder.name == RESULT_FILE and is_file(folder):
        return [folder]
    if not is_folder(folder):
        return []
    return sorted(folder.rglob(RESULT_FILE))


def sha256_of(path: Path) -> str:
    """Of a recording's bytes, as 64 digits.

    Raises:
        InputNotFound, InputUnreadable: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputNotFound(name=str(path)) from error
    except OSError as error:
        raise InputUnreadable(name=str(path), reason=error.strerror or str(error)) from error
