"""The library of a server, by the names of `voxcor.library`.

with Client("http://127.0.0.1:7860") as client:
client.library.add([client.recognize("call.wav")])
for hit in client.library.search("furious but controlled").hits:
print(hit.similarity, hit.segment.id, hit.segment.speaker)
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from voxcor.client.connection import opened, retry_while_full
from voxcor.client.library_answers import answer_from, segment_from, trajectory_from
from voxcor.client.library_judging import JudgingClient
from voxcor.results import Failure, milliseconds
from voxcor.sources import is_file
from voxcor.stored_result import StoredResult, record_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voxcor.library.filters import Filters
    from voxcor.library.incoming import Added
    from voxcor.library.listing import LibraryRecording
    from voxcor.library.query import Mixture, Region
    from voxcor.library.search import Answer
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.trajectory import Dimension, Trajectory

_PAGE = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """Segments by their `ids` and where they lie, `places` `[S, 2]`, -1..1.

    Of each its emotion, a person's word before the model's, and who speaks, where that is known.
    """

    ids: tuple[str, ...]
    places: "NDArray[Any]"
    emotions: tuple[str, ...]
    speakers: tuple[str | None, ...]


class LibraryClient(JudgingClient):
    """The library of a server; `Client.library`.

    Every method raises what the engine does, by the server's code: `LibraryEmpty`, `NotInLibrary`,
    `QueryInvalid` and so on; `ExtraMissing` where the server has no library.
    """

    def about(self) -> dict[str, Any]:
        """What it has: the answer of GET /v1/library; also where the server has no library."""
        document: dict[str, Any] = self._connection.request("GET", "/v1/library")
        return document

    def search(
        self,
        query: "str | os.PathLike[str] | bytes | Mixture | Region",
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
        limit: int = 10,
    ) -> "Answer":
        """The segments nearest to what is asked for, as `voxcor.library.search`.

        Args:
            query: words, a mixture, or a segment by its id; the path of a recording of this
                machine, or its bytes, which are sent as a clip.
            model: whose segments; None for the model that heard the most.
            filters: what every hit must meet; `folder` is the server's.
            limit: how many at the most, up to 200.

        Raises:
            LibraryError, InputError, RequestError, ServerError: see `voxcor.errors`.
        """
        from voxcor.library.query import Mixture, Region

        options = _given(model=model, limit=limit, filters=_filters(filters))
        if isinstance(query, bytes | os.PathLike) or (isinstance(query, str) and is_file(query)):
            return self._search_by_clip(query, options)
        if isinstance(query, Mixture):
            asked: Mapping[str, Any] = {
                "mixture": {
                    "shares": dict(query.shares),
                    "arousal": query.arousal,
                    "valence": query.valence,
                }
            }
        elif isinstance(query, Region):
            asked = {"query": _named(query)}
        else:
            asked = {"query": query}
        return self._search({**asked, **options})

    def similar(
        self,
        result: StoredResult | str,
        start: float | None = None,
        end: float | None = None,
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
        limit: int = 10,
    ) -> "Answer":
        """The segments nearest to a region of a result of the server, or its id.

        Args:
            result: which; it need not be in the library.
            start: of the region, in seconds; None for where the model began to hear.
            end: of the region.
            model: as of `search`.
            filters: as of `search`.
            limit: as of `search`.
        """
        region = _given(
            start_ms=None if start is None else milliseconds(start),
            end_ms=None if end is None else milliseconds(end),
        )
        options = _given(model=model, limit=limit, filters=_filters(filters))
        return self._search({"result_id": _id_of(result), **region, **options})

    def add(
        self,
        results: Iterable[StoredResult | str] = (),
        *,
        jobs: Iterable[str] = (),
        speaker: str | None = None,
    ) -> "list[Added | Failure]":
        """Takes results and jobs of the server in, by their ids; what is there is passed by.

        Args:
            results: a result without vectors is recognised again.
            jobs: ids of jobs that were made with `embedding`.
            speaker: who speaks, where nothing says so more closely.

        Returns:
            what is in now, or why a recording is not.
        """
        from voxcor.library.incoming import Added

        ids = {"result_ids": [*map(_id_of, results)], "job_ids": [*jobs]}
        document = {**ids, **_given(speaker=speaker)}
        answer = retry_while_full(
            lambda: self._connection.request("POST", "/v1/library/recordings", json=document)
        )
        return [
            Failure(one["name"], **one["failure"])
            if one["failure"]
            else Added(one["name"], one["recording"], one["segments"])
            for one in answer["outcomes"]
        ]

    def recordings(
        self, *, speaker: str | None = None, model: str | None = None
    ) -> "Iterator[LibraryRecording]":
        """The recordings, the latest first; with `speaker`, what is said of them is of theirs."""
        from voxcor.library.listing import LibraryRecording

        offset, total = 0, 1
        while offset < total:
            query = _given(limit=_PAGE, offset=offset, speaker=speaker, model=model)
            page = self._connection.request("GET", "/v1/library/recordings", params=query)
            for document in page["recordings"]:
                yield record_from(
                    LibraryRecording, {**document, "duration": document["duration_ms"] / 1000}
                )
            offset, total = offset + _PAGE, page["total"]

    def remove(self, recording: str) -> int:
        """Deletes a recording for good, with its vectors, of all models; how many segments it had.

        Raises:
            NotInLibrary: there is none.
        """
        answer = self._connection.request("DELETE", f"/v1/library/recordings/{recording}")
        return int(answer["segments"])

    def segment(self, segment_id: str) -> "LibrarySegment":
        """A segment by its id.

        Raises:
            NotInLibrary: there is none.
        """
        return segment_from(self._connection.request("GET", f"/v1/library/segments/{segment_id}"))

    def segments(self, ids: "Iterable[LibrarySegment | str]") -> "list[LibrarySegment]":
        """Segments by their ids, in that order, as they are now.

        Raises:
            NotInLibrary: one is not there.
        """
        return self._segments("POST", "segments", "ids", ids)

    def label(
        self,
        segments: "Iterable[LibrarySegment | str]",
        label: str | None,
        annotator: str | None = None,
    ) -> "list[LibrarySegment]":
        """Keeps what somebody says of segments, in the place of what they said before.

        Args:
            segments: which, or their ids; a thousand at a time go in whole or not at all.
            label: in any of its names; None where the model's is wrong and none is named.
            annotator: who says so.

        Returns:
            the segments as they are now.

        Raises:
            LabelInvalid: it is none.
            NotInLibrary: one is not there.
        """
        return self._segments(
            "PUT", "labels", "segments", segments, label=label, annotator=annotator
        )

    def take_back(
        self, segments: "Iterable[LibrarySegment | str]", annotator: str | None = None
    ) -> "list[LibrarySegment]":
        """Withdraws what somebody says of segments, or their ids; the segments as they are now.

        Raises:
            NotInLibrary: one is not there.
        """
        return self._segments("DELETE", "labels", "segments", segments, annotator=annotator)

    def labels(self, kind: Literal["csv", "jsonl"] = "csv") -> bytes:
        """What people say, as a list that `voxcor train` and `voxcor evaluate` read.

        The paths in it are the server's; segments that cannot be heard any more are left out.
        """
        return self._connection.content("/v1/library/labels", params={"format": kind})

    def audio(self, segment_id: str) -> bytes:
        """How a segment sounds: a WAV file, 16 kHz and mono.

        Raises:
            RecordingGone: its recording is no longer where it was.
        """
        return self._connection.content(f"/v1/library/segments/{segment_id}/audio")

    def export(self, ids: Sequence[str], kind: Literal["csv", "jsonl"] = "csv") -> bytes:
        """Segments as a list that `voxcor train`, `evaluate` and `library add` read.

        The paths in it are the server's; segments that cannot be heard any more are left out.
        """
        document = {"ids": [*ids], "format": kind}
        return self._connection.content("/v1/library/export", "POST", json=document)

    def map(
        self,
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
        by_speaker: bool = False,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> LibraryMap:
        """Lays segments out on a plane, as `voxcor.library.map`; waits for it.

        Args:
            model: as of `search`.
            filters: which segments; None for all.
            by_speaker: take away what each speaker's segments have in common.
            progress: is told about every second which share of the work is done.
        """
        import numpy as np

        asked = _given(model=model, filters=_filters(filters), by_speaker=by_speaker)
        answer = self._computed("map", asked, progress)
        labels, speakers = answer["labels"], [*answer["speakers"], None]
        return LibraryMap(
            ids=tuple(answer["ids"]),
            places=np.array([answer["x"], answer["y"]], np.float32).T,
            emotions=tuple(labels[place] for place in answer["emotion"]),
            speakers=tuple(speakers[place] for place in answer["speaker"]),
        )

    def clusters(
        self,
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
        smallest: int | None = None,
        by_speaker: bool = False,
        progress: Callable[[float], None] = lambda _share: None,
    ) -> dict[str, Any]:
        """Groups what sounds alike, as `voxcor.library.clusters`; waits for it.

        Args:
            model: as of `search`.
            filters: which segments; None for all.
            smallest: segments of the smallest cluster; None for a fiftieth, five at the least.
            by_speaker: take away what each speaker's segments have in common.
            progress: is told about every second which share of the work is done.

        Returns:
            the answer of POST /v1/library/clusters.
        """
        asked = _given(
            model=model, filters=_filters(filters), smallest=smallest, by_speaker=by_speaker
        )
        return self._computed("clusters", asked, progress)

    def trajectory(
        self,
        dimension: "Dimension" = "valence",
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
    ) -> "Trajectory":
        """The course of a dimension, as `voxcor.library.trajectory.follow`.

        Args:
            dimension: which.
            model: as of `search`.
            filters: which segments: of a `recording`, a `speaker`, a span of time.

        Raises:
            NotInLibrary: there are none.
        """
        asked = _given(model=model, filters=_filters(filters), dimension=dimension)
        found = self._computed("trajectory", asked, lambda _share: None)
        return trajectory_from(found)

    def _segments(
        self,
        method: str,
        path: str,
        named: str,
        segments: "Iterable[LibrarySegment | str]",
        **said: Any,
    ) -> "list[LibrarySegment]":
        """What a route answers of segments, as many of them at a time as it takes."""
        ids = [one if isinstance(one, str) else one.id for one in segments]
        found: list[LibrarySegment] = []
        for first in range(0, len(ids), _PAGE):
            asked = {named: ids[first : first + _PAGE], **said}
            answer = self._connection.request(method, f"/v1/library/{path}", json=asked)
            found += map(segment_from, answer["segments"])
        return found

    def _search(self, document: Mapping[str, Any]) -> "Answer":
        return answer_from(
            retry_while_full(
                lambda: self._connection.request("POST", "/v1/library/search", json=document)
            )
        )

    def _search_by_clip(
        self, content: "str | os.PathLike[str] | bytes", options: Mapping[str, Any]
    ) -> "Answer":
        name = "<bytes>" if isinstance(content, bytes) else Path(content).name
        data = {
            key: json.dumps(value) if isinstance(value, dict) else str(value)
            for key, value in options.items()
        }

        def send() -> dict[str, Any]:
            with opened(content) as file:
                answer: dict[str, Any] = self._connection.request(
                    "POST", "/v1/library/search", data=data, files={"file": (name, file)}
                )
                return answer

        return answer_from(retry_while_full(send))

    def _computed(
        self, kind: str, asked: Mapping[str, Any], progress: Callable[[float], None]
    ) -> dict[str, Any]:
        """What takes long: the server lets each question wait for a second."""
        while True:
            answer: dict[str, Any] = retry_while_full(
                lambda: self._connection.request("POST", f"/v1/library/{kind}", json=asked)
            )
            if answer.get("state") != "working":
                return answer
            progress(answer["progress"])


def _given(**fields: Any) -> dict[str, Any]:
    """Those that are not None: of the others the server decides."""
    return {name: value for name, value in fields.items() if value is not None}


def _filters(filters: "Filters | None") -> dict[str, Any] | None:
    return None if filters is None else filters.to_document()


def _id_of(result: StoredResult | str) -> str:
    return result if isinstance(result, str) else result.id


def _named(region: "Region") -> str:
    if region.start is None or region.end is None:
        return region.recording
    return f"{region.recording}@{region.start:.3f}-{region.end:.3f}"
