"""Results and jobs of the server on their way into the library."""

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

from voxcor.cancellation import Cancellation, cancellable
from voxcor.errors import StorageError, VoxcorError
from voxcor.exports.content import RESULT_FILE
from voxcor.library.batches import add_batch
from voxcor.library.incoming import add_result
from voxcor.library.result_rows import Added
from voxcor.models.cards import Precision
from voxcor.models.store import name_of
from voxcor.recognizer import Recognizer
from voxcor.results import Failure, ModelInfo
from voxcor.server.jobs.runner import JobRunner
from voxcor.server.library.documents import Addition
from voxcor.server.library.forms import AdditionForm
from voxcor.server.service import Service


def take_in(
    service: Service, runner: JobRunner, form: AdditionForm, cancellation: Cancellation
) -> list[dict[str, Any]]:
    """Takes everything in that is there; not on the event loop.

    Returns:
        an `Addition` for each recording.

    Raises:
        StorageError, LibraryError, ExtraMissing: of the library itself.
        Cancelled: nobody waits for it any longer; what is in stays.
    """
    library, recognizer = service.library, partial(_recognizer, service)
    outcomes = []
    with cancellable(cancellation):
        for result_id in form.result_ids:
            cancellation.check()
            try:
                file = service.results.file(result_id, RESULT_FILE)
                outcome: Added | Failure = add_result(
                    library, file, speaker=form.speaker, recognizer=recognizer
                )
            except StorageError:
                raise
            except VoxcorError as error:
                outcome = Failure.of(error, result_id)
            outcomes.append(_addition(outcome, result_id=result_id))
        for job_id in form.job_ids:
            for outcome in _of_job(service, runner, job_id, form.speaker):
                cancellation.check()
                outcomes.append(_addition(outcome, job_id=job_id))
    if any(outcome["segments"] for outcome in outcomes):
        library.compact()
    return outcomes


def model_name(model: ModelInfo) -> str:
    """The name under which a model is installed."""
    return name_of(model.id, cast(Precision, model.precision))


def _recognizer(service: Service, model: ModelInfo) -> Recognizer:
    return service.recognizers.get(model_name(model))


def _of_job(
    service: Service, runner: JobRunner, job_id: str, speaker: str | None
) -> Iterator[Added | Failure]:
    try:
        folder = runner.store.folder(job_id)
        yield from add_batch(
            service.library,
            folder,
            speaker=speaker,
            recognizer=partial(_recognizer, service),
            decoders=service.decoders,
        )
    except StorageError:
        raise
    except VoxcorError as error:
        yield Failure.of(error, job_id)


def _addition(outcome: Added | Failure, **origin: str) -> dict[str, Any]:
    document = dict.fromkeys(Addition.model_fields) | {"segments": 0} | origin
    if isinstance(outcome, Failure):
        failure = {"code": outcome.code, "message": outcome.message}
        return document | {"name": outcome.path, "failure": failure}
    added = {"name": outcome.name, "recording": outcome.recording, "segments": outcome.segments}
    return document | added
