"""The engine of a cluster: Ray Data spreads items over actors that hold a recognizer each.

The ledger stays with the process that began the batch, so resuming, copies, failures and tables are
the code of the local engine. Actors read recordings and write frames and embeddings where `path`
and the batch's folder lead on their machine: on more than one, both lie on shared storage.

An actor that dies is replaced, and what it was working on is given to another; outcomes are
recorded by position, so none counts twice. RAY_ADDRESS says which cluster; without it one is
started here, and ended afterwards.
"""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from voxcor.audio.isolated import DecoderPool
from voxcor.batch.items import ChannelFailure, Item, Outcome
from voxcor.batch.local import LONGEST_MIN, EngineContext, Worker, empty_scratch
from voxcor.batch.ray_cluster import cluster
from voxcor.errors import UsageError
from voxcor.options import RecordingOptions
from voxcor.recognizer import Recognizer
from voxcor.result_folder import to_json
from voxcor.results import Failure
from voxcor.settings import Settings

# Items given to an actor at a time: few enough that little is done again when one dies.
_BATCH_ITEMS = 16

# Items given to Ray at a time: what the driver keeps in memory, whatever the size of the batch.
_ROUND_ITEMS = 20_000


_TEXTS = ("name", "path", "member", "key", "listed")
_TIMES = ("start_ms", "end_ms")


def recognize_on_ray(
    items: Iterable[Item],
    *,
    recognizer: Recognizer,
    options: RecordingOptions,
    folder: Path,
    workers: int,
    context: EngineContext,
) -> Iterator[Outcome]:
    """Outcomes as they come, in no order; arguments as `recognize_locally`.

    `workers` is the most actors there will be; Ray starts them as there is work and room. Copies of
    one recording are recognised each, where they are; nothing of `context` reaches an actor.

    Raises:
        UsageError: Ray is not installed.
    """
    with ExitStack() as stack:
        stack.enter_context(cluster())
        import ray.data

        scratch = stack.enter_context(empty_scratch(folder))
        ray.data.DataContext.get_current().enable_progress_bars = False
        waiting = iter(items)
        while page := list(islice(waiting, _ROUND_ITEMS)):
            rows = ray.data.from_items(
                [_to_row(item) for item in page], override_num_blocks=-(-len(page) // _BATCH_ITEMS)
            ).map_batches(
                Actor,
                fn_constructor_args=(
                    recognizer.name,
                    recognizer.model.sha256,
                    options,
                    folder,
                    scratch,
                ),
                batch_size=_BATCH_ITEMS,
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
                num_cpus=1,
                num_gpus=Settings().gpu_share or None,
            )
            # Batch by batch: what is done is in the ledger at once.
            for done in rows.iter_batches(batch_size=None, prefetch_batches=0):
                yield from map(_outcome, done["outcome"])


class Actor:
    """A recognizer on a machine of the cluster, and what it needs around it."""

    def __init__(
        self, model: str, sha256: str, options: RecordingOptions, folder: Path, scratch: Path
    ) -> None:
        recognizer = Recognizer(model, threads=1)
        if recognizer.model.sha256 != sha256:
            raise UsageError(
                reason_en=f"{model} on this machine of the cluster is another model than where "
                "the batch was begun. Install the same one everywhere.",
                reason_zh=f"集群中该机器上的 {model} 与启动批处理时的模型不同。"
                "请在各机器安装同一模型。",
            )
        self._scratch = scratch / f"{platform.node()}-{os.getpid()}"
        self._scratch.mkdir()
        decoders = DecoderPool(1, LONGEST_MIN)
        self._worker = Worker(recognizer, options, folder, decoders, EngineContext())

    def __call__(self, batch: "dict[str, np.ndarray[Any, Any]]") -> dict[str, list[bytes]]:
        """Outcomes of a batch of items, both as `recognize_on_ray` packs them."""
        columns = {name: list(values) for name, values in batch.items()}
        items = [
            _from_row(dict(zip(columns, values, strict=True)))
            for values in zip(*columns.values(), strict=True)
        ]
        outcomes = [self._worker.work(item, self._scratch) for item in items]
        for outcome in outcomes:
            self._worker.forget(outcome)
        return {"outcome": [_packed(outcome) for outcome in outcomes]}


def _to_row(item: Item) -> dict[str, Any]:
    """Text as bytes: a path need not be UTF-8, which Arrow's strings must be."""
    texts = (item.name, item.path, item.member or "", item.key or "", item.listed or "")
    return {
        "position": item.position,
        # -1 for none: a column of Arrow has one type.
        **dict(zip(_TIMES, item.part or (-1, -1), strict=True)),
        "channel": -1 if item.channel is None else item.channel,
        **{name: os.fsencode(text) for name, text in zip(_TEXTS, texts, strict=True)},
    }


def _from_row(row: dict[str, Any]) -> Item:
    name, path, *others = (os.fsdecode(bytes(row[name])) for name in _TEXTS)
    member, key, listed = (text or None for text in others)
    numbers = (None if row[name] < 0 else int(row[name]) for name in (*_TIMES, "channel"))
    return Item(int(row["position"]), name, path, member, key, listed, *numbers)


def _packed(outcome: Outcome) -> bytes:
    return to_json(asdict(outcome)).encode("utf-8", "backslashreplace")


def _outcome(packed: bytes) -> Outcome:
    document = json.loads(packed)
    failure = document["failure"]
    return Outcome(
        position=document["position"],
        sha256=document["sha256"],
        documents=document["documents"],
        failure=Failure(**failure) if failure else None,
        channel_failures=[ChannelFailure(**entry) for entry in document["channel_failures"]],
    )
