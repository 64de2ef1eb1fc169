"""The engine of one machine: threads that each take a recording from its bytes to its outcome.

Decoding happens in processes of their own (`voxcor.isolated_decoding`), so that a file that breaks
a decoder costs itself only, and beside inference. Each pass through the model has one thread:
passes side by side fill the cores better than threads within one (docs/batch.md has the figures).
"""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path, PurePath
from typing import Any

from voxcor.audio import Recording
from voxcor.batch.items import Item, Options, Outcome
from voxcor.batch.sources import Archive
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.errors import (
    AudioTooLong,
    InputNotFound,
    InputUnreadable,
    StorageError,
    VoxcorError,
)
from voxcor.isolated_decoding import Cancellation, Decoders
from voxcor.recognizer import Recognizer
from voxcor.result_folder import write_array, write_frames
from voxcor.results import AudioInfo, Failure

Documents = Sequence[dict[str, Any]]

# Documents of a recording that was heard before, by the hash of its bytes and its name.
Known = Callable[[str, str], Documents | None]


def nothing_known(_sha256: str, _name: str) -> None:
    """Every recording is heard for the first time."""


# A recording that decodes to more than this many minutes is read as a stream in this process.
LONGEST_DECODED_MIN = 120

_SCRATCH = ".scratch"

# What a file of a result needs at the least, for the sentence about a full disk.
_SOME_BYTES = 1_000_000


def recognize_locally(
    items: Iterable[Item],
    *,
    recognizer: Recognizer,
    options: Options,
    folder: Path,
    workers: int,
    known: Known = nothing_known,
) -> Iterator[Outcome]:
    """Outcomes as they come, in no order; items are taken as threads become free.

    Args:
        items: what to work on.
        recognizer: of one thread a pass, where there are several workers.
        options: how.
        folder: of the batch; frames and embeddings go there.
        workers: how many recordings are worked on at the same time.
        known: what is known of a recording already.

    Raises:
        StorageError: the disk; items that had no outcome have none.
    """
    with (
        empty_scratch(folder) as scratch,
        closing(Decoders(workers, LONGEST_DECODED_MIN)) as decoders,
        closing(Worker(recognizer, options, folder, decoders, known)) as worker,
        ThreadPoolExecutor(workers, thread_name_prefix="voxcor-batch") as pool,
    ):
        running: set[Future[Outcome]] = set()
        try:
            for item in items:
                running.add(pool.submit(worker.work, item, scratch))
                if len(running) > workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from worker.recorded(done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from worker.recorded(done)
        finally:
            for future in running:
                future.cancel()


@contextmanager
def empty_scratch(folder: Path) -> Iterator[Path]:
    """A folder in that of the batch, for the block; what a killed process has left there goes."""
    scratch = folder / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    with storage_errors(folder):
        scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Worker:
    """What turns an item into its outcome; for many threads at once."""

    def __init__(
        self,
        recognizer: Recognizer,
        options: Options,
        folder: Path,
        decoders: Decoders,
        known: Known = nothing_known,
    ) -> None:
        self._recognizer = recognizer
        self._options = options
        self._folder = folder
        self._decoders = decoders
        self._known = known
        self._archive = Archive()
        self._unrecorded = _Unrecorded()

    def close(self) -> None:
        self._archive.close()

    def work(self, item: Item, scratch: Path) -> Outcome:
        """The outcome of an item, its frames and embedding on the disk.

        Raises:
            StorageError: the disk of the batch.
        """
        try:
            own = scratch / str(threading.get_ident())
            own.mkdir(exist_ok=True)
            with self._archive.file_of(item, own) as file:
                sha256 = _sha256_of(file, item.name)
                content = _content(sha256, item.name)
                with self._unrecorded.turn(content):
                    documents = self._unrecorded.get(content) or self._known(sha256, item.name)
                    documents = documents or self._recognize(item, file, own)
                    self._unrecorded.put(content, documents)
                return Outcome(item.position, sha256, [_renamed(d, item) for d in documents])
        except StorageError:
            raise
        except VoxcorError as error:
            return Outcome(item.position, None, failure=_failure(item, error))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Outcome(item.position, None, failure=_failure(item, VoxcorError(reason=reason)))

    def recorded(self, done: Iterable[Future[Outcome]]) -> Iterator[Outcome]:
        """Passes outcomes on, and forgets each when whoever asked for it comes back for more."""
        for future in done:
            outcome = future.result()
            yield outcome
            self.forget(outcome)

    def forget(self, outcome: Outcome) -> None:
        """What is in the ledger need not be kept here."""
        for document in outcome.documents:
            audio = document["audio"]
            self._unrecorded.forget(_content(audio["sha256"], audio["name"]))

    def _recognize(self, item: Item, file: Path, scratch: Path) -> list[dict[str, Any]]:
        source: Recording | Path
        try:
            source = self._decoders.decode(file, item.name, scratch, Cancellation())
            channels = source.channels
        except AudioTooLong:
            source, channels = file, 1
        separate = self._options.channels == "separate" and isinstance(source, Recording)
        heard = range(channels) if separate else [None]
        return [self._document(source, item, channel, scratch) for channel in heard]

    def _document(
        self, source: Recording | Path, item: Item, channel: int | None, scratch: Path
    ) -> dict[str, Any]:
        result = self._recognizer.recognize(
            source,
            granularity=self._options.granularity,
            embedding=self._options.embedding,
            labels=self._options.labels,
            trim=self._options.trim,
            abstain_below=self._options.abstain_below,
            channel=channel,
            name=item.name,
        )
        document = result.to_document()
        del document["timestamp"], document["timings_ms"]
        document["frames"] = document["embedding"] = None
        if result.frames is not None:
            document["frames"] = _file_name(result.audio, "frames", ".csv")
            with self._replacing(document["frames"], scratch) as draft:
                write_frames(draft, result.frames)
        if result.embedding is not None:
            document["embedding"] = _file_name(result.audio, "embeddings", ".npy")
            with self._replacing(document["embedding"], scratch) as draft:
                write_array(draft, result.embedding)
        return document

    @contextmanager
    def _replacing(self, name: str, scratch: Path) -> Iterator[Path]:
        path = self._folder / name
        with storage_errors(path, _SOME_BYTES), replacing_file(path, drafts=scratch) as draft:
            yield draft


class _Unrecorded:
    """Documents that are computed and not in the ledger yet; twins wait for each other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: set[str] = set()
        self._documents: dict[str, Documents] = {}

    @contextmanager
    def turn(self, content: str) -> Iterator[None]:
        """Lets recordings of this content through one after the other."""
        with self._changed:
            self._changed.wait_for(lambda: content not in self._inside)
            self._inside.add(content)
        try:
            yield
        finally:
            with self._changed:
                self._inside.discard(content)
                self._changed.notify_all()

    def get(self, content: str) -> "Documents | None":
        return self._documents.get(content)

    def put(self, content: str, documents: "Documents") -> None:
        self._documents[content] = documents

    def forget(self, content: str) -> None:
        self._documents.pop(content, None)


def _file_name(audio: AudioInfo, kind: str, suffix: str) -> str:
    """Where a file of a result lies in the batch's folder.

    Named by what was heard: two recordings never meet, and the same one is kept once.
    """
    channel = "" if audio.channel is None else f"-{audio.channel}"
    return f"{kind}/{audio.sha256[:2]}/{audio.sha256[:32]}{channel}{suffix}"


def _content(sha256: str, name: str) -> str:
    """What decides over documents: the bytes, and the extension that may contradict them."""
    return sha256 + PurePath(name).suffix.lower()


def _sha256_of(file: Path, name: str) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputNotFound(name=name) from error
    except OSError as error:
        raise InputUnreadable(name=name, reason=error.strerror or str(error)) from error


def _renamed(document: dict[str, Any], item: Item) -> dict[str, Any]:
    audio = {**document["audio"], "name": PurePath(item.name).name}
    return {**document, "audio": audio}


def _failure(item: Item, error: VoxcorError) -> Failure:
    return Failure(item.name, error.code, error.message)
