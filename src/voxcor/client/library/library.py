"""The library of a server, by the names of `voxcor.library`.

It is asked as the library of this machine is:

    with Client("http://127.0.0.1:7860") as client:
        client.library.add([client.recognize("call.wav")])
        for hit in client.library.search("furious but controlled").hits:
            print(hit.similarity, hit.segment.id, hit.segment.speaker)
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from voxcor.client.library.answers import (
    LibraryMap,
    answer_from,
    map_from,
    segment_from,
    trajectory_from,
)
from voxcor.client.library.judging import JudgingClient
from voxcor.client.library.questions import (
    PAGE,
    find,
    given,
    id_of,
    of_segments,
    post,
    wait_for,
    which,
)
from voxcor.results import Failure, milliseconds
from voxcor.stored_result import StoredResult, record_from

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.listing import LibraryRecording
    from voxcor.library.query import Mixture, Region
    from voxcor.library.result_rows import Added
    from voxcor.library.search import Answer
    from voxcor.library.segments import LibrarySegment
    from voxcor.library.trajectory import Dimension, Trajectory


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
        options = which(model, filters, limit=limit)
        return answer_from(find(self._connection, query, options))

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
        asked = which(
            model,
            filters,
            limit=limit,
            result_id=id_of(result),
            start_ms=None if start is None else milliseconds(start),
            end_ms=None if end is None else milliseconds(end),
        )
        return answer_from(post(self._connection, "search", asked))

    def add(
        self,
        results: Iterable[StoredResult | str] = (),
        *,
        jobs: Iterable[str] = (),
        speaker: str | None = None,
    ) -> "list[Added | Failure]":
        """Takes results and jobs of the server in, by their ids; what is there is passed by.

        Args:
            results: a result without vectors is recognised again from its sound.
            jobs: their ids; without `embedding`, their recordings are, where they are still there.
            speaker: who speaks, where nothing says so more closely.

        Returns:
            what is in now, or why a recording is not.
        """
        from voxcor.library.result_rows import Added

        asked = given(result_ids=[*map(id_of, results)], job_ids=[*jobs], speaker=speaker)
        answer = post(self._connection, "recordings", asked)
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
            query = given(limit=PAGE, offset=offset, speaker=speaker, model=model)
            page = self._connection.request("GET", "/v1/library/recordings", params=query)
            for document in page["recordings"]:
                yield record_from(
                    LibraryRecording, {**document, "duration": document["duration_ms"] / 1000}
                )
            offset, total = offset + PAGE, page["total"]

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
        return self._of("POST", "segments", "ids", ids)

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
        return self._of("PUT", "labels", "segments", segments, label=label, annotator=annotator)

    def take_back(
        self, segments: "Iterable[LibrarySegment | str]", annotator: str | None = None
    ) -> "list[LibrarySegment]":
        """Withdraws what somebody says of segments, or their ids; the segments as they are now.

        Raises:
            NotInLibrary: one is not there.
        """
        return self._of("DELETE", "labels", "segments", segments, annotator=annotator)

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
        asked = which(model, filters, by_speaker=by_speaker)
        return map_from(wait_for(self._connection, "map", asked, progress))

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
        asked = which(model, filters, smallest=smallest, by_speaker=by_speaker)
        return wait_for(self._connection, "clusters", asked, progress)

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
        asked = which(model, filters, dimension=dimension)
        return trajectory_from(wait_for(self._connection, "trajectory", asked))

    def trajectories(
        self,
        dimension: "Dimension" = "valence",
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
    ) -> "list[Trajectory]":
        """That within each recording, as `voxcor.library.trajectory.follow_each`."""
        asked = which(model, filters, dimension=dimension, each=True)
        found = wait_for(self._connection, "trajectory", asked)
        return [*map(trajectory_from, found["each"])]

    def compare_groups(
        self,
        first: str,
        second: str,
        dimension: "Dimension" = "valence",
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
    ) -> dict[str, Any]:
        """Two groups of recordings beside each other, as `voxcor.library.groups`.

        Args:
            first: a speaker, or a span of time as `2026-01-01..2026-03-01`; one end may be open.
            second: the same.
            dimension: which.
            model: as of `search`.
            filters: what both must meet.

        Returns:
            `compared` in the answer of POST /v1/library/trajectory.

        Raises:
            QueryInvalid: what names a group is no date.
            NotInLibrary: there is nothing to compare.
        """
        asked = which(model, filters, dimension=dimension, compare=[first, second])
        compared: dict[str, Any] = wait_for(self._connection, "trajectory", asked)["compared"]
        return compared

    def trajectory_page(
        self,
        dimension: "Dimension" = "valence",
        *,
        compare: tuple[str, str] | None = None,
        model: str | None = None,
        filters: "Filters | None" = None,
    ) -> bytes:
        """As `trajectory`, with `compare` also as `compare_groups`, as a page to hand on."""
        asked = which(model, filters, dimension=dimension, compare=compare, format="html")
        return self._connection.computed("/v1/library/trajectory", asked)

    def _of(self, *asked: Any, **said: Any) -> "list[LibrarySegment]":
        return [*map(segment_from, of_segments(self._connection, *asked, **said))]
