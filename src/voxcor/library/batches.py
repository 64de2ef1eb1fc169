"""What `voxcor batch` or a job has made goes into the library.

Where it has made no vectors its recordings are heard again, as far as they are where they were.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from voxcor.audio import DecodingOptions, Mono
from voxcor.audio.isolated import DecoderPool
from voxcor.batch.archives import Archive
from voxcor.batch.items import Item
from voxcor.batch.ledger import Ledger
from voxcor.batch.local import LONGEST_MIN, wanted_channels
from voxcor.batch.parts import cut
from voxcor.cancellation import Cancellation
from voxcor.disk.array import Rows
from voxcor.errors import InputNotFound, SoundGone
from voxcor.library.listening import vectors_again
from voxcor.library.result_rows import Added, Origin, guarded, keep, read_vectors, rows_of
from voxcor.library.segments import recording_id
from voxcor.library.store import Library
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo, Result, milliseconds
from voxcor.stored_result import result_from


def add_batch(
    library: Library,
    folder: Path,
    *,
    speaker: str | None = None,
    recognizer: Callable[[ModelInfo], Recognizer],
    decoders: DecoderPool,
) -> Iterator[Added | Failure]:
    """Takes in what is done of a batch.

    Args:
        library: which.
        folder: of the batch.
        speaker: who speaks in all of it.
        recognizer: of a model, to hear recordings again of which there are no vectors.
        decoders: read those.

    Yields:
        what is in now, or why a recording is not; the others are, all the same.

    Raises:
        LedgerCorrupt, StorageError: the batch cannot be read.
    """
    with (
        Ledger(folder) as ledger,
        TemporaryDirectory() as scratch,
        closing(Archive(LONGEST_MIN)) as archive,
    ):
        if not ledger.begun:
            return
        sounds = _Sounds(archive, decoders, Path(scratch), ledger.mark.get("options", {}))
        for row in ledger.rows(state="done"):
            item = row.item
            place = None if item.member else Path(item.path)
            for document in row.documents:
                origin = Origin(str(folder), place, speaker, part=item.part)
                work = partial(_add, library, folder, item, document, origin, recognizer, sounds)
                yield from guarded(item.name, work)


def _add(
    library: Library,
    folder: Path,
    item: Item,
    document: dict[str, Any],
    origin: Origin,
    recognizer: Callable[[ModelInfo], Recognizer],
    sounds: "_Sounds",
) -> Added:
    now = datetime.now().isoformat(sep=" ", timespec="seconds")
    result = result_from({"id": "", "files": [], "timestamp": now, "timings_ms": {}, **document})
    if document["embedding"] is not None:
        vectors: Rows = read_vectors(folder / document["embedding"])
        return keep(library, result, rows_of(result, vectors, origin))
    known = recording_id(result.audio.sha256, result.audio.channel, origin.part)
    if library.has(result.model, known):
        return Added(result.audio.name, known, 0)
    by_frame = replace(result, granularity="frame")
    again = vectors_again(recognizer(result.model), sounds.heard_by_model(item, result), result)
    return keep(library, by_frame, rows_of(by_frame, again, origin))


class _Sounds:
    """The recordings of a batch, decoded as they were for it; the last one stays for its parts."""

    def __init__(
        self, archive: Archive, decoders: DecoderPool, scratch: Path, options: dict[str, Any]
    ) -> None:
        self._archive, self._decoders, self._scratch = archive, decoders, scratch
        self._separate = options.get("channels") == "separate"
        self._options = DecodingOptions(track=options.get("track"), raw=options.get("raw"))
        self._last: tuple[tuple[str, str | None, bool], list[Mono[Rows]]] | None = None

    def heard_by_model(self, item: Item, result: Result) -> Mono[Rows]:
        """What the model heard of it for this result, without the silence around.

        Raises:
            SoundGone: the recording is not there any more, or another lies in its place.
        """
        audio, trimmed = result.audio, result.preprocessing
        channels = self._decoded(item)
        for mono in wanted_channels(channels, item, separate=self._separate):
            if (mono.sha256, mono.channel) == (audio.sha256, audio.channel):
                end = audio.duration - trimmed.trimmed_end
                return cut(mono, (milliseconds(trimmed.trimmed_start), milliseconds(end)))
        raise SoundGone(name=item.name)

    def _decoded(self, item: Item) -> list[Mono[Rows]]:
        separate = self._separate or item.channel is not None
        place = item.path, item.member, separate
        if self._last is None or self._last[0] != place:
            try:
                with self._archive.file_of(item, self._scratch) as file:
                    found = self._decoders.decode(
                        file,
                        item.name,
                        self._scratch,
                        Cancellation(),
                        separate=separate,
                        options=self._options,
                    )
            except InputNotFound as error:
                raise SoundGone(name=item.name) from error
            self._last = place, found
        return self._last[1]
