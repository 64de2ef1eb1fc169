"""`/v1/results/{id}/waveform`: an outline of the audio; no browser should decode an hour of it."""

import asyncio
import wave
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi import Path as InPath
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from voxcor.frames import HOP, HOP_MS
from voxcor.server.http.downloads import downloads_of
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

router = APIRouter(prefix="/v1/results", tags=["results"])

# More than a screen shows at any zoom, in less than a megabyte: 20 ms up to an hour and more.
MOST_PEAKS = 200_000

_BLOCK_PEAKS = 512


class Waveform(BaseModel):
    """`peaks`: the largest absolute sample of each `hop_ms`, of 127 at full scale."""

    start_ms: int = Field(
        description="Where it begins in the original recording. · 在原始录音中的起点。"
    )
    hop_ms: int
    peaks: list[int]


@router.get(
    "/{result_id}/waveform",
    summary="The outline of processed_audio.wav · 波形轮廓",
    responses={200: {"model": Waveform}, **problems(404, 429)},
)
async def get_waveform(
    request: Request,
    result_id: Annotated[
        str, InPath(description="As POST /v1/recognize gave it. · 识别返回的 id。")
    ],
) -> Response:
    """What a player draws before, and instead of, decoding the audio.
    · 供播放器在解码音频之前（或无需解码时）绘制波形。
    """
    results = service_of(request).results

    def outline() -> Response:
        path = results.file(result_id, "processed_audio.wav")
        start_ms = results.document(result_id)["preprocessing"]["trimmed_start_ms"]
        hop, peaks = peaks_of(path)
        document = {"start_ms": start_ms, "hop_ms": hop // HOP * HOP_MS, "peaks": peaks}
        # A megabyte of numbers is written out here, not on the event loop.
        return JSONResponse(document, headers={"Cache-Control": "private, max-age=3600"})

    with downloads_of(request).slot():
        return await asyncio.to_thread(outline)


def peaks_of(path: Path) -> tuple[int, list[int]]:
    """The outline of a 16-bit mono WAV: samples to a peak, a multiple of the frame hop, and peaks.

    Read block by block: hours need no more memory than seconds.
    """
    peaks: list[int] = []
    with wave.open(str(path), "rb") as file:
        hop = HOP * max(1, -(-file.getnframes() // (HOP * MOST_PEAKS)))
        while data := file.readframes(hop * _BLOCK_PEAKS):
            samples = np.abs(np.frombuffer(data, "<i2").astype(np.int32))
            samples = np.pad(samples, (0, -len(samples) % hop))
            peaks += (samples.reshape(-1, hop).max(axis=1) // 258).tolist()
    return hop, peaks
