"""`/v1/library/segments`: single segments of the library, how they sound, and lists of them."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi import Path as InPath
from fastapi.responses import FileResponse

from voxcor.audio import Mono
from voxcor.audio.isolated import DecoderPool
from voxcor.cancellation import Cancellation
from voxcor.datasets.corrected import to_csv, to_jsonl
from voxcor.disk.array import Rows, part_of
from voxcor.disk.faults import storage_errors
from voxcor.errors import RecordingGone
from voxcor.frames import SAMPLE_RATE
from voxcor.library.export import ListedSegment, listed
from voxcor.library.listing import find_segment, find_segments, find_stretch
from voxcor.library.segments import LibrarySegment
from voxcor.library.sound import sound_of
from voxcor.result_folder import write_wav
from voxcor.server.folder_store import new_id
from voxcor.server.http.downloads import FileDownload, downloads_of
from voxcor.server.http.strict_json import SafeJSONResponse
from voxcor.server.library.documents import LabelledDocument, SegmentList, labelled_document
from voxcor.server.library.forms import ExportForm, LibraryModelName, SegmentsForm
from voxcor.server.library.labels import labels_of
from voxcor.server.schemas import problems
from voxcor.server.service import Service, service_of
from voxcor.server.training_lists import LEFT_OUT, LEFT_OUT_HEADER, list_answer, list_described

# Who listens to what was found hears one recording here and there, then the next.
MOST_DECODED = 2

# Whose bodies may have so much: the ids of a hundred thousand segments.
EXPORT_PATH = "/v1/library/export"
MOST_EXPORT_BYTES = 6_000_000


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    app.state.decoded = DecodedRecordings(service.decoders)
    yield


router = APIRouter(prefix="/v1/library", tags=["library"], lifespan=_lifespan)

SegmentId = Annotated[
    str,
    InPath(description="The `id` of a segment. · 语段的 `id`。", max_length=100),
]


class DecodedRecordings:
    """The recordings that were heard last, as models take them; shared by threads."""

    def __init__(self, decoders: DecoderPool) -> None:
        self._decoders = decoders
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, int | None], Mono[Rows]] = OrderedDict()

    def get(self, path: Path, channel: int | None, folder: Path) -> Mono[Rows]:
        """A recording, decoded in `folder` where it is not here.

        Raises:
            InputError: it cannot be used.
            RecordingGone: it has no such channel any more.
        """
        key = str(path), path.stat().st_mtime_ns, channel
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        separate = channel is not None
        tracks = self._decoders.decode(path, path.name, folder, Cancellation(), separate=separate)
        found = next((mono for mono in tracks if mono.channel == channel), None)
        if found is None:
            raise RecordingGone(name=path.name)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > MOST_DECODED:
                self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        """None of them stays."""
        with self._lock:
            self._kept.clear()


@router.get(
    "/segments/{segment}",
    summary="A segment · 一个语段",
    responses={200: {"model": LabelledDocument}, **problems(404, 500, 501)},
)
async def get_segment(
    request: Request, segment: SegmentId, model: LibraryModelName = None
) -> Response:
    """As the model with the most segments heard it, or another that is named.
    · 默认取语段最多的模型所识别的，也可指定模型。
    """
    library = service_of(request).library

    def document() -> dict[str, Any]:
        return labelled_document(find_segment(library, segment, model), labels_of(library))

    return SafeJSONResponse(await asyncio.to_thread(document))


@router.post(
    "/segments",
    summary="Several segments · 多个语段",
    responses={200: {"model": SegmentList}, **problems(404, 500, 501)},
)
async def get_segments(
    request: Request, form: SegmentsForm, model: LibraryModelName = None
) -> Response:
    """In the order of their ids. · 按 id 的顺序返回。"""
    library = service_of(request).library

    def documents() -> list[dict[str, Any]]:
        labels = labels_of(library)
        return [labelled_document(one, labels) for one in find_segments(library, form.ids, model)]

    return SafeJSONResponse({"segments": await asyncio.to_thread(documents)})


@router.get(
    "/segments/{segment}/audio",
    summary="How a segment sounds · 语段的声音",
    responses={
        200: {"content": {"audio/wav": {"schema": {"type": "string"}}}},
        206: {"description": "The part that Range asked for."},
        416: {"description": "There is no such part."},
        **problems(404, 410, 413, 415, 429, 500, 501, 507),
    },
    response_class=FileResponse,
)
async def get_segment_audio(request: Request, segment: SegmentId) -> Response:
    """A WAV, 16 kHz and mono; it answers to Range. Other times than those of a segment are a
    stretch of its recording, from its first segment to its last at most.
    · WAV，16 kHz 单声道，支持 Range。时间与语段不同则为该录音中的一段，不超出首个与末个语段。

    410 where the recording is no longer where it was: moved, or deleted with its result.
    · 录音已不在原处（被移走，或随结果一起删除）时返回 410。
    """
    service, decoded = service_of(request), request.app.state.decoded
    found = await asyncio.to_thread(find_stretch, service.library, segment)
    with downloads_of(request).slot() as slot:
        folder = slot.enter_context(service.results.workplace(new_id()))
        clip = await service.in_thread(lambda: _clip(decoded, found, folder))
        headers = {"Cache-Control": "private, max-age=3600"}
        return FileDownload(slot.pop_all(), clip, "audio/wav", headers)


@router.post(
    "/export",
    summary="Segments as a list · 导出语段清单",
    responses={**list_described(LEFT_OUT, LEFT_OUT_HEADER), **problems(404, 500, 501)},
    response_class=Response,
)
async def export_segments(
    request: Request, form: ExportForm, model: LibraryModelName = None
) -> Response:
    """What `voxcor train`, `voxcor evaluate` and `voxcor library add` read, on the machine of the
    server: a row for each segment, with `path`, `start` and `end` in seconds, `label`, `speaker`.
    · 供 `voxcor train`、`voxcor evaluate` 与 `voxcor library add` 在服务器本机读取：每个语段一行，
    含 `path`、以秒计的 `start` 与 `end`、`label`、`speaker`。
    """
    library = service_of(request).library

    def written() -> tuple[str, int]:
        rows = [*listed(find_segments(library, form.ids, model))]
        text = to_csv(rows, ListedSegment) if form.format == "csv" else to_jsonl(rows)
        return text, len(form.ids) - len(rows)

    text, left_out = await asyncio.to_thread(written)
    return list_answer(text, form.format, "segments", {LEFT_OUT: str(left_out)})


def _clip(decoded: DecodedRecordings, segment: LibrarySegment, folder: Path) -> Path:
    """A WAV of a segment, in `folder`."""
    path, offset = sound_of(segment)
    mono = decoded.get(path, None if segment.path is None else segment.channel, folder)
    first, last = (
        min(max(0, round((seconds - offset) * SAMPLE_RATE)), len(mono.samples))
        for seconds in (segment.start, segment.end)
    )
    if first == last:
        raise RecordingGone(name=segment.name)
    samples = part_of(mono.samples, first, last)
    clip = folder / "segment.wav"
    with storage_errors(folder, 2 * len(samples)):
        write_wav(clip, samples)
    return clip
