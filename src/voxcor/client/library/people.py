"""The people who are enrolled with a server, by the names of `voxcor.people` and `enrolment`."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from voxcor.client.connection import Connection
from voxcor.results import Failure, ModelInfo

if TYPE_CHECKING:
    from voxcor.library.enrolment import Enrolled
    from voxcor.library.filters import Filters
    from voxcor.library.segments import LibrarySegment


class PeopleClient:
    """Who is enrolled; `Client.library.people`. Their names are what `relative_to` takes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[dict[str, Any]]:
        """Everybody, by name: `people` of GET /v1/library/people."""
        people: list[dict[str, Any]] = self._connection.request("GET", "/v1/library/people")[
            "people"
        ]
        return people

    def enrol(
        self,
        name: str,
        paths: Iterable[str | os.PathLike[str]] | None = None,
        *,
        segments: "Iterable[LibrarySegment | str] | None" = None,
        recordings: Iterable[str] | None = None,
        filters: "Filters | None" = None,
        model: str | None = None,
    ) -> "Enrolled":
        """Keeps how a person sounds where only they speak, as usual.

        Args:
            name: the person's; without anything else, all that the speaker of this name says in the
                library.
            paths: recordings of this machine, which are sent, heard and not kept there. Those that
                cannot be used are the `failures` of the answer.
            segments: or segments of the library, or their ids.
            recordings: or the names of recordings there.
            filters: or what the segments meet.
            model: which hears the recordings, None for the server's; or which has heard the
                segments, None for the one with the most.

        Raises:
            InputNotFound, InputUnreadable: a path leads to no file; nothing is sent.
            NotInLibrary, LibraryEmpty, ModelNotInLibrary: there is no such thing.
            TooLittleSpeech, NoNeutral: nobody is enrolled by that.
        """
        if paths is not None:
            fields = {"person": name} | ({} if model is None else {"model": model})
            return _enrolled(self._connection.send_files("/v1/library/people", paths, fields))
        ids = None if segments is None else [getattr(one, "id", one) for one in segments]
        asked = {
            "person": name,
            "segments": ids,
            "recordings": None if recordings is None else [*recordings],
            "filters": None if filters is None else filters.to_document(),
            "model": model,
        }
        return _enrolled(self._connection.request("POST", "/v1/library/people", json=asked))

    def forget(self, name: str) -> None:
        """Deletes all that is kept of a person.

        Raises:
            NoSuchPerson: nobody of this name is enrolled.
        """
        self._connection.request("DELETE", "/v1/library/people", json={"person": name})


def _enrolled(found: Mapping[str, Any]) -> "Enrolled":
    from voxcor.library.enrolment import Enrolled
    from voxcor.people.baseline import Baseline

    figures = {key: found[key] for key in ("scores", "offsets", "utterances", "seconds")}
    baseline = Baseline(to=found["person"], **figures)
    failures = tuple(Failure(**failure) for failure in found["failures"])
    return Enrolled(baseline, ModelInfo(**found["model"]), found["new"], failures)
