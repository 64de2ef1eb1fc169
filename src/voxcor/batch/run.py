"""A batch from its beginning to its table.

    counts = run_batch("calls/", Path("results"), options=RecordingOptions(granularity="segment"))

Killed, and started again with `resume`, it goes on where it was; its table is then that of an
unbroken run, byte for byte.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, Literal

from voxcor.batch.database import LEDGER_FILE
from voxcor.batch.items import Item, Outcome
from voxcor.batch.ledger import Counts, Ledger, claimed
from voxcor.batch.local import (
    LONGEST_MIN,
    ChannelResults,
    EngineContext,
    FindResults,
    recognize_locally,
)
from voxcor.batch.sources import read_source
from voxcor.batch.tables import SEGMENTS_FILE, TABLE_FORMATS, TableFormat, write_table
from voxcor.cancellation import Cancellation
from voxcor.datasets.parquet import require_pyarrow
from voxcor.disk.faults import storage_errors
from voxcor.disk.whole import sync_names, write_whole
from voxcor.errors import BatchExists, InputNotFound, NoAudioFound
from voxcor.frames import HOP_MS
from voxcor.inference.session import available_cores
from voxcor.options import RecordingOptions
from voxcor.recognizer import Recognizer
from voxcor.result_folder import to_json, utf8
from voxcor.results import ModelInfo
from voxcor.sources import PassedOver

EngineName = Literal["local", "ray"]
Begin = Literal["new", "resume", "restart"]

SIDECAR_FILE = "embeddings.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a run has come to: `table` holds `counts.done + counts.failed` items."""

    folder: Path
    table: Path
    counts: Counts
    model: ModelInfo  # which answers; it may be the one that is built in, see `fallback`
    codes: dict[str, int]  # of failures, the most frequent first
    channel_codes: dict[str, int]  # of channels without a result beside others that have one
    warning_codes: dict[str, int]  # of results


def run_batch(
    source: str,
    folder: Path,
    *,
    model: str = "auto",
    options: RecordingOptions | None = None,
    table: TableFormat = "jsonl",
    begin: Begin = "new",
    engine: EngineName = "local",
    workers: int | None = None,
    stop: threading.Event | None = None,
    passed_over: PassedOver | None = None,
    on_begin: Callable[[Counts], None] = lambda _counts: None,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
) -> Batch:
    """Recognises everything that `source` stands for into `folder`.

    Args:
        source: see `voxcor.batch.sources`.
        folder: of the batch, made where it is missing.
        model: as for `Recognizer`.
        options: how each recording is recognised.
        table: format of the table of results.
        begin: `new` wants a folder without a batch; `resume` goes on with the one there, tries
            again what failed for a reason that may pass, and adds what the source has got since;
            `restart` forgets it first.
        engine: where the work is done.
        workers: recordings worked on at the same time; None for as many as there are cores.
        stop: ends the run early where it is set: what is running is finished, the table written.
        passed_over: counts what the source holds beside recordings, before `on_begin` is called.
        on_begin: is told how far the batch is, before any work.
        on_outcome: is told each outcome when it is in the ledger.

    Raises:
        BatchExists, BatchMismatch, BatchInProgress, LedgerCorrupt: the folder holds another batch.
        InputNotFound, InputUnreadable, NoAudioFound, ManifestError, UsageError: see
            `read_source`; a batch that goes on does so without its source.
        KilledTwice: reading the source killed the process twice.
        UnknownModel, ModelNotInstalled, ModelCorrupt: see `Recognizer`.
        StorageError: the disk; what is done stays done.
    """
    options = options or RecordingOptions()
    if table == "parquet":
        require_pyarrow()
    workers = workers or available_cores()
    recognizer = Recognizer(model, threads=1 if workers > 1 else None)
    recognizer.require(options)
    with claimed(folder):
        if begin == "restart":
            clear(folder)
        with Ledger(folder) as ledger:
            if begin == "new" and ledger.begun:
                raise BatchExists(path=str(folder))
            ledger.deaths.recover()
            with ledger.deaths.reading(source):
                ledger.begin(mark_of(source, options, recognizer))
                try:
                    ledger.add(read_source(source, passed_over, raw=options.raw is not None))
                except (InputNotFound, NoAudioFound):
                    # Taken away since: what is done stays done, the rest fails by name.
                    if not ledger.begun:
                        raise
            if begin == "resume":
                ledger.reopen()
            try:
                work_through(
                    ledger,
                    recognizer,
                    options,
                    engine=engine,
                    workers=workers,
                    stop=stop or threading.Event(),
                    on_begin=on_begin,
                    on_outcome=on_outcome,
                )
            finally:
                written = write_table(ledger, table, segments=options.granularity == "segment")
            return Batch(
                folder,
                written,
                ledger.counts(),
                recognizer.model,
                ledger.failure_codes(),
                ledger.channel_codes(),
                ledger.warning_codes(),
            )


def work_through(
    ledger: Ledger,
    recognizer: Recognizer,
    options: RecordingOptions,
    *,
    engine: EngineName,
    workers: int,
    stop: threading.Event,
    on_begin: Callable[[Counts], None],
    on_outcome: Callable[[Outcome], None],
    cancellation: Cancellation | None = None,
    maximum_min: int = LONGEST_MIN,
) -> None:
    """Does what waits in a ledger that is claimed and recovered; see `run_batch`.

    What a process has died of comes first, alone; what fails for a reason that may pass is tried
    once more, after everything else. `cancellation` also gives up what is running, and recordings
    may be `maximum_min` minutes long.
    """
    folder = ledger.folder
    context = EngineContext(
        known=_known(ledger),
        begin=ledger.deaths.take,
        leave=ledger.deaths.leave,
        cancellation=cancellation or Cancellation(),
        maximum_min=maximum_min,
    )
    if options.embedding or options.granularity == "frame":
        ledger.reopen_lost()

    def wanted() -> bool:
        return not (stop.is_set() or context.cancellation.is_set)

    ledger.give_up()
    on_begin(ledger.counts())
    try:
        for pending in _rounds(ledger):
            items = takewhile(lambda _item: wanted(), pending)
            first = next(items, None)
            if first is None:
                continue  # an engine takes seconds to start where it is a cluster
            for outcome in _engine(engine)(
                chain([first], items),
                recognizer=recognizer,
                options=options,
                folder=folder,
                workers=workers,
                context=context,
            ):
                ledger.record(outcome)
                on_outcome(outcome)
    finally:
        if options.embedding:
            _write_sidecar(folder, recognizer, options)
        with storage_errors(folder):
            for name in ("frames", "embeddings"):
                sync_names(folder / name)
        ledger.sync()


def mark_of(source: str, options: RecordingOptions, recognizer: Recognizer) -> dict[str, Any]:
    """What makes a batch this one and no other."""
    model = recognizer.model
    return {
        "version": 1,
        # `calls/` and `calls` are the same.
        "source": utf8(str(Path(source))),
        "options": options.to_document(),
        "model": {
            "id": model.id,
            "precision": model.precision,
            "sha256": model.sha256,
            "labels": list(recognizer.labels),
        },
    }


def clear(folder: Path) -> None:
    """Removes what a batch has written into its folder, and nothing else.

    Raises:
        StorageError: it cannot be removed.
    """
    files = [LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}-shm", SEGMENTS_FILE, SIDECAR_FILE]
    with storage_errors(folder):
        for name in (*files, *(f"results.{kind}" for kind in TABLE_FORMATS)):
            (folder / name).unlink(missing_ok=True)
            (folder / f".{name}").unlink(missing_ok=True)
        for name in ("frames", "embeddings"):
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)


def _engine(name: EngineName) -> Callable[..., Iterator[Outcome]]:
    if name == "ray":
        from voxcor.batch.ray_engine import recognize_on_ray

        return recognize_on_ray
    return recognize_locally


def _rounds(ledger: Ledger) -> Iterator[Iterator[Item]]:
    """What is worked on together: each suspect with nothing beside it."""
    for suspect in ledger.suspects():
        yield iter([suspect])
    yield ledger.waiting()
    yield ledger.to_retry()


def _known(ledger: Ledger) -> FindResults:
    def known(sha256: str, item: Item) -> ChannelResults | None:
        row = ledger.find(sha256, item.part, item.channel)
        # The extension belongs to what is known: it may contradict the content.
        suffixes = {Path(one.name).suffix.lower() for one in (row.item if row else item, item)}
        same = row is not None and len(suffixes) == 1
        return (
            ChannelResults(row.item.name, row.documents, row.channel_failures)
            if row and same
            else None
        )

    return known


def _write_sidecar(folder: Path, recognizer: Recognizer, options: RecordingOptions) -> None:
    model = recognizer.model
    text = to_json(
        {
            "model": {
                "id": model.id,
                "precision": model.precision,
                "revision": model.revision,
                "sha256": model.sha256,
            },
            "granularity": options.granularity,
            "hop_ms": HOP_MS if options.granularity == "frame" else None,
            "dim": recognizer.embedding_dim,
            "dtype": "float32",
        },
        indent=2,
    )
    with storage_errors(folder):
        write_whole(folder / SIDECAR_FILE, text + "\n")
