"""The Python client of `voxcor serve`: the same calls and results as `Recognizer`, over HTTP.

    with Client("http://127.0.0.1:7860") as client:
        for result in client.recognize_many(Path("calls").glob("*.wav")):
            print(result.audio.name, result.emotion, result.confidence)

It needs no more than the base install.
"""

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self, Unpack

from voxcor.client.connection import Connection, opened, retry_while_full
from voxcor.client.jobs import Job
from voxcor.client.library.library import LibraryClient
from voxcor.corrections import Correction, Corrections
from voxcor.errors import ServerError, ServerUnreachable, VoxcorError, error_from
from voxcor.options import Channels, Choices
from voxcor.result_folder import utf8
from voxcor.results import Failure, to_wire
from voxcor.stored_result import StoredResult, frames_from, record_from, result_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voxcor.exports import Format
    from voxcor.speaker_turns import Turn

    Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[NDArray[Any], int]
    Speakers = str | os.PathLike[str] | Sequence[Turn]


class _ModelOptions(Choices, total=False):
    model: str | None


class RecognizeOptions(_ModelOptions, total=False):
    """The options of a request, as those of `Recognizer.recognize`, and two of a server's.

    `model` is an id of `Client.models`, or `auto`; without it the server decides. `keep_audio` has
    the server keep the recording as it came.
    """

    keep_audio: bool


class JobOptions(_ModelOptions, total=False):
    """The options of a job. With `channels` `separate` each channel has a result of its own."""

    channels: Channels


class Client:
    """A connection to a server; safe to share among threads. Close it, or use it in `with`.

    Args:
        url: where the server is, with its sub-path behind a proxy.
        api_key: what it was started with as VOXCOR_API_KEY.

    Raises:
        UsageError: the URL is none.

    Errors are those of `voxcor.errors`, by the server's code: `NoSpeech`, `NotAudio`, `QueueFull`,
    `Unauthorized` and so on; `ServerUnreachable` where nothing answers, `ServerError` where what
    answers is no Voxcor.
    """

    def __init__(self, url: str = "http://127.0.0.1:7860", *, api_key: str | None = None) -> None:
        self._connection = Connection(url, api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def library(self) -> LibraryClient:
        """The library of the server."""
        return LibraryClient(self._connection)

    def is_ready(self) -> bool:
        """Whether the server has loaded its model and takes requests."""
        try:
            self._connection.request("GET", "/readyz")
        except VoxcorError:
            return False
        return True

    def recognize(
        self,
        source: "Source",
        *,
        name: str | None = None,
        speakers: "Speakers | None" = None,
        **options: Unpack[RecognizeOptions],
    ) -> StoredResult:
        """The emotion of one recording; waits for a place where the server's queue is full.

        Args:
            source: as for `Recognizer.recognize`.
            name: what errors and the result call it; by default its file name.
            speakers: who speaks when: the path of an RTTM file or a CSV, or turns.
            **options: see `RecognizeOptions`.

        Raises:
            InputError, ModelError, RequestError, ServerError: see `voxcor.errors`.
        """
        return self._result_of(self._recognize(source, name, _fields(options, speakers)))

    def recognize_channels(
        self,
        source: "Source",
        *,
        name: str | None = None,
        speakers: "Speakers | None" = None,
        **options: Unpack[RecognizeOptions],
    ) -> list[StoredResult | Failure]:
        """One result for each channel, the two legs of a call; arguments as `recognize`.

        A channel that cannot be used gives a `Failure` in its place, unless that is true of all.
        """
        fields = {**_fields(options, speakers), "channels": "separate"}
        answer = self._recognize(source, name, fields)
        shown = name or _name_of(source)
        return [
            self._result_of(document)
            if "emotion" in document
            else Failure(shown, document["code"], document["message"], channel)
            for channel, document in enumerate(answer["results"])
        ]

    def recognize_many(
        self,
        sources: "Iterable[Source]",
        *,
        speakers: "Speakers | None" = None,
        workers: int = 4,
        **options: Unpack[RecognizeOptions],
    ) -> Iterator[StoredResult | Failure]:
        """One result for each recording, in order; `workers` are on their way at the same time.

        A recording without a result gives a `Failure` in its place and costs no other its result.
        """
        from concurrent.futures import Future, ThreadPoolExecutor

        fields = _fields(options, speakers)

        def outcome_of(source: "Source") -> StoredResult | Failure:
            try:
                return self._result_of(self._recognize(source, None, fields))
            except (ServerUnreachable, ServerError):
                raise
            except VoxcorError as error:
                return Failure.of(error, _name_of(source))

        waiting: list[Future[StoredResult | Failure]] = []
        with ThreadPoolExecutor(workers, "voxcor-client") as threads:
            try:
                for source in sources:
                    waiting.append(threads.submit(outcome_of, source))
                    # Enough to keep all at work, without holding results nobody has asked for.
                    if len(waiting) > 2 * workers:
                        yield waiting.pop(0).result()
                while waiting:
                    yield waiting.pop(0).result()
            finally:
                threads.shutdown(cancel_futures=True)

    def submit(self, paths: Iterable[str | os.PathLike[str]], **options: Unpack[JobOptions]) -> Job:
        """Sends recordings as one job, which the server works through without this program.

        Args:
            paths: recordings; results have their file names.
            **options: see `JobOptions`.

        Raises:
            InputNotFound, InputUnreadable: a path leads to no file; nothing is sent.
            RequestError, ServerError: see `voxcor.errors`.
        """
        answer = self._connection.send_files("/v1/jobs", paths, _fields(options))
        return Job(str(answer["id"]), self._connection)

    def job(self, job_id: str) -> Job:
        """A job that was submitted before.

        Raises:
            NoSuchJob: the server has none of this id.
        """
        self._connection.request("GET", f"/v1/jobs/{job_id}")
        return Job(job_id, self._connection)

    def results(self) -> Iterator[StoredResult]:
        """What the server keeps, the newest first; without curves and embeddings."""
        before: str | None = None
        while True:
            page = self._connection.request(
                "GET", "/v1/results", params={"before": before} if before else None
            )
            for document in page["results"]:
                yield result_from(document)
            before = page["next"]
            if before is None:
                return

    def result(self, result_id: str) -> StoredResult:
        """One of them, with its curve and embedding where it has them."""
        return self._result_of(self._connection.request("GET", f"/v1/results/{result_id}"))

    def events(self, result_id: str) -> Iterator[dict[str, Any]]:
        """The processing log, as it is written; each event has its name in `event`."""
        for event in self._connection.events(f"/v1/results/{result_id}/events"):
            yield {"event": event.event, **json.loads(event.data)}

    def download(self, result_id: str, folder: Path) -> Path:
        """Saves the result folder below `folder`; its path."""
        import zipfile

        archive = zipfile.ZipFile(io.BytesIO(self._file(result_id, "archive.zip")))
        archive.extractall(folder)
        return folder / archive.namelist()[0].partition("/")[0]

    def export(self, result_id: str, kind: "Format") -> bytes:
        """A result in another tool's format, one of `voxcor.exports.FORMATS`.

        Raises:
            NoSuchResult, MalformedRequest: there is no such result or format.
        """
        return self._connection.content(f"/v1/results/{result_id}/export/{kind}")

    def corrections(self, result_id: str) -> Corrections:
        """What people have put right of a result; see `voxcor.corrections`."""
        answer = self._connection.request("GET", f"/v1/results/{result_id}/corrections")
        return _corrections_of(answer)

    def correct(
        self, result_id: str, wanted: Sequence[Correction], based_on: str = ""
    ) -> Corrections:
        """Puts labels right: all corrections of a result; none withdraws them.

        Args:
            result_id: of the result.
            wanted: what there is to be; what is left out is withdrawn.
            based_on: the `revision` of the corrections that `wanted` was made from.

        Raises:
            CorrectionsInvalid: they do not fit the result.
            CorrectionsChanged: somebody else has changed them since; nothing is saved.
        """
        document = {"revision": based_on, "corrections": to_wire(tuple(wanted))}
        path = f"/v1/results/{result_id}/corrections"
        return _corrections_of(self._connection.request("PUT", path, json=document))

    def training_list(self, kind: Literal["csv", "jsonl"] = "csv") -> bytes:
        """All corrections of all results, as `voxcor train` and `voxcor evaluate` read them.

        The paths in it are the server's.
        """
        return self._connection.content(f"/v1/corrections?format={kind}")

    def delete(self, result_id: str) -> None:
        """Every trace of a result and its recording, on the server."""
        self._connection.request("DELETE", f"/v1/results/{result_id}")

    def models(self) -> list[dict[str, Any]]:
        """What is installed and what could be: the rows of GET /v1/models."""
        models: list[dict[str, Any]] = self._connection.request("GET", "/v1/models")["models"]
        return models

    def pull(
        self,
        model: str,
        *,
        hub: str | None = None,
        precision: str = "fp32",
        progress: Callable[[str, float], None] = lambda _stage, _share: None,
    ) -> None:
        """Has the server download and install a model, and waits for it.

        Args:
            model: an id of `models`.
            hub: `modelscope` or `huggingface`; None for the one near your language.
            precision: `fp32` or `int8`.
            progress: is told the stage of work and the share of it that is done.
        """
        query = {"precision": precision, **({"hub": hub} if hub else {})}
        begun = self._connection.request("POST", f"/v1/models/{model}/pull", params=query)
        for event in self._connection.events(f"/v1/models/{begun['id']}/events"):
            data = json.loads(event.data)
            if event.event == "step":
                progress(data["step"], data["facts"]["share"])
            elif event.event == "failed":
                raise error_from(data) or ServerError(
                    url=self._connection.url, reason=data["message"]
                )

    def _recognize(
        self, source: "Source", name: str | None, fields: Mapping[str, str]
    ) -> dict[str, Any]:
        content = source if isinstance(source, (str, os.PathLike)) else _bytes_of(source)

        def send() -> dict[str, Any]:
            with opened(content) as file:
                files = {"file": (name or _name_of(source), file)}
                answer: dict[str, Any] = self._connection.request(
                    "POST", "/v1/recognize", data=dict(fields), files=files
                )
                return answer

        return retry_while_full(send)

    def _file(self, result_id: str, name: str) -> bytes:
        return self._connection.content(f"/v1/results/{result_id}/files/{name}")

    def _result_of(self, document: Mapping[str, Any]) -> StoredResult:
        """With the arrays that lie beside the document."""
        import numpy as np

        frames = embedding = None
        if "frames.csv" in document["files"]:
            frames = frames_from(self._file(document["id"], "frames.csv").decode(), document)
        if "embedding.npy" in document["files"]:
            content = io.BytesIO(self._file(document["id"], "embedding.npy"))
            embedding = np.load(content, allow_pickle=False)
        return result_from(document, frames, embedding)


def _corrections_of(answer: Mapping[str, Any]) -> Corrections:
    return Corrections(tuple(record_from(Correction, each) for each in answer["corrections"]))


def _fields(options: _ModelOptions, speakers: "Speakers | None" = None) -> dict[str, str]:
    """The options as the fields of the form; where one is None, the server decides."""
    fields = {
        name: value
        if isinstance(value, str)
        else ",".join(value)
        if isinstance(value, Sequence)
        else json.dumps(value)
        for name, value in options.items()
        if value is not None
    }
    if speakers is not None:
        from voxcor.speaker_turns import text_of

        fields["speakers"] = utf8(text_of(speakers))
    return fields


def _name_of(source: "Source") -> str:
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    if isinstance(source, bytes):
        return "<bytes>"
    if isinstance(source, tuple):
        return "<array>"
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else "<file>"


def _bytes_of(source: "bytes | BinaryIO | tuple[NDArray[Any], int]") -> bytes:
    if isinstance(source, bytes):
        return source
    if not isinstance(source, tuple):
        return source.read()
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, *source, format="WAV", subtype="FLOAT")
    return file.getvalue()
