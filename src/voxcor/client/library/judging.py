"""What a server's library says of recordings, models and people's labels beside each other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from voxcor.client.connection import Connection
from voxcor.client.library.people import PeopleClient
from voxcor.client.library.questions import wait_for, which
from voxcor.results import milliseconds
from voxcor.stored_result import StoredResult

if TYPE_CHECKING:
    from voxcor.library.filters import Filters
    from voxcor.library.label_errors import LabelErrors
    from voxcor.library.query import Region

    Recording = StoredResult | Region | str


class JudgingClient:
    """A part of `LibraryClient`, as which its methods are called; each waits for its answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def people(self) -> PeopleClient:
        """Who is enrolled."""
        return PeopleClient(self._connection)

    def compare_takes(
        self, first: "Recording", second: "Recording", *, model: str | None = None
    ) -> dict[str, Any]:
        """Two recordings on each other, as `voxcor.library.takes`.

        Args:
            first: a result of the server; or a recording of the library by its name, or a part.
            second: the same.
            model: whose segments of the library; None for the model that heard the most.

        Returns:
            the answer of POST /v1/library/compare.

        Raises:
            ModelsDiffer: two models heard them.
            NoSuchResult, NotInLibrary, LibraryEmpty, ModelNotInLibrary: there is no such thing.
        """
        return wait_for(self._connection, "compare", _takes(first, second, model))

    def takes_page(
        self, first: "Recording", second: "Recording", *, model: str | None = None
    ) -> bytes:
        """As `compare_takes`, as a page to hand on."""
        return self._as("html", "compare", _takes(first, second, model))

    def compare_models(self, first: str, second: str) -> dict[str, Any]:
        """Two models over all recordings that the library has of both.

        Args:
            first: a model of the library.
            second: the other.

        Returns:
            the answer of POST /v1/library/compare-models.

        Raises:
            ModelNotInLibrary, LibraryEmpty: nothing of one of them.
            NothingToCompare: no recording is there of both.
        """
        return wait_for(self._connection, "compare-models", {"models": [first, second]})

    def compare_jobs(self, first: str, second: str) -> dict[str, Any]:
        """Two models over the recordings that two jobs of the server share, by the jobs' ids.

        Raises:
            NoSuchJob: there is none of these.
            NothingToCompare: the jobs share no recording.
        """
        return wait_for(self._connection, "compare-models", {"job_ids": [first, second]})

    def models_page(self, first: str, second: str) -> bytes:
        """As `compare_models`, as a page to hand on."""
        return self._as("html", "compare-models", {"models": [first, second]})

    def label_errors(
        self, *, model: str | None = None, filters: "Filters | None" = None
    ) -> "LabelErrors":
        """Labels of people that are likely wrong, as `voxcor.library.label_errors`.

        Args:
            model: whose vectors are used; None for the model that heard the most.
            filters: which segments; None for all that have a label.

        Raises:
            LabelsTooFew: too little is labelled.
        """
        return _label_errors(wait_for(self._connection, "errors", which(model, filters)))

    def relabelling_list(
        self,
        kind: Literal["csv", "jsonl"] = "csv",
        *,
        model: str | None = None,
        filters: "Filters | None" = None,
    ) -> bytes:
        """As `label_errors`, as a list in which somebody puts `label` right.

        The paths in it are the server's; segments that cannot be heard any more are left out.
        """
        return self._as(kind, "errors", which(model, filters))

    def agreement(
        self, *, model: str | None = None, filters: "Filters | None" = None
    ) -> dict[str, Any]:
        """How well those who label agree, as `voxcor.evaluation.raters`.

        Args:
            model: whose segments; None for the model that heard the most.
            filters: which of them; None for all.

        Returns:
            the answer of POST /v1/library/agreement.

        Raises:
            LabelsTooFew: nothing is labelled by two people who say who they are.
        """
        return wait_for(self._connection, "agreement", which(model, filters))

    def _as(self, form: str, kind: str, asked: dict[str, Any]) -> bytes:
        return self._connection.computed(f"/v1/library/{kind}", {**asked, "format": form})


def _takes(first: "Recording", second: "Recording", model: str | None) -> dict[str, Any]:
    return {"first": _take(first), "second": _take(second), "model": model}


def _take(recording: "Recording") -> dict[str, Any]:
    if isinstance(recording, StoredResult):
        return {"result_id": recording.id}
    if isinstance(recording, str):
        return {"recording": recording}
    start, end = recording.start, recording.end
    return {
        "recording": recording.recording,
        "start_ms": None if start is None else milliseconds(start),
        "end_ms": None if end is None else milliseconds(end),
    }


def _label_errors(found: Mapping[str, Any]) -> "LabelErrors":
    from voxcor.library.label_errors import LabelError, LabelErrors

    return LabelErrors(
        errors=tuple(map(LabelError.from_document, found["errors"])),
        **{name: found[name] for name in ("judged", "right", "apart", "left_out")},
    )
