"""What goes into the library: recordings, lists, result folders, folders of a batch.

Where vectors lie beside a result nothing is recognised again; where there are none, the sound that
it has kept is. What is there already is passed by,
so that a call that was interrupted is simply made again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.ledger import Ledger
from voxcor.datasets.lists import SUFFIXES, Flaw, ListRow, read_list
from voxcor.disk.array import Rows
from voxcor.errors import (
    InputError,
    InputNotFound,
    InputUnreadable,
    NoSessionSound,
    NoSpeech,
    NoVectors,
    QueryInvalid,
)
from voxcor.exports.content import RESULT_FILE, read_content
from voxcor.frames import frame_range
from voxcor.library.filters import parse_date
from voxcor.library.listening import listen
from voxcor.library.segments import FloatArray, LibrarySegment, recording_id
from voxcor.library.sessions import LiveSession, read_session, sound_beside
from voxcor.library.store import Library
from voxcor.options import RecognitionOptions
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo, Result, milliseconds
from voxcor.sources import expand, is_file, is_folder
from voxcor.stored_result import result_from

EMBEDDING_FILE = "embedding.npy"


@dataclass(frozen=True, slots=True)
class Added:
    """A recording that is in the library now: its name there, and how many segments are new."""

    name: str
    recording: str
    segments: int


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a result's audio comes from, as far as that is known."""

    source: str
    path: Path | None = None
    speaker: str | None = None
    text: str | None = None
    part: tuple[int, int] | None = None
    recorded_at: datetime | None = None


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
            yield from add_batch(library, folder, speaker=speaker)
        elif results := result_files(folder):
            for file in results:
                again = partial(add_result, library, file, speaker=speaker)
                yield from _guarded(file, partial(again, recognizer=lambda _model: listening()))
        elif (session := read_session(folder)) is not None:
            origin = _Origin(source, None, speaker)
            work = partial(_add_session, library, folder, session, origin, listening)
            yield from _guarded(source, work)
        elif folder.suffix.lower() in SUFFIXES and is_file(source):
            yield from _add_list(library, folder, listening, speaker)
        else:
            for path in expand([source]):
                if isinstance(path, Failure):
                    yield path
                else:
                    origin = _Origin(source, Path(path), speaker)
                    yield from _guarded(path, partial(_listen, library, origin, listening))


def _rows_of(result: Result, vectors: Rows | None, origin: _Origin) -> "_Rows":
    """The segments of a result with the mean of the frame embeddings of each.

    An utterance embedding gives one segment, from where the audio begins that the model heard to
    where it ends.

    Raises:
        NoVectors: the embedding is not there, or of other segments.
    """
    audio, heard = result.audio, result.preprocessing
    if vectors is None or not result.scores:
        raise NoVectors(name=audio.name)
    spans = [(one.start, one.end) for one in result.segments]
    if result.granularity == "frame" and len(vectors.shape) == 2:
        offset, total = heard.trimmed_start, len(vectors)
        ranges = [frame_range(start - offset, end - offset, total) for start, end in spans]
        vectors = np.array([vectors[first:last].mean(axis=0) for first, last in ranges])
    embedding = np.asarray(vectors, np.float32)
    if result.granularity == "utterance" and embedding.ndim == 1:
        whole = _segment(result, origin, heard.trimmed_start, audio.duration - heard.trimmed_end)
        return _Rows([whole], embedding[None])
    if len(embedding) != len(spans) or embedding.ndim != 2:
        raise NoVectors(name=audio.name)
    segments = [
        replace(
            _segment(result, origin, one.start, one.end),
            emotion=one.emotion,
            confidence=one.confidence,
            scores=one.scores,
            arousal=one.dimensions.arousal if one.dimensions else None,
            valence=one.dimensions.valence if one.dimensions else None,
            speaker=one.speaker or origin.speaker,
        )
        for one in result.segments
    ]
    return _Rows(segments, embedding)


@dataclass(frozen=True, slots=True)
class _Rows:
    segments: list[LibrarySegment]
    vectors: FloatArray


def _segment(result: Result, origin: _Origin, start: float, end: float) -> LibrarySegment:
    """The whole as a segment from `start` to `end`."""
    point = result.dimensions
    path = origin.path
    recorded_at = origin.recorded_at or _modified_at(path)
    return LibrarySegment(
        recording=recording_id(result.audio.sha256, result.audio.channel, origin.part),
        name=result.audio.name,
        path=str(path.resolve()) if path else None,
        channel=result.audio.channel,
        start=start,
        end=end,
        emotion=result.emotion,
        confidence=result.confidence,
        scores=result.scores,
        arousal=point.arousal if point else None,
        valence=point.valence if point else None,
        speaker=origin.speaker,
        text=origin.text,
        recorded_at=recorded_at or datetime.strptime(result.timestamp, "%Y-%m-%d %H:%M:%S"),
        source=origin.source,
    )


def _keep(library: Library, result: Result, rows: _Rows) -> Added:
    if not rows.segments:
        return Added(result.audio.name, recording_id(result.audio.sha256), 0)
    count = library.add(result.model, rows.segments, rows.vectors)
    return Added(result.audio.name, rows.segments[0].recording, count)


def _listen(library: Library, origin: _Origin, listening: Callable[[], Recognizer]) -> Added:
    """Recognises a recording that is not there yet."""
    assert origin.path is not None
    recognizer = listening()
    known = recording_id(sha256_of(origin.path), part=origin.part)
    if library.has(recognizer.model, known):
        return Added(origin.path.name, known, 0)
    options = RecognitionOptions(granularity="segment", embedding=True)
    result = listen(recognizer, origin.path, origin.part, options)
    return _keep(library, result, _rows_of(result, result.embedding, origin))


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
        NoVectors: it has none, and nothing to make them of.
        InputError, NotAResult, StateUnreadable: it cannot be read.
    """
    content = read_content(file)
    result, origin = content.result, _Origin(str(file.parent), None, speaker)
    embedding = file.with_name(EMBEDDING_FILE)
    if is_file(embedding):
        return _keep(library, result, _rows_of(result, _read_vectors(embedding), origin))
    known = recording_id(result.audio.sha256, result.audio.channel)
    if library.has(result.model, known):
        return Added(result.audio.name, known, 0)
    if recognizer is None or content.audio is None:
        raise NoVectors(name=result.audio.name)
    vectors = _vectors_of(content.audio, result, recognizer(result.model))
    by_frame = replace(result, granularity="frame")
    return _keep(library, by_frame, _rows_of(by_frame, vectors, origin))


def _vectors_of(sound: Path, result: Result, recognizer: Recognizer) -> Rows | None:
    """The frame embedding of what the model heard, which a result has kept.

    Raises:
        NoVectors: another model would hear it.
    """
    if recognizer.model.sha256 != result.model.sha256:
        raise NoVectors(name=result.audio.name)
    options = RecognitionOptions(granularity="frame", embedding=True, trim=False, any_sound=True)
    return recognizer.recognize(sound, options).embedding


def add_batch(
    library: Library, folder: Path, *, speaker: str | None = None
) -> Iterator[Added | Failure]:
    """Takes in what is done of a batch, as `add`."""
    with Ledger(folder) as ledger:
        if not ledger.begun:
            return
        for row in ledger.rows(state="done"):
            item = row.item
            place = None if item.member else Path(item.path)
            for document in row.documents:
                origin = _Origin(str(folder), place, speaker, part=item.part)
                yield from _guarded(
                    item.name, partial(_add_document, library, folder, document, origin)
                )


def _add_document(
    library: Library, folder: Path, document: dict[str, Any], origin: _Origin
) -> Added:
    if document["embedding"] is None:
        raise NoVectors(name=document["audio"]["name"])
    now = datetime.now().isoformat(sep=" ", timespec="seconds")
    result = result_from({"id": "", "files": [], "timestamp": now, "timings_ms": {}, **document})
    vectors = _read_vectors(folder / document["embedding"])
    return _keep(library, result, _rows_of(result, vectors, origin))


def _add_session(
    library: Library,
    file: Path,
    session: LiveSession,
    origin: _Origin,
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
    heard = [_rows_of(result, result.embedding, origin) for result in results]
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
        origin = _listed(row, speaker)
        yield from _guarded(row.file, partial(_listen, library, origin, listening))


def _listed(row: ListRow, speaker: str | None) -> _Origin:
    part = None
    if row.start is not None and row.end is not None:
        part = milliseconds(row.start), milliseconds(row.end)
    return _Origin(
        str(row.source),
        row.file,
        row.header.first("speaker", row.values) or speaker,
        row.values.get("text") or None,
        part,
        _date(row.values),
    )


def _date(values: Mapping[str, str]) -> datetime | None:
    text = values.get("recorded_at") or values.get("date")
    try:
        return parse_date(text) if text else None
    except QueryInvalid:
        return None


def _guarded(name: object, work: Callable[[], Added]) -> Iterator[Added | Failure]:
    """What `work` gives; a recording that cannot be used becomes a failure."""
    try:
        yield work()
    except (InputError, NoSessionSound, NoVectors) as error:
        yield Failure(str(name), error.code, error.message)


def result_files(folder: Path) -> list[Path]:
    """The result.json of a result, or of all results in a folder of them."""
    if folder.name == RESULT_FILE and is_file(folder):
        return [folder]
    if not is_folder(folder):
        return []
    return sorted(folder.rglob(RESULT_FILE))


def _read_vectors(path: Path) -> FloatArray:
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise NoVectors(name=str(path)) from error
    if vectors.dtype.kind != "f" or not np.isfinite(vectors).all():
        raise NoVectors(name=str(path))
    read: FloatArray = vectors.astype(np.float32)
    return read


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


def _modified_at(path: Path | None) -> datetime | None:
    try:
        return None if path is None else datetime.fromtimestamp(path.stat().st_mtime)
    except OSError:
        return None
