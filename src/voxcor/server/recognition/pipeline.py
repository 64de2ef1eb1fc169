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
from voxcor.results import Result, milliseconds
from voxcor.server.event_log import LogEntry
from voxcor.server.folder_store import new_id
from voxcor.server.http.uploads import Upload
from voxcor.server.recognition.tasks import RecognitionTask
from voxcor.server.schemas import RecognizeForm
from voxcor.server.service import Service
from voxcor.speaker_turns import parse_turns
from voxcor.steps import Step

logger = logging.getLogger("voxcor.server")

# Longer recordings go one by one: seconds of work each, and memory to match.
LONG_S = 300.0


async def recognize_and_store(
    service: Service, task: RecognitionTask, upload: Upload, form: RecognizeForm
) -> list[dict[str, Any]]:
    """Does all of it; the documents, one for each channel where they are separate.

    A channel that cannot be used gives its error in its place, unless that is true of all.

    Raises:
        VoxcorError: there is no result; the log says the same, and nothing is left.
    """
    started = time.monotonic()
    service.tasks.begin(task)
    task.log.step("received", bytes=upload.bytes)
    task.log.step("queued", ahead=service.admission.inside - 1)
    try:
        outcomes = await recognize_upload(service, task, upload, form)
        documents = await service.in_thread(lambda: _publish(service, task, upload, form, outcomes))
        task.results = [document["id"] for document in documents if "id" in document]
    except Exception as error:
        task.error = _error_of(error)
        task.log.add("failed", **task.error.to_dict())
        raise task.error from error
    finally:
        service.admission.took(time.monotonic() - started)
        service.tasks.end(task)
    task.log.add("done", **_ending(task, documents))
    return documents


async def cancel_and_delete(service: Service, task: RecognitionTask) -> None:
    """Gives it up at whatever stage it is; nothing of it stays."""
    task.cancellation.set()
    if service.tasks.find(task.id):
        await task.ended.wait()
        service.tasks.forget(task)
    for result_id in task.results:
        with suppress(NoSuchResult):
            await asyncio.to_thread(service.results.delete, result_id)


async def recognize_upload(
    service: Service, task: RecognitionTask, upload: Upload, form: RecognizeForm
) -> list[Result | InputError]:
    """Decodes and recognises, in worker threads; for each channel where they are separate.

    Raises:
        VoxcorError: it cannot be used, or no channel of it.
        Cancelled: `task.cancellation` was set.
    """
    tracks, decode_ms = await service.in_thread(
        lambda: _decode(service, task, upload, form), cancellation=task.cancellation
    )
    return await service.in_thread(
        lambda: _recognize(service, task, tracks, decode_ms, form),
        long=tracks[0].duration * len(tracks) > LONG_S,
        cancellation=task.cancellation,
    )


def _decode(
    service: Service, task: RecognitionTask, upload: Upload, form: RecognizeForm
) -> tuple[list[Mono[Rows]], float]:
    """The recording, each channel of it where they are separate, and the milliseconds it took."""
    started = time.perf_counter()
    tracks = service.decoders.decode(
        upload.path,
        upload.name,
        task.folder,
        task.cancellation,
        separate=form.recording.channels == "separate",
        options=form.recording.decoding,
    )
    facts = {
        "duration_ms": milliseconds(tracks[0].duration),
        "sample_rate": tracks[0].sample_rate,
        "channels": tracks[0].channels,
    }
    ms = round(1000 * (time.perf_counter() - started), 1)
    _record(service, task)(Step("decode", ms, facts))
    return tracks, ms


def _recognize(
    service: Service,
    task: RecognitionTask,
    tracks: Sequence[Mono[Rows]],
    decode_ms: float,
    form: RecognizeForm,
) -> list[Result | InputError]:
    recognizer = service.recognizers.get(form.request.model)
    record = _record(service, task)
    text = form.request.speakers
    speakers = None if text is None else parse_turns(text, "speakers")
    outcomes: list[Result | InputError] = []
    for mono in tracks:
        try:
            with cancellable(task.cancellation):
                result = recognizer.recognize(
                    mono,
                    form.recording,
                    speakers=speakers,
                    # The decoding of what is decoded takes no time, and says nothing.
                    progress=lambda step: None if step.name == "decode" else record(step),
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
    task: RecognitionTask,
    upload: Upload,
    form: RecognizeForm,
    outcomes: Sequence[Result | InputError],
) -> list[dict[str, Any]]:
    """Stores the results; the first takes the id of the task, which its sender knows."""
    ids = iter([task.id, *(new_id() for _ in outcomes)])
    named = [(None if isinstance(o, InputError) else next(ids), o) for o in outcomes]
    announced = [o.to_dict() if isinstance(o, InputError) else {"id": n} for n, o in named]
    events = [*task.log.entries, LogEntry("done", _ending(task, announced))]
    kept = upload.path if form.request.keep_audio else None
    documents: list[dict[str, Any]] = []
    try:
        for name, outcome in named:
            if isinstance(outcome, InputError):
                documents.append(outcome.to_dict())
                continue
            assert name is not None
            task.cancellation.check()
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
                listener(outcome, {"result_id": name})
    return documents


def _with_decoding(timings_ms: Mapping[str, float], decode_ms: float) -> dict[str, float]:
    """The time that decoding took elsewhere, where it would be had it taken it here."""
    total = round(timings_ms["total"] + decode_ms, 1)
    return {**timings_ms, "decode": decode_ms, "total": total}


def _record(service: Service, task: RecognitionTask) -> Callable[[Step], None]:
    def record(step: Step) -> None:
        task.cancellation.check()
        service.metrics.stage(step)
        task.log.step(step.name, step.ms, **step.facts)

    return record


def _error_of(error: Exception) -> VoxcorError:
    if isinstance(error, VoxcorError):
        return error
    if isinstance(error, Cancelled):
        # Whoever still listens is told by a server that stops.
        return NotReady(retry_after_s=1)
    logger.error("recognition failed", exc_info=error)
    return VoxcorError(reason="see the log of the server")


def _ending(task: RecognitionTask, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The results by their ids, and which channels have none, and why."""
    results = [document["id"] for document in documents if "id" in document]
    failures = [{"channel": n, **d} for n, d in enumerate(documents) if "id" not in d]
    return {"id": task.id, "results": results, "failures": failures}
