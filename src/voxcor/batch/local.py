"""The engine of one machine: threads that each take a recording from its bytes to its outcome.

Decoding happens in processes of their own (`voxcor.audio.isolated`), so that a file that breaks
a decoder costs itself only, and beside inference. Each pass through the model has one thread:
passes side by side fill the cores better than threads within one (docs/batch.md has the figures).
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from voxcor.audio import Mono
from voxcor.audio.isolated import DecoderPool, require_size
from voxcor.audio.reader import open_regular, unreadable
from voxcor.batch.archives import Archive
from voxcor.batch.items import ChannelFailure, Item, Outcome
from voxcor.batch.parts import cut, placed
from voxcor.cancellation import Cancellation, Cancelled, cancellable, checkpoint
from voxcor.datasets.channels import channel_of
from voxcor.disk.array import Rows
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import replacing_file
from voxcor.errors import DiskFull, InputError, StorageError, VoxcorError
from voxcor.options import RecordingOptions
from voxcor.recognizer import Recognizer
from voxcor.result_folder import write_array, write_frames
from voxcor.results import AudioInfo, Failure
from voxcor.untrusted import printable

# Three days: of one channel at 16 kHz they take 17 GB of the disk while they are decoded.
LONGEST_MIN = 3 * 24 * 60

# On a disk that has so much left, one recording that does not fit is no reason to stop.
_ROOM_FOR_OTHERS = 100_000_000

_SCRATCH = ".scratch"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ChannelResults:
    """What came of a recording of this name: documents, and the channels that have none."""

    name: str
    documents: Sequence[dict[str, Any]]
    channel_failures: Sequence[ChannelFailure] = ()


# What the batch already has of a recording, or a part of one: by the hash of its bytes.
FindResults = Callable[[str, Item], ChannelResults | None]


@dataclass(frozen=True, slots=True)
class EngineContext:
    """What a batch gives its engine beside recordings and a model.

    `known` finds the results of the same recording, if the batch has them. `begin` is told of an
    item when a thread takes it, `leave` when it was given up without an outcome. `cancellation`
    gives up everything. Recordings may be `maximum_min` minutes long.
    """

    known: FindResults = lambda _sha256, _item: None
    begin: Callable[[Item], None] = lambda _item: None
    leave: Callable[[Item], None] = lambda _item: None
    cancellation: Cancellation = field(default_factory=Cancellation)
    maximum_min: int = LONGEST_MIN


# What a file of a result needs at the least, for the sentence about a full disk.
_SOME_BYTES = 1_000_000


def recognize_locally(
    items: Iterable[Item],
    *,
    recognizer: Recognizer,
    options: RecordingOptions,
    folder: Path,
    workers: int,
    context: EngineContext,
) -> Iterator[Outcome]:
    """Outcomes as they come, in no order; items are taken as threads become free.

    Args:
        items: what to work on.
        recognizer: of one thread a pass, where there are several workers.
        options: how.
        folder: of the batch; frames and embeddings go there.
        workers: how many recordings are worked on at the same time.
        context: what the engine needs of the batch.

    Raises:
        StorageError: the disk; items that had no outcome have none.
    """
    with (
        empty_scratch(folder) as scratch,
        closing(DecoderPool(workers, context.maximum_min)) as decoders,
        closing(Worker(recognizer, options, folder, decoders, context)) as worker,
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
        options: RecordingOptions,
        folder: Path,
        decoders: DecoderPool,
        context: EngineContext,
    ) -> None:
        self._recognizer = recognizer
        self._options = options
        self._folder = folder
        self._decoders = decoders
        self._context = context
        self._archive = Archive(context.maximum_min)
        self._unrecorded = _Unrecorded()
        self._decoded = threading.local()  # the recording of which a thread has recognised a part

    def close(self) -> None:
        self._archive.close()

    def work(self, item: Item, scratch: Path) -> Outcome:
        """The outcome of an item, its frames and embedding on the disk.

        Raises:
            StorageError: the disk of the batch.
            Cancelled: the batch was given up.
        """
        with cancellable(self._context.cancellation):
            self._context.begin(item)
            try:
                return self._outcome(item, scratch)
            except (Cancelled, StorageError):
                self._context.leave(item)
                raise

    def _outcome(self, item: Item, scratch: Path) -> Outcome:
        try:
            own = scratch / str(threading.get_ident())
            own.mkdir(exist_ok=True)
            with ExitStack() as stack:
                with _its_own_size(own):
                    file = stack.enter_context(self._archive.file_of(item, own))
                sha256 = _sha256_of(file, item.name, self._context.maximum_min)
                content = _content(sha256, item)
                with self._unrecorded.turn(content):
                    found = self._unrecorded.get(content) or self._context.known(sha256, item)
                    found = found or self._recognize(item, file, sha256, own)
                    self._unrecorded.put(content, found)
            documents = [_renamed(document, item) for document in found.documents]
            failed = [_renamed_failure(failure, found, item) for failure in found.channel_failures]
            failure = None
            if not documents:
                failure = Failure(item.name, failed[0].code, failed[0].message)
            return Outcome(item.position, sha256, documents, failure, failed)
        except (Cancelled, StorageError):
            raise
        except _NoRoom as error:
            return Outcome(item.position, None, failure=item.failure(error.full))
        except VoxcorError as error:
            return Outcome(item.position, None, failure=item.failure(error))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            return Outcome(item.position, None, failure=item.failure(VoxcorError(reason=reason)))

    def recorded(self, done: Iterable[Future[Outcome]]) -> Iterator[Outcome]:
        """Passes outcomes on, and forgets each when whoever asked for it comes back for more.

        What was given up has none.
        """
        for future in done:
            try:
                outcome = future.result()
            except Cancelled:
                continue
            yield outcome
            self.forget(outcome)

    def forget(self, outcome: Outcome) -> None:
        """What is in the ledger need not be kept here."""
        self._unrecorded.forget(outcome.sha256)

    def _recognize(self, item: Item, file: Path, sha256: str, scratch: Path) -> ChannelResults:
        """A recording decoded and recognised, in each channel where they are separate.

        Raises:
            InputError: nothing of it can be used.
        """
        numbered = self._options.channels == "separate"
        separate = numbered or item.channel is not None
        documents, failures = [], []
        decoded, self._decoded.last = getattr(self._decoded, "last", None), None
        if decoded is None or decoded[:3] != (sha256, item.name, separate):
            with _its_own_size(scratch):
                channels = self._decoders.decode(
                    file,
                    item.name,
                    scratch,
                    self._context.cancellation,
                    separate=separate,
                    options=self._options.decoding,
                )
            decoded = sha256, item.name, separate, channels
        if item.part or item.channel is not None:
            # They come one after the other: that of the next is this recording's, too.
            self._decoded.last = decoded
        for mono in wanted_channels(decoded[3], item, separate=numbered):
            try:
                documents.append(self._document(mono, item, scratch))
            except InputError as error:
                if mono.channel is None or item.channel is not None:
                    raise
                failures.append(ChannelFailure(mono.channel, error.code, error.message))
        return ChannelResults(item.name, documents, failures)

    def _document(self, mono: Mono[Rows], item: Item, scratch: Path) -> dict[str, Any]:
        part = cut(mono, item.part) if item.part else mono
        result = self._recognizer.recognize(part, self._options)
        if item.part:
            result = placed(result, item.part[0] / 1000, mono.duration)
        document = result.to_document()
        del document["timestamp"], document["timings_ms"]
        document["frames"] = document["embedding"] = None
        if result.frames is not None:
            document["frames"] = _file_name(result.audio, item, "frames", ".csv")
            with self._replacing(document["frames"], scratch) as draft:
                write_frames(draft, result.frames)
        if result.embedding is not None:
            document["embedding"] = _file_name(result.audio, item, "embeddings", ".npy")
            with self._replacing(document["embedding"], scratch) as draft:
                write_array(draft, result.embedding)
        return document

    @contextmanager
    def _replacing(self, name: str, scratch: Path) -> Iterator[Path]:
        path = self._folder / name
        with storage_errors(path, _SOME_BYTES), replacing_file(path, drafts=scratch) as draft:
            yield draft


class _NoRoom(Exception):
    """One recording does not fit on a disk that has room for others."""

    def __init__(self, full: DiskFull) -> None:
        super().__init__(full)
        self.full = full


@contextmanager
def _its_own_size(scratch: Path) -> Iterator[None]:
    try:
        yield
    except DiskFull as error:
        if shutil.disk_usage(scratch).free < _ROOM_FOR_OTHERS:
            raise
        raise _NoRoom(error) from error


class _Unrecorded:
    """Documents that are computed and not in the ledger yet.

    Threads with the same recording wait for each other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: set[str] = set()
        self._results: dict[str, ChannelResults] = {}

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

    def get(self, content: str) -> ChannelResults | None:
        return self._results.get(content)

    def put(self, content: str, results: ChannelResults) -> None:
        self._results[content] = results

    def forget(self, sha256: str | None) -> None:
        for content in [content for content in self._results if content[:64] == sha256]:
            self._results.pop(content, None)


def wanted_channels(
    channels: Sequence[Mono[Rows]], item: Item, *, separate: bool
) -> Sequence[Mono[Rows]]:
    """Those of a decoded recording that an item is about.

    Args:
        channels: each of them alone, where the item is about one.
        item: which is.
        separate: whether the only channel of a recording has a number.

    Raises:
        NoSuchChannel: it has none of this number.
    """
    channel = channel_of(item.name, item.channel, channels[0].channels)
    if channel is not None:
        return [one for one in channels if one.channel == channel]
    if item.channel is not None and not separate:
        return [replace(one, channel=None) for one in channels]
    return channels


def _file_name(audio: AudioInfo, item: Item, kind: str, suffix: str) -> str:
    """Where a file of a result lies in the batch's folder.

    Named by the recording's content: two recordings never meet, and the same one is kept once.
    """
    channel = "" if audio.channel is None else f"-{audio.channel}"
    part = "_{}-{}".format(*item.part) if item.part else ""
    return f"{kind}/{audio.sha256[:2]}/{audio.sha256[:32]}{channel}{part}{suffix}"


def _content(sha256: str, item: Item) -> str:
    """What decides over documents: the bytes, the extension that may contradict them, the part,
    the channel.
    """
    return f"{sha256}{PurePath(item.name).suffix.lower()}{item.part or ''}:{item.channel}"


def _sha256_of(file: Path, name: str, maximum_min: int) -> str:
    digest = hashlib.sha256()
    with open_regular(file, name) as stream:
        # What is written while it is read comes too late.
        left = os.fstat(stream.fileno()).st_size
        require_size(left, name, maximum_min)
        try:
            while chunk := stream.read(min(left, _CHUNK_BYTES)):
                checkpoint()
                digest.update(chunk)
                left -= len(chunk)
        except OSError as error:
            raise unreadable(name, error) from error
    return digest.hexdigest()


def _renamed(document: dict[str, Any], item: Item) -> dict[str, Any]:
    audio = {**document["audio"], "name": PurePath(item.name).name}
    return {**document, "audio": audio}


def _renamed_failure(failure: ChannelFailure, found: ChannelResults, item: Item) -> ChannelFailure:
    message = failure.message.replace(printable(found.name), printable(item.name), 1)
    return replace(failure, message=message)
