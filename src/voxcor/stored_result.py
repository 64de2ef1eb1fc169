"""A result as a server keeps it, read back from the files that `voxcor.result_folder` writes."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voxcor.results import (
    AudioInfo,
    Frames,
    ModelInfo,
    Preprocessing,
    Quality,
    Result,
    Segment,
    SpeakerSummary,
    Summary,
    Transition,
)

if TYPE_CHECKING:
    from voxcor.results import FloatArray


@dataclass(frozen=True, slots=True)
class StoredResult(Result):
    """A result the server keeps until it is deleted: its `id`, and the names of its `files`.

    Times are rounded to milliseconds, as they are on the wire. `processed` is None: it is the file
    processed_audio.wav.
    """

    id: str = ""
    files: tuple[str, ...] = ()


def frames_from(text: str) -> Frames:
    """The curve in the text of a frames.csv."""
    import numpy as np

    header, _, rows = text.partition("\n")
    table = np.loadtxt(io.StringIO(rows), delimiter=",", ndmin=2)
    labels = tuple(header.split(",")[1:])
    return Frames(table[:, 0] / 1000, table[:, 1:].astype(np.float32), labels)


def result_from(
    document: Mapping[str, Any],
    frames: Frames | None = None,
    embedding: "FloatArray | None" = None,
) -> StoredResult:
    """The document of `result.schema.json`, with `id` and `files`, as what it was made of."""
    audio, quality, summary = document["audio"], document["quality"], document["summary"]
    preprocessing = document["preprocessing"]
    return StoredResult(
        emotion=document["emotion"],
        confidence=document["confidence"],
        scores=document["scores"],
        granularity=document["granularity"],
        timestamp=document["timestamp"],
        model=ModelInfo(**document["model"]),
        audio=AudioInfo(
            name=audio["name"],
            duration=audio["duration_ms"] / 1000,
            sample_rate=audio["sample_rate"],
            channels=audio["channels"],
            sha256=audio["sha256"],
            channel=audio["channel"],
        ),
        preprocessing=Preprocessing(
            trim=preprocessing["trim"],
            trimmed_start=preprocessing["trimmed_start_ms"] / 1000,
            trimmed_end=preprocessing["trimmed_end_ms"] / 1000,
            gain_db=preprocessing["gain_db"],
        ),
        quality=Quality(
            snr_db=quality["snr_db"],
            clipping=quality["clipping"],
            bandwidth_hz=quality["bandwidth_hz"],
            speech=quality["speech_ms"] / 1000,
            warnings=tuple(quality["warnings"]),
        ),
        segments=tuple(
            Segment(
                start=segment["start_ms"] / 1000,
                end=segment["end_ms"] / 1000,
                emotion=segment["emotion"],
                confidence=segment["confidence"],
                scores=segment["scores"],
                speaker=segment["speaker"],
            )
            for segment in document["segments"]
        ),
        transitions=tuple(
            Transition(change["time_ms"] / 1000, change["before"], change["after"])
            for change in document["transitions"]
        ),
        summary=Summary(
            dominant=summary["dominant"],
            shares=summary["shares"],
            segments=summary["segments"],
            transitions=summary["transitions"],
            speakers={
                name: SpeakerSummary(
                    speech=speaker["speech_ms"] / 1000,
                    dominant=speaker["dominant"],
                    shares=speaker["shares"],
                )
                for name, speaker in summary["speakers"].items()
            },
        ),
        timings_ms=document["timings_ms"],
        notice=document["notice"],
        blend=tuple(document["blend"]) if document["blend"] else None,
        abstain_below=document["abstain_below"],
        frames=frames,
        embedding=embedding,
        id=document["id"],
        files=tuple(document["files"]),
    )
