"""From an upload to stored results: decode, recognise, publish, and say so in the log."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from voxcor.audio import Mono
from voxcor.cancellation import Cancelled, cancellable
from voxcor.disk.array import Rows
from voxcor.errors import InputError, NoSuchResult, NotReady, VoxcorError
from voxcor.recognizer import Step
from voxcor.results import Result, milliseconds
from voxcor.server.event_log import LogEntry
from voxcor.server.folder_store import new_id
from voxcor.server.recognition_tasks import Work
from voxcor.server.schemas import Asked
from voxcor.server.service import Service
from voxcor.server.uploads import Upload
from voxcor.speaker_turns import parse_turns

logger = logging.getLogger("voxcor.server")

# Longer recordings go one by one: seconds of work each, and memory to match.
LONG_S = 300.0


async def perform(
    service: Service, work: Work, upload: Upload, asked: Asked
) -> list[dict[str, Any]]:
    """Does all of it; the documents, one for each channel where they are separate.

    A channel that cannot be used gives its error in its place, unless that is true of all.

    Raises:
        VoxcorError: there is no result; the log says the same, and nothing is left.
    """
    started = time.monotonic()
    service.works.begin(work)
    work.log.step("received", bytes=upload.bytes)
    work.log.step("queued", ahead=service.admission.inside - 1)
    try:
        outcomes = await hear(service, work, upload, asked)
        documents = await service.in_thread(
            lambda: _publish(service, work, upload, asked, outcomes)
        )
        work.results = [document["id"] for document in documents if "id" in document]
    except Exception as error:
        work.error = _error_of(error)
        work.log.add("failed", **work.error.to_dict())
        raise work.error from error
    finally:
        service.admission.took(time.monotonic() - started)
        service.works.end(work)
    work.log.add("done", **_ending(work, documents))
    return documents


async def abandon(service: Service, work: Work) -> None:
    """Gives it up at whatever stage it is; nothing of it stays."""
    work.cancellation.set()
    if service.works.find(work.id):
        await work.ended.wait()
        service.works.forget(work)
    for result_id in work.results:
        with suppress(NoSuchResult):
            await asyncio.to_thread(service.results.delete, result_id)


async def hear(
    service: Service, work: Work, upload: Upload, asked: Asked
) -> list[Result | InputError]:
    """Decodes and recognises, in worker threads; for each channel where they are separate.

    Raises:
        VoxcorError: it cannot be used, or no channel of it.
        Cancelled: `work.cancellation` was set.
    """
    heard, decode_ms = await service.in_thread(
        lambda: _decode(service, work, upload, asked), cancellation=work.cancellation
    )
    return await service.in_thread(
        lambda: _recognize(service, work, heard, decode_ms, asked),
        long=heard[0].duration * len(heard) > LONG_S,
        cancellation=work.cancellation,
    )


def _decode(
    service: Service, work: Work, upload: Upload, asked: Asked
) -> tuple[list[Mono[Rows]], float]:
    """The recording, each channel of it where they are separate, and the milliseconds it took."""
    started = time.perf_counter()
    heard = service.decoders.decode(
        upload.path,
        upload.name,
        work.folder,
        work.cancellation,
        separate=asked.recording.channels == "separate",
        options=asked.recording.decoding,
    )
    facts = {
        "duration_ms": milliseconds(heard[0].duration),
        "sample_rate": heard[0].sample_rate,
        "channels": heard[0].channels,
    }
    ms = round(1000 * (time.perf_counter() - started), 1)
    _note(service, work)(Step("decode", ms, facts))
    return heard, ms


def _recognize(
    service: Service,
    work: Work,
    heard: Sequence[Mono[Rows]],
    decode_ms: float,
    asked: Asked,
) -> list[Result | InputError]:
    recognizer = service.recognizers.get(asked.request.model)
    note = _note(service, work)
    text = asked.request.speakers
    speakers = None if text is None else parse_turns(text, "speakers")
    outcomes: list[Result | InputError] = []
    for mono in heard:
        try:
            with cancellable(work.cancellation):
                result = recognizer.recognize(
                    mono,
                    asked.recording,
                    speakers=speakers,
                    # The decoding of what is decoded takes no time, and says nothing.
                    progress=lambda step: None if step.name == "decode" else note(step),
                )
        except InputError as error:
            outcomes.append(error)
        else:
            timings_ms = _with_decoding(result.timings_ms, decode_ms)
            outcomes.append(replace(result, timings_ms=timings_ms))
            service.metrics.audio.inc(result.audio.duration)
    errors = [outcome for outcome in outcomes if isinstance(outcome, InputError)]
    if len(errors) == len(outcomes):
        raise errors[0]
    return outcomes


def _publish(
    service: Service,
    work: Work,
    upload: Upload,
    asked: Asked,
    outcomes: Sequence[Result | InputError],
) -> list[dict[str, Any]]:
    """Stores the results; the first takes the id of the work, which its sender knows."""
    ids = iter([work.id, *(new_id() for _ in outcomes)])
    named = [(None if isinstance(o, InputError) else next(ids), o) for o in outcomes]
    announced = [o.to_dict() if isinstance(o, InputError) else {"id": n} for n, o in named]
    events = [*work.log.entries, LogEntry("done", _ending(work, announced))]
    kept = upload.path if asked.request.keep_audio else None
    documents: list[dict[str, Any]] = []
    try:
        for name, outcome in named:
            if isinstance(outcome, InputError):
                documents.append(outcome.to_dict())
                continue
            assert name is not None
            work.cancellation.check()
            service.results.publish(name, outcome, events, kept, upload.name)
            documents.append(service.results.document(name))
    except BaseException:
        for name, _ in named:
            with suppress(NoSuchResult):
                service.results.delete(name or "")
        raise
    for name, outcome in named:
        if name is not None and not isinstance(outcome, InputError):
            for listener in service.listeners:
                listener(outcome, name)
    return documents


def _with_decoding(timings_ms: Mapping[str, float], decode_ms: float) -> dict[str, float]:
    """The time that decoding took elsewhere, where it would be had it taken it here."""
    total = round(timings_ms["total"] + decode_ms, 1)
    return {**timings_ms, "decode": decode_ms, "total": total}


def _note(service: Service, work: Work) -> Callable[[Step], None]:
    def note(step: Step) -> None:
        work.cancellation.check()
        service.metrics.stage(step)
        work.log.step(step.name, step.ms, **step.facts)

    return note


def _error_of(error: Exception) -> VoxcorError:
    if isinstance(error, VoxcorError):
        return error
    if isinstance(error, Cancelled):
        # Whoever still listens is told by a server that stops.
        return NotReady(retry_after_s=1)
    logger.error("recognition failed", exc_info=error)
    return VoxcorError(reason="see the log of the server")


def _ending(work: Work, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The results by their ids, and which channels have none, and why."""
    results = [document["id"] for document in documents if "id" in document]
    failures = [{"channel": n, **d} for n, d in enumerate(documents) if "id" not in d]
    return {"id": work.id, "results": results, "failures": failures}
