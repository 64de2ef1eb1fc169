"""`/v1/results/{id}/export/{format}`: a result in the formats of other tools."""

import asyncio
from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from voxcor.exports import KINDS, Format, export_pieces, file_name
from voxcor.exports.content import read_content
from voxcor.server.http.downloads import Download, attachment, downloads_of
from voxcor.server.results.store import RESULT_FILE
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

router = APIRouter(prefix="/v1", tags=["results"])


class ExportFormat(BaseModel):
    """A format: its id, what people call it, and the end of its files' names."""

    id: Format
    en: str
    zh: str
    suffix: str


@router.get("/exports", summary="Formats to export to · 可导出的格式")
async def list_formats() -> list[ExportFormat]:
    """The same for every result, and for `voxcor export`.
    · 对所有结果和 `voxcor export` 均相同。
    """
    return [
        ExportFormat(id=kind, en=known.en, zh=known.zh, suffix=known.suffix)
        for kind, known in KINDS.items()
    ]


@router.get(
    "/results/{result_id}/export/{kind}",
    summary="A result in another tool's format · 以其他工具的格式导出",
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        **problems(404, 429, 500),
    },
    response_class=Response,
)
async def get_export(
    request: Request,
    result_id: Annotated[str, Path(description="As POST /v1/recognize gave it. · 识别返回的 id。")],
    kind: Annotated[Format, Path(description="One of GET /v1/exports. · 见 GET /v1/exports。")],
) -> Response:
    """Made when it is asked for, from the result's files; times are those of the recording.
    · 请求时由结果文件生成；时间相对于原始录音。
    """
    results = service_of(request).results

    def begin() -> tuple[bytes, Iterator[bytes], str]:
        content = read_content(results.file(result_id, RESULT_FILE))
        pieces = export_pieces(content, kind)
        # What cannot be exported is said before the answer begins.
        return next(pieces, b""), pieces, file_name(content, kind)

    with downloads_of(request).slot() as stack:
        first, pieces, name = await asyncio.to_thread(begin)
        whole = chain([first], pieces)
        return Download(stack.pop_all(), whole, KINDS[kind].media_type, attachment(name))
